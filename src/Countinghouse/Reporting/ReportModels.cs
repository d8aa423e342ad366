using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Reporting;

/// <summary>A campaign in the organization's list, with its lifetime totals.</summary>
/// <param name="CampaignId">The campaign.</param>
/// <param name="Name">Its name, as people read it.</param>
/// <param name="Status">Where it is in its life.</param>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="Spend">What was charged for them, less credits, in USD.</param>
/// <param name="Ctr">Clicks per hundred impressions.</param>
public sealed record CampaignListItem(
    CampaignId CampaignId,
    string Name,
    CampaignStatusEnum Status,
    long Impressions,
    long Clicks,
    WireDecimal Spend,
    WireDecimal Ctr);

/// <summary>An organization's campaigns, newest first. Written as a stream; this type is its shape.</summary>
/// <param name="OrganizationId">The advertiser.</param>
/// <param name="Campaigns">Its campaigns, newest first.</param>
public sealed record OrganizationCampaignsResponse(
    OrganizationId OrganizationId, IReadOnlyList<CampaignListItem> Campaigns);

/// <summary>Figures over a span of days.</summary>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="Spend">What was charged for them, less credits, in USD.</param>
/// <param name="Ctr">Clicks per hundred impressions.</param>
/// <param name="EffectiveCpc">Spend per click, in USD.</param>
/// <param name="EffectiveCpm">Spend per thousand impressions, in USD.</param>
public sealed record SummaryTotals(
    long Impressions,
    long Clicks,
    WireDecimal Spend,
    WireDecimal Ctr,
    WireDecimal EffectiveCpc,
    WireDecimal EffectiveCpm)
{
    public static SummaryTotals Of(long impressions, long clicks, Money spend) => new(
        impressions,
        clicks,
        WireDecimal.From(spend),
        WireDecimal.Ctr(clicks, impressions),
        WireDecimal.EffectiveCpc(spend, clicks),
        WireDecimal.EffectiveCpm(spend, impressions));
}

/// <summary>An organization's figures over a span of days.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="OrganizationName">Its name, as people read it.</param>
/// <param name="StartDate">First UTC day that is counted.</param>
/// <param name="EndDate">Last UTC day that is counted.</param>
/// <param name="Totals">What happened on those days.</param>
public sealed record OrganizationPerformanceResponse(
    OrganizationId OrganizationId, string OrganizationName, UtcDay StartDate, UtcDay EndDate, SummaryTotals Totals);

/// <summary>Everything about one campaign's life so far.</summary>
public sealed record CampaignSummaryResponse
{
    /// <summary>The campaign.</summary>
    public required CampaignId CampaignId { get; init; }

    /// <summary>The advertiser that owns it.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required CampaignStatusEnum Status { get; init; }

    /// <summary>First UTC day on which it runs.</summary>
    public required UtcDay? StartDate { get; init; }

    /// <summary>Last UTC day on which it runs; null for no end.</summary>
    public required UtcDay? EndDate { get; init; }

    /// <summary>What is paid for.</summary>
    public required Pricing Pricing { get; init; }

    /// <summary>USD per click (cpc) or per thousand impressions (cpm).</summary>
    public required Bid Bid { get; init; }

    /// <summary>Most it may ever spend, in USD.</summary>
    public required WireDecimal Budget { get; init; }

    /// <summary>Charges less credits, in USD.</summary>
    public required WireDecimal Spend { get; init; }

    /// <summary>What is left of the budget, in USD.</summary>
    public required WireDecimal RemainingBudget { get; init; }

    /// <summary>Valid impressions.</summary>
    public required long Impressions { get; init; }

    /// <summary>Valid clicks, charged or not.</summary>
    public required long Clicks { get; init; }

    /// <summary>Clicks per hundred impressions.</summary>
    public required WireDecimal Ctr { get; init; }

