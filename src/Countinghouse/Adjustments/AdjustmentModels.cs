using System.ComponentModel.DataAnnotations;
using Countinghouse.Primitives;

namespace Countinghouse.Adjustments;

/// <summary>An event to give back the charge of.</summary>
public sealed record EventCredit
{
    /// <summary>The event; one of the campaign's, and charged.</summary>
    public required EventId EventId { get; init; }

    /// <summary>Why; advertiser and retailer read it.</summary>
    [StringLength(500, MinimumLength = 1)]
    public required string Reason { get; init; }
}

/// <summary>A part of a campaign's charges over some days to give back.</summary>
public sealed record DaysCredit
{
    /// <summary>First day, UTC.</summary>
    public required UtcDay StartDate { get; init; }

    /// <summary>Last day, UTC; at most 92 days in all.</summary>
    public required UtcDay EndDate { get; init; }

    /// <summary>The part of what was charged and not given back yet, as a fraction: "1" is all of it.</summary>
    public required FeeRate Fraction { get; init; }

    /// <summary>Why; advertiser and retailers read it.</summary>
    [StringLength(500, MinimumLength = 1)]
    public required string Reason { get; init; }

    /// <summary>True: work out what it comes to, and write nothing.</summary>
    public bool DryRun { get; init; }
}

/// <summary>An amount to give back, or to take back of an earlier credit.</summary>
public sealed record AmountCorrection
{
    /// <summary>USD, at most two places: "-5.00" gives five dollars back, "5.00" takes as much back.</summary>
    public required Money Amount { get; init; }

    /// <summary>The day whose charges it is about, UTC.</summary>
    public required UtcDay Date { get; init; }

    /// <summary>The location at which they arose; null: events without an offer.</summary>
    public LocationId? LocationId { get; init; }

    /// <summary>Why; advertiser and retailer read it.</summary>
    [StringLength(500, MinimumLength = 1)]
    public required string Reason { get; init; }
}

/// <summary>A correction of what a campaign was charged. Never changed; mistakes are corrected by another.</summary>
public sealed record AdjustmentOut
{
    /// <summary>The adjustment.</summary>
    public required AdjustmentId AdjustmentId { get; init; }

    /// <summary>EVENT, DAYS or AMOUNT: what it goes by.</summary>
    public required string Kind { get; init; }

    /// <summary>The campaign.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The offer, when it is about one.</summary>
    public OfferId? OfferId { get; init; }

    /// <summary>The retailer whose share it lowers; null: the platform's own.</summary>
    public OrganizationId? RetailerId { get; init; }

    /// <summary>The location; null for events without an offer.</summary>
    public LocationId? LocationId { get; init; }

    /// <summary>The event, when it is about one.</summary>
    public EventId? EventId { get; init; }

    /// <summary>The day whose charges it corrects.</summary>
    public required UtcDay OriginDay { get; init; }

    /// <summary>The month whose books take it in.</summary>
    public required Period AppliedMonth { get; init; }

    /// <summary>USD, rounded for people; below zero: given back.</summary>
    public required WireDecimal Amount { get; init; }

    /// <summary>The same exactly, in millionths of a USD.</summary>
    public required long AmountMicros { get; init; }

    /// <summary>Why.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was made.</summary>
    public required Instant CreatedAt { get; init; }
}

/// <summary>What the trail keeps of adjustments that were made at once.</summary>
internal sealed record AdjustmentsMade(
    string Kind,
    int Count,
    WireDecimal Amount,
    long AmountMicros,
    string Reason,
    UtcDay FirstOriginDay,
    UtcDay LastOriginDay,
    LocationId? LocationId,
    EventId? EventId)
{
    public static AdjustmentsMade Of(string kind, string reason, List<Draft> drafts, Money sum)
    {
        var one = drafts is [var single] ? single : default;
        return new AdjustmentsMade(
            kind,
            drafts.Count,
            WireDecimal.From(sum),
            sum.Micros,
            reason,
            UtcDay.FromNumber(drafts.Min(draft => draft.OriginHour) / 100),
            UtcDay.FromNumber(drafts.Max(draft => draft.OriginHour) / 100),
            one.Location == default ? null : one.Location,
            one.Event);
    }
}

/// <summary>What was corrected, or would be.</summary>
public sealed record AdjustedOut
{
    /// <summary>Adjustments that were made: one for each day and offer.</summary>
    [Range(0, AdjustmentStore.AtOnceMax)]
    public required int Count { get; init; }

    /// <summary>What they come to, in USD, rounded for people.</summary>
    public required WireDecimal Amount { get; init; }

    /// <summary>The same exactly, in millionths of a USD.</summary>
    public required long AmountMicros { get; init; }

    /// <summary>True when nothing was written.</summary>
    public required bool DryRun { get; init; }
}
