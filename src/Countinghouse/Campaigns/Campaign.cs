using System.Text.Json.Serialization;
using Countinghouse.Primitives;

namespace Countinghouse.Campaigns;

/// <summary>Where a campaign is in its life.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<CampaignStatusEnum>))]
public enum CampaignStatusEnum
{
    /// <summary>Being prepared; takes no events.</summary>
    [JsonStringEnumMemberName("draft")]
    Draft = 1,

    /// <summary>Running within its dates; events are charged.</summary>
    [JsonStringEnumMemberName("active")]
    Active = 2,

    /// <summary>Stopped for now; events are recorded and free.</summary>
    [JsonStringEnumMemberName("paused")]
    Paused = 3,

    /// <summary>Over: budget used up, end date passed, or ended by hand; events are recorded and free.</summary>
    [JsonStringEnumMemberName("completed")]
    Completed = 4,

    /// <summary>Put away; takes no events and no changes.</summary>
    [JsonStringEnumMemberName("archived")]
    Archived = 5,
}

/// <summary>Why a campaign is completed.</summary>
public enum CompletedReason
{
    BudgetExhausted = 1,
    EndDate = 2,
    Manual = 3,
}

/// <summary>What the advertiser pays for.</summary>
public enum Pricing
{
    /// <summary>Each valid click.</summary>
    Cpc = 1,

    /// <summary>Each valid impression, at a thousandth of the bid.</summary>
    Cpm = 2,
}

/// <summary>A campaign as its advertiser sees it.</summary>
public sealed record Campaign
{
    /// <summary>The campaign.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The advertiser that owns it.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Its name, as people read it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required CampaignStatusEnum Status { get; init; }

    /// <summary>Why it is completed; null while it is not.</summary>
    public required CompletedReason? CompletedReason { get; init; }

    /// <summary>When it was completed; null while it is not.</summary>
    public required Instant? CompletedAt { get; init; }

    /// <summary>What is paid for.</summary>
    public required Pricing Pricing { get; init; }

    /// <summary>USD per click (cpc) or per thousand impressions (cpm).</summary>
    public required Bid Bid { get; init; }

    /// <summary>Most it may ever spend, in USD.</summary>
    public required Money Budget { get; init; }

    /// <summary>Most it may spend on events received on one UTC day, in USD; null for no such limit.</summary>
    public required Money? DailyBudget { get; init; }

    /// <summary>Charges less credits so far, in USD.</summary>
    public required Money Spend { get; init; }

    /// <summary>What is left of the budget, in USD.</summary>
    public required Money RemainingBudget { get; init; }

    /// <summary>First UTC day on which it runs.</summary>
    public required UtcDay StartDate { get; init; }

    /// <summary>Last UTC day on which it runs; null for no end.</summary>
    public required UtcDay? EndDate { get; init; }

    /// <summary>The offers it promotes.</summary>
    public required IReadOnlyList<OfferId> Offers { get; init; }

    /// <summary>The advertiser's own notes.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>When it was created.</summary>
    public required Instant CreatedAt { get; init; }
}
