using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>Everything about one campaign's life so far.</summary>
public sealed class CampaignSummaryReport(ReportRows rows)
{
    private readonly string _summary = $"""
        SELECT c.campaign_id, c.org_id, c.name, c.status, c.start_day, c.end_day, c.pricing, c.price_micro,
               b.budget_micro, b.spent_micro - b.credited_micro,
               t.impressions + COALESCE(n.impressions, 0),
               t.clicks + COALESCE(n.clicks, 0),
               t.invalid_impressions + COALESCE(n.invalid_impressions, 0),
               t.invalid_clicks + COALESCE(n.invalid_clicks, 0),
               t.unbilled_clicks + COALESCE(n.unbilled_clicks, 0),
               CASE WHEN t.first_event_at <= COALESCE(n.first_event_at, t.first_event_at)
                   THEN t.first_event_at ELSE n.first_event_at END,
               CASE WHEN t.last_event_at >= COALESCE(n.last_event_at, t.last_event_at)
                   THEN t.last_event_at ELSE n.last_event_at END
        FROM campaign c
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        JOIN campaign_total t ON t.org_id = c.org_id AND t.campaign_id = c.campaign_id
        LEFT JOIN {rows.NewTotals} ON n.campaign_id = c.campaign_id
        WHERE c.org_id = @org AND c.campaign_id = @campaign
        """;

    public async Task<CampaignSummaryResponse?> Read(
        DbConnection connection, OrganizationId organization, CampaignId campaign, CancellationToken cancellation) =>
        await connection.First(
            _summary,
            ReadRow,
            cancellation,
            ("org", organization),
            ("campaign", campaign),
            ("tail", await rows.TotalsTail(connection, organization, cancellation)));

    private static CampaignSummaryResponse ReadRow(DbDataReader row)
    {
        var budget = new Money(row.GetInt64(8));
        var spend = new Money(row.GetInt64(9));
        var impressions = row.GetInt64(10);
        var clicks = row.GetInt64(11);
        return new CampaignSummaryResponse
        {
            CampaignId = row.Id<CampaignId>(0),
            OrganizationId = row.Id<OrganizationId>(1),
            Name = row.GetString(2),
            Status = CampaignWords.Status(row.GetString(3)),
            StartDate = UtcDay.FromNumber(row.GetInt32(4)),
            EndDate = row.IsDBNull(5) ? null : UtcDay.FromNumber(row.GetInt32(5)),
            Pricing = CampaignWords.Pricing(row.GetString(6)),
            Bid = new Bid(row.GetInt64(7)),
            Budget = WireDecimal.From(budget),
            Spend = WireDecimal.From(spend),
            RemainingBudget = WireDecimal.From(budget - spend),
            Impressions = impressions,
            Clicks = clicks,
            Ctr = WireDecimal.Ctr(clicks, impressions),
            EffectiveCpc = WireDecimal.EffectiveCpc(spend, clicks),
            EffectiveCpm = WireDecimal.EffectiveCpm(spend, impressions),
            InvalidImpressions = row.GetInt64(12),
            InvalidClicks = row.GetInt64(13),
            UnbilledClicks = row.GetInt64(14),
            FirstEventAt = row.InstantOrNull(15),
            LastEventAt = row.InstantOrNull(16),
        };
    }
}
