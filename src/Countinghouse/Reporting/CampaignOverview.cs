using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Reporting;

/// <summary>What an overview's campaigns are put in order by.</summary>
public enum CampaignSort
{
    /// <summary>When they were created.</summary>
    Newest = 1,

    /// <summary>Their names, capitals or not.</summary>
    Name = 2,

    /// <summary>Where they are in their life: draft, active, paused, completed, archived.</summary>
    Status = 3,

    /// <summary>Most they may ever spend.</summary>
    Budget = 4,

    /// <summary>What is left of the budget.</summary>
    Remaining = 5,

    /// <summary>Spend on the days asked for.</summary>
    Spend = 6,

    /// <summary>Valid impressions on the days asked for.</summary>
    Impressions = 7,

    /// <summary>Valid clicks on the days asked for.</summary>
    Clicks = 8,

    /// <summary>Clicks per impression on the days asked for.</summary>
    Ctr = 9,

    /// <summary>Spend per click on the days asked for.</summary>
    EffectiveCpc = 10,
}

/// <summary>Which end of an order comes first.</summary>
public enum SortOrder
{
    /// <summary>The smallest.</summary>
    Asc = 1,

    /// <summary>The largest, the latest.</summary>
    Desc = 2,
}

/// <summary>A campaign with its terms, its budget, and its figures over a span of days.</summary>
public sealed record CampaignOverview
{
    /// <summary>The campaign.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>Its name, as people read it.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required CampaignStatusEnum Status { get; init; }

    /// <summary>What is paid for.</summary>
    public required Pricing Pricing { get; init; }

    /// <summary>USD per click (cpc) or per thousand impressions (cpm).</summary>
    public required Bid Bid { get; init; }

    /// <summary>First UTC day on which it runs.</summary>
    public required UtcDay StartDate { get; init; }

    /// <summary>Last UTC day on which it runs; null for no end.</summary>
    public required UtcDay? EndDate { get; init; }

    /// <summary>Most it may ever spend, in USD.</summary>
    public required WireDecimal Budget { get; init; }

    /// <summary>Charges less credits since its beginning, in USD.</summary>
    public required WireDecimal LifetimeSpend { get; init; }

    /// <summary>What is left of the budget, in USD.</summary>
    public required WireDecimal RemainingBudget { get; init; }

    /// <summary>Valid impressions on the days asked for.</summary>
    public long Impressions { get; init; }

    /// <summary>Valid clicks on the days asked for.</summary>
    public long Clicks { get; init; }

    /// <summary>What was charged for them, less credits, in USD.</summary>
    public WireDecimal Spend { get; init; }

    /// <summary>Clicks per hundred impressions.</summary>
    public WireDecimal Ctr { get; init; }

    /// <summary>Spend per click, in USD.</summary>
    public WireDecimal EffectiveCpc { get; init; }

    /// <summary>Spend per thousand impressions, in USD.</summary>
    public WireDecimal EffectiveCpm { get; init; }

    /// <summary>Impressions found invalid on the days asked for: not reported, not charged.</summary>
    public long InvalidImpressions { get; init; }

    /// <summary>Clicks found invalid on the days asked for: not reported, not charged.</summary>
    public long InvalidClicks { get; init; }

    /// <summary>
    /// Spend of each UTC day from the first to the last, in millionths of a USD; empty when more than 100 days are
    /// asked for.
    /// </summary>
    public IReadOnlyList<long> DailySpendMicros { get; init; } = [];
}

/// <summary>One page of an organization's campaigns with their figures over a span of days.</summary>
/// <param name="OrganizationId">The advertiser.</param>
/// <param name="StartDate">First UTC day that is counted.</param>
/// <param name="EndDate">Last UTC day that is counted.</param>
/// <param name="Data">The campaigns of the page.</param>
/// <param name="Pagination">Where in the list the page stands.</param>
public sealed record CampaignOverviewResponse(
    OrganizationId OrganizationId,
    UtcDay StartDate,
    UtcDay EndDate,
    IReadOnlyList<CampaignOverview> Data,
    PaginationMeta Pagination);
