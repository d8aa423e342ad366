using System.Text.Json;
using Countinghouse.WebConsole.Parts;

namespace Countinghouse.WebConsole.Advertiser;

/// <summary>Totals over days.</summary>
public sealed record Totals(
    long Impressions, long Clicks, string Spend, string Ctr, string EffectiveCpc, string EffectiveCpm);

/// <summary>An organization's totals over days.</summary>
public sealed record Performance(Totals Totals);

/// <summary>Figures of one span of time, or of one location, offer or retailer.</summary>
public sealed record SeriesRow(
    string Start,
    string? GroupId,
    string? GroupName,
    long Impressions,
    long Clicks,
    string Spend,
    string Ctr,
    string EffectiveCpc,
    string EffectiveCpm,
    long InvalidImpressions,
    long InvalidClicks,
    long UnbilledClicks,
    string State);

/// <summary>Figures over time.</summary>
public sealed record Series(IReadOnlyList<SeriesRow> Rows);

/// <summary>A campaign in the overview: its terms, budget and figures over the days.</summary>
public sealed record CampaignRow(
    string CampaignId,
    string Name,
    string Status,
    string Budget,
    string LifetimeSpend,
    string RemainingBudget,
    long Impressions,
    long Clicks,
    string Spend,
    string Ctr,
    string EffectiveCpc,
    string EffectiveCpm,
    IReadOnlyList<long> DailySpendMicros)
{
    /// <summary>Where its page is.</summary>
    public string Link { get; init; } = "";
}

/// <summary>A campaign with its terms.</summary>
public sealed record Campaign(
    string CampaignId,
    string OrganizationId,
    string Name,
    string Status,
    string? CompletedReason,
    string? CompletedAt,
    string Pricing,
    string Bid,
    string Budget,
    string? DailyBudget,
    string Spend,
    string RemainingBudget,
    string StartDate,
    string? EndDate,
    IReadOnlyList<string> Offers,
    string CreatedAt)
{
    /// <summary>What of the budget is spent, in percent.</summary>
    public decimal SpentPercent => Figures.Part(Spend, Budget) * 100;
}

/// <summary>Invalid events of one named reason.</summary>
public sealed record ReasonRow(string Reason, string Validity, long Impressions, long Clicks);

/// <summary>Events over days that were recorded and not charged, and how many there were in all.</summary>
public sealed record InvalidTraffic(
    long Impressions,
    long Clicks,
    long InvalidImpressions,
    long InvalidClicks,
    IReadOnlyList<ReasonRow> Rows);

/// <summary>A change of a campaign.</summary>
public sealed record HistoryRow(
    string At, string Actor, string? ActorName, string Action, BeforeAndAfter Changes);

/// <summary>What was changed, as it was and as it is since; null where there was nothing.</summary>
public sealed record BeforeAndAfter(JsonElement? Before, JsonElement? After);

/// <summary>What became of one event.</summary>
public sealed record Receipt(
    string EventId,
    string Kind,
    string Outcome,
    string? Reason,
    int Ruleset,
    string CampaignId,
    string? OfferId,
    string? RetailerId,
    string? LocationId,
    string OccurredAt,
    string ReceivedAt,
    string BillingDay,
    long PriceMicros,
    long ChargeMicros,
    long BatchNo,
    string BatchHash,
    string? RevenueShareId);

/// <summary>The overview.</summary>
public sealed record OverviewModel(
    DayRange Range, Totals Now, Totals Before, IReadOnlyList<Chart.Point> Daily, TableView Campaigns);

/// <summary>A campaign's page.</summary>
public sealed record CampaignModel(
    DayRange Range,
    Campaign Campaign,
    Pacing Pacing,
    string Granularity,
    string By,
    IReadOnlyList<Chart.Point> Points,
    TableView Breakdown,
    TableView Reasons,
    TableView History,
    FormState TopUp);

/// <summary>A form to make or change a campaign; no campaign: a new one.</summary>
public sealed record CampaignFormModel(FormState Form, Campaign? Campaign)
{
    /// <summary>The offers of a campaign that there is are a form of their own; null: as they are.</summary>
    public FormState? Offers { get; init; }
}

/// <summary>Invalid traffic of the organization.</summary>
public sealed record TrafficModel(DayRange Range, InvalidTraffic Traffic, TableView Reasons);

/// <summary>An event looked up by its id; neither: not asked yet.</summary>
public sealed record ReceiptModel(string EventId, Receipt? Receipt, bool IsMissing);
