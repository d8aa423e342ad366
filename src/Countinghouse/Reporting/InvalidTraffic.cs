using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Reporting;

/// <summary>Events that one rule found invalid.</summary>
/// <param name="Reason">The rule, for example declared_bot or repeated_click.</param>
/// <param name="Validity">Its class: general or sophisticated invalid traffic.</param>
/// <param name="Impressions">Impressions that it found.</param>
/// <param name="Clicks">Clicks that it found.</param>
public sealed record InvalidTrafficRow(string Reason, Validity Validity, long Impressions, long Clicks);

/// <summary>Invalid traffic over a span of days, by the rule that found it. None of it was charged.</summary>
/// <param name="OrganizationId">The advertiser.</param>
/// <param name="CampaignId">The campaign; null for all of them.</param>
/// <param name="StartDate">First UTC day that is counted.</param>
/// <param name="EndDate">Last UTC day that is counted.</param>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="InvalidImpressions">Impressions found invalid.</param>
/// <param name="InvalidClicks">Clicks found invalid.</param>
/// <param name="Rows">
/// The invalid ones by rule, those that found something. They add up to the figures above, but for the minutes after an
/// upgrade from a version that did not keep reasons, when those of older events are still being read.
/// </param>
public sealed record InvalidTrafficResponse(
    OrganizationId OrganizationId,
    CampaignId? CampaignId,
    UtcDay StartDate,
    UtcDay EndDate,
    long Impressions,
    long Clicks,
    long InvalidImpressions,
    long InvalidClicks,
    IReadOnlyList<InvalidTrafficRow> Rows);

/// <summary>What of an advertiser's traffic was invalid.</summary>
/// <param name="OrganizationId">The advertiser.</param>
/// <param name="OrganizationName">Its name.</param>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="InvalidImpressions">Impressions found invalid.</param>
/// <param name="InvalidClicks">Clicks found invalid.</param>
/// <param name="InvalidRate">Invalid events per hundred of all.</param>
public sealed record InvalidTrafficOfOrganization(
    OrganizationId OrganizationId,
    string OrganizationName,
    long Impressions,
    long Clicks,
    long InvalidImpressions,
    long InvalidClicks,
    WireDecimal InvalidRate);

/// <summary>Invalid traffic of the platform over a span of days.</summary>
/// <param name="StartDate">First UTC day that is counted.</param>
/// <param name="EndDate">Last UTC day that is counted.</param>
/// <param name="Impressions">Valid impressions.</param>
/// <param name="Clicks">Valid clicks.</param>
/// <param name="InvalidImpressions">Impressions found invalid.</param>
/// <param name="InvalidClicks">Clicks found invalid.</param>
/// <param name="Rows">The invalid ones by rule, those that found something.</param>
/// <param name="Organizations">The 50 advertisers with the most invalid events, the most first.</param>
public sealed record PlatformInvalidTraffic(
    UtcDay StartDate,
    UtcDay EndDate,
    long Impressions,
    long Clicks,
    long InvalidImpressions,
    long InvalidClicks,
    IReadOnlyList<InvalidTrafficRow> Rows,
    IReadOnlyList<InvalidTrafficOfOrganization> Organizations);
