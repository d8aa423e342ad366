using System.Text.Json.Serialization;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>Where a month stands. The wire spells it in upper case.</summary>
public enum SettlementState
{
    /// <summary>Events are still booked in it.</summary>
    [JsonStringEnumMemberName("OPEN")]
    Open = 1,

    /// <summary>Fenced: no event comes in any more; being verified and settled.</summary>
    [JsonStringEnumMemberName("CLOSING")]
    Closing = 2,

    /// <summary>Final.</summary>
    [JsonStringEnumMemberName("CLOSED")]
    Closed = 3,
}

/// <summary>A month to close.</summary>
public sealed record CloseRequest
{
    /// <summary>The month; over for 72 hours, and the first that is still open.</summary>
    public required Period Period { get; init; }

    /// <summary>One retailer: its record is made, the month stays CLOSING. Null: all, and it is closed.</summary>
    public OrganizationId? OrganizationId { get; init; }

    /// <summary>True: work out what closing would make, and write nothing.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What the records of a month come to, in USD.</summary>
public sealed record SettlementRecordsOut
{
    /// <summary>Retailers with a record; those below one cent have none.</summary>
    public required long Count { get; init; }

    /// <summary>Gross of all records.</summary>
    public required Cents GrossRevenue { get; init; }

    /// <summary>The platform's part of it.</summary>
    public required Cents PlatformFee { get; init; }

    /// <summary>The retailers' part of it.</summary>
    public required Cents RetailerShare { get; init; }

    public static SettlementRecordsOut? From(SettlementTotals? totals) => totals is { } known
        ? new SettlementRecordsOut
        {
            Count = known.Records,
            GrossRevenue = known.Gross,
            PlatformFee = known.Fee,
            RetailerShare = known.Share,
        }
        : null;
}

/// <summary>One retailer's record in a month, in USD.</summary>
public sealed record SettlementRetailerOut
{
    /// <summary>The retailer.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Its record; in a dry run the id that it would have.</summary>
    public required ShareId ShareId { get; init; }

    /// <summary>What advertisers were charged for events at its locations.</summary>
    public required Cents GrossRevenue { get; init; }

    /// <summary>The platform's part.</summary>
    public required Cents PlatformFee { get; init; }

    /// <summary>The retailer's part.</summary>
    public required Cents RetailerShare { get; init; }

    /// <summary>The rate that applied, as a fraction.</summary>
    public required FeeRate PlatformFeeRate { get; init; }

    /// <summary>The retailer's name.</summary>
    public required string OrganizationName { get; init; }

    public static SettlementRetailerOut From(RetailerShare share) => new()
    {
        OrganizationId = share.Retailer,
        ShareId = share.Share,
        GrossRevenue = share.Gross,
        PlatformFee = share.Fee,
        RetailerShare = share.RetailerPart,
        PlatformFeeRate = share.Rate,
        OrganizationName = share.Name,
    };
}

/// <summary>A month of the platform that was closed or is being closed.</summary>
public sealed record SettlementListItem
{
    /// <summary>The month.</summary>
    public required Period Period { get; init; }

    /// <summary>Where it stands.</summary>
    public required SettlementState State { get; init; }

    /// <summary>When closing began.</summary>
    public Instant? StartedAt { get; init; }

    /// <summary>When it became final; null until then.</summary>
    public Instant? ClosedAt { get; init; }

    /// <summary>All events of the month, invalid ones included; null until it is final.</summary>
    public long? EventCount { get; init; }

    /// <summary>What advertisers were charged, in USD; null until it is final.</summary>
    public WireDecimal? Charge { get; init; }

    /// <summary>What the retailers' records come to; null until it is final.</summary>
    public SettlementRecordsOut? Records { get; init; }

    public static SettlementListItem From(Settlement settlement) => new()
    {
        Period = settlement.Period,
        State = settlement.State,
        StartedAt = settlement.StartedAt,
        ClosedAt = settlement.ClosedAt,
        EventCount = settlement.EventCount,
        Charge = settlement.Charge is { } charge ? WireDecimal.From(charge) : null,
        Records = SettlementRecordsOut.From(settlement.Totals),
    };
}

/// <summary>How closing a month ended, or what it would make.</summary>
public sealed record SettlementOut
{
    /// <summary>The month.</summary>
    public required Period Period { get; init; }

    /// <summary>Where it stands now; a dry run does not move it.</summary>
    public required SettlementState State { get; init; }

    /// <summary>True when nothing was written.</summary>
    public required bool DryRun { get; init; }

    /// <summary>When it became final; null in a dry run.</summary>
    public Instant? ClosedAt { get; init; }

    /// <summary>All events of the month, invalid ones included.</summary>
    public required long EventCount { get; init; }

    /// <summary>What advertisers were charged, in USD.</summary>
    public required WireDecimal Charge { get; init; }

    /// <summary>What the retailers' records come to.</summary>
    public required SettlementRecordsOut Records { get; init; }

    /// <summary>The records, one page of them, by retailer.</summary>
    public required Paged<SettlementRetailerOut> Retailers { get; init; }
}

/// <summary>Something that keeps a month from being closed.</summary>
public sealed record CloseBlockOut
{
    /// <summary>What it is.</summary>
    public required CloseBlock Code { get; init; }

    /// <summary>The same for people.</summary>
    public required string Detail { get; init; }
}

/// <summary>The month to close next, and what keeps it from being closed now.</summary>
public sealed record NextSettlementOut
{
    /// <summary>The first month that is still open; null while no event was recorded.</summary>
    public Period? Period { get; init; }

    /// <summary>Its first day, UTC.</summary>
    public UtcDay? FirstDay { get; init; }

    /// <summary>Its last day, UTC.</summary>
    public UtcDay? LastDay { get; init; }

    /// <summary>From when it can be closed: 72 hours after its end.</summary>
    public Instant? ClosableFrom { get; init; }

    /// <summary>True when nothing is known that would refuse to close it.</summary>
    public required bool IsClosable { get; init; }

    /// <summary>OPEN, or CLOSING when somebody began; closing goes on where that left off.</summary>
    public SettlementState? State { get; init; }

    /// <summary>
    /// What would refuse to close it now; only closing finds out whether its reports equal its events.
    /// </summary>
    public required IReadOnlyList<CloseBlockOut> Blocks { get; init; }

    public static NextSettlementOut From(NextSettlement next) => new()
    {
        Period = next.Period,
        FirstDay = next.Period?.FirstDay,
        LastDay = next.Period?.LastDay,
        ClosableFrom = next.Period is { } period ? RevenueShareRules.ClosesAt(period) : null,
        IsClosable = next.Blocks.Count == 0,
        State = next.State,
        Blocks = [.. next.Blocks.Select(block => new CloseBlockOut { Code = block, Detail = Detail(block, next) })],
    };

    private static string Detail(CloseBlock block, NextSettlement next) => block switch
    {
        CloseBlock.NoEvents => "No event was recorded yet; the month of the first one is the first to be closed.",
        CloseBlock.MonthNotOver or CloseBlock.WaitsForLateEvents => Problems.PeriodTooEarly(
            next.Period.ToString()!, RevenueShareRules.ClosesAt(next.Period!.Value).ToString()).Detail,
        CloseBlock.VerificationDifferent =>
            "The last verification found differences. Mend them, then verify again; closing refuses until then.",
    };
}
