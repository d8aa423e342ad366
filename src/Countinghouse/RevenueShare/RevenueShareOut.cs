using System.Text.Json.Serialization;
using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>Where a record stands. The wire spells it in upper case.</summary>
public enum RevenueShareStatusEnum
{
    /// <summary>Made by closing the month; waits for the operator.</summary>
    [JsonStringEnumMemberName("CALCULATED")]
    Calculated = 1,

    /// <summary>The operator agreed; waits for a payout.</summary>
    [JsonStringEnumMemberName("APPROVED")]
    Approved = 2,

    /// <summary>The money arrived.</summary>
    [JsonStringEnumMemberName("PAID")]
    Paid = 3,

    /// <summary>Somebody objected; waits for the operator.</summary>
    [JsonStringEnumMemberName("DISPUTED")]
    Disputed = 4,
}

/// <summary>What a retailer earned in one month. Amounts are USD and never change once the month is closed.</summary>
public record RevenueShareOut
{
    /// <summary>The record.</summary>
    public required ShareId Id { get; init; }

    /// <summary>First day of the month, UTC.</summary>
    public required UtcDay PeriodStart { get; init; }

    /// <summary>Last day of the month, UTC.</summary>
    public required UtcDay PeriodEnd { get; init; }

    /// <summary>What advertisers were charged for events at the retailer's locations, in whole cents.</summary>
    public required Cents GrossRevenue { get; init; }

    /// <summary>The platform's part, rounded down; of earlier months' corrections by those months' rates.</summary>
    public required Cents PlatformFee { get; init; }

    /// <summary>The retailer's part: gross_revenue less platform_fee.</summary>
    public required Cents RetailerShare { get; init; }

    /// <summary>The rate that applied in that month, as a fraction: "0.15" is 15 %.</summary>
    public required FeeRate PlatformFeeRate { get; init; }

    /// <summary>Where the record stands.</summary>
    public required RevenueShareStatusEnum Status { get; init; }

    /// <summary>When the money was paid out; null until then.</summary>
    public Instant? PaidAt { get; init; }

    /// <summary>Stripe's transfer that paid it; empty until then, and when it was paid another way.</summary>
    public string StripeTransferId { get; init; } = "";

    /// <summary>Notes kept with the record.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Rises when a dispute is settled; an approval names the revision it has seen.</summary>
    public required int Revision { get; init; }

    /// <summary>The payout that it is in, or was paid by; null until then.</summary>
    public PayoutId? PayoutId { get; init; }
}

/// <summary>What a retailer earned and was paid over all its records, in USD.</summary>
public sealed record RevenueShareSummaryOut
{
    /// <summary>The retailer.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The retailer's part of all closed months.</summary>
    public required Cents TotalEarned { get; init; }

    /// <summary>What has been paid out of it.</summary>
    public required Cents TotalPaid { get; init; }

    /// <summary>total_earned less total_paid.</summary>
    public required Cents PendingBalance { get; init; }

    /// <summary>The retailer's locations that are active.</summary>
    public required int ActiveLocations { get; init; }
}
