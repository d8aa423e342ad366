using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>Everything about one campaign's life so far.</summary>
public sealed class CampaignSummaryReport(Database database)
{
    private const string Summary = """
        SELECT c.campaign_id, c.org_id, c.name, c.status, c.start_day, c.end_day, c.pricing, c.price_micro,
               b.budget_micro, b.spent_micro - b.credited_micro, t.impressions, t.clicks, t.invalid_impressions,
               t.invalid_clicks, t.unbilled_clicks, t.first_event_at, t.last_event_at
        FROM campaign c
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        JOIN campaign_total t ON t.org_id = c.org_id AND t.campaign_id = c.campaign_id
        WHERE c.org_id = @org AND c.campaign_id = @campaign
        """;

    public Task<CampaignSummaryResponse?> Read(
        OrganizationId organization, CampaignId campaign, CancellationToken cancellation) => database.Read(
        connection => connection.First(
            Summary, ReadRow, cancellation, ("org", organization), ("campaign", campaign)),
        cancellation);

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