    /// <summary>Spend per click, in USD.</summary>
    public required WireDecimal EffectiveCpc { get; init; }

    /// <summary>Spend per thousand impressions, in USD.</summary>
    public required WireDecimal EffectiveCpm { get; init; }

    /// <summary>Impressions found invalid: not reported, not charged.</summary>
    public required long InvalidImpressions { get; init; }

    /// <summary>Clicks found invalid: not reported, not charged.</summary>
    public required long InvalidClicks { get; init; }

    /// <summary>
    /// Valid clicks of a cpc campaign that were free, because it was not running or its budget could not pay.
    /// </summary>
    public required long UnbilledClicks { get; init; }

    /// <summary>When its first event happened; null before that.</summary>
    public required Instant? FirstEventAt { get; init; }

    /// <summary>When its newest event happened; null before the first.</summary>
    public required Instant? LastEventAt { get; init; }
}

/// <summary>The length of one row's span of time.</summary>
public enum Granularity
{
    Hour = 1,
    Day = 2,

    /// <summary>From Monday to Sunday.</summary>
    Week = 3,
    Month = 4,

    /// <summary>All the days asked for in one row.</summary>
    All = 5,
}

/// <summary>What rows are told apart by, besides time.</summary>
public enum GroupBy
{
    Campaign = 1,
    Location = 2,
    Offer = 3,
    Retailer = 4,
}

/// <summary>Whether a row can still change.</summary>
public enum RowState
{
    /// <summary>Its month is not closed; late events may still join.</summary>
    Open = 1,

    /// <summary>Its month is closed; it never changes again.</summary>
    Final = 2,
}

/// <summary>One span of time; of one campaign, location, offer or retailer when grouped.</summary>
/// <param name="Start">The first moment of the span.</param>
/// <param name="GroupId">The id that the row is about; null without grouping, and for events without an offer.</param>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="Spend">What was charged for them, less credits, in USD.</param>
/// <param name="Ctr">Clicks per hundred impressions.</param>
/// <param name="EffectiveCpc">Spend per click, in USD.</param>
/// <param name="EffectiveCpm">Spend per thousand impressions, in USD.</param>
/// <param name="SpendMicros">The spend exactly, in millionths of a USD; these add up, rounded ones need not.</param>
/// <param name="InvalidImpressions">Impressions recorded and not charged: bots, repetitions and the like.</param>
/// <param name="InvalidClicks">Clicks recorded and not charged.</param>
/// <param name="UnbilledClicks">Valid clicks that cost nothing, such as those after the budget was used up.</param>
/// <param name="State">Whether the row can still change.</param>
/// <param name="GroupName">
/// The name of the campaign, location, offer or retailer; null without grouping, and for events without an offer. An
/// answer with a new name of a location or a retailer may be an event, a change or a day late.
/// </param>
public sealed record SeriesRow(
    Instant Start,
    string? GroupId,
    long Impressions,
    long Clicks,
    WireDecimal Spend,
    WireDecimal Ctr,
    WireDecimal EffectiveCpc,
    WireDecimal EffectiveCpm,
    long SpendMicros,
    long InvalidImpressions,
    long InvalidClicks,
    long UnbilledClicks,
    RowState State,
    string? GroupName);

/// <summary>Figures over time.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="CampaignId">The campaign; null for all of them.</param>
/// <param name="StartDate">First UTC day that is counted.</param>
/// <param name="EndDate">Last UTC day that is counted.</param>
/// <param name="Granularity">The span of one row.</param>
/// <param name="GroupBy">What rows are told apart by besides; null for nothing.</param>
/// <param name="Rows">The rows, earliest first.</param>
public sealed record SeriesResponse(
    OrganizationId OrganizationId,
    CampaignId? CampaignId,
    UtcDay StartDate,
    UtcDay EndDate,
    Granularity Granularity,
    GroupBy? GroupBy,
    IReadOnlyList<SeriesRow> Rows);
