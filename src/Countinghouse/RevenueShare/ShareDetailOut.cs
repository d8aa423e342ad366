using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>A part of what a record is made of.</summary>
public sealed record ShareLineOut
{
    /// <summary>From 1; frozen with the record.</summary>
    public required int LineNo { get; init; }

    /// <summary>EVENTS: charges of a month's events. ADJUSTMENT: a correction of them.</summary>
    public required string Kind { get; init; }

    /// <summary>The month whose events it is about.</summary>
    public required Period OriginMonth { get; init; }

    /// <summary>The campaign that promoted the retailer's offers.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The retailer's location that the offers are at.</summary>
    public required LocationId LocationId { get; init; }

    /// <summary>What advertisers were charged, in USD, rounded for people.</summary>
    public required WireDecimal Amount { get; init; }

    /// <summary>The same exactly, in millionths of a USD; these add up to the record.</summary>
    public required long AmountMicros { get; init; }
}

/// <summary>A change of a record's status.</summary>
public sealed record ShareTransitionOut
{
    /// <summary>From 1, in the order in which they happened.</summary>
    public required int Number { get; init; }

    /// <summary>Where it stood before; null: it was made.</summary>
    public RevenueShareStatusEnum? FromStatus { get; init; }

    /// <summary>Where it stood afterwards.</summary>
    public required RevenueShareStatusEnum ToStatus { get; init; }

    /// <summary>Who did it.</summary>
    public required string Actor { get; init; }

    /// <summary>Why, in the words of who did it; empty when none were asked for.</summary>
    public required string Reason { get; init; }

    /// <summary>When.</summary>
    public required Instant At { get; init; }
}
