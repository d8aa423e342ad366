using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>What an overview is asked for.</summary>
public sealed record CampaignOverviewQuery(
    OrganizationId Organization,
    CampaignStatusEnum? Status,
    string? Text,
    ReportRange Range,
    CampaignSort Sort,
    SortOrder Order,
    Page Page);

/// <summary>
/// One page of an organization's campaigns with their terms, budgets and figures. Only orders by a figure sum up the
/// days of all campaigns; everything else reads those of the page.
/// </summary>
public sealed class CampaignOverviewReport(Database database, ReportRows source)
{
    /// <summary>Longest span of days that is answered day by day as well.</summary>
    public const int DailyDaysMax = 100;

    private const string Which = """
        c.org_id = @org
          AND (@status = '' OR c.status = @status)
          AND (@text = '' OR LOWER(c.name) LIKE LOWER(@text) ESCAPE '\')
        """;

    private const string Count = "SELECT COUNT(*) FROM campaign c WHERE " + Which;

    private const string Terms = """
        SELECT c.campaign_id, c.name, c.status, c.pricing, c.price_micro, c.start_day, c.end_day, b.budget_micro,
               b.spent_micro - b.credited_micro
        FROM campaign c
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        """;

    private readonly string _figuresOfAll = $"""

        LEFT JOIN (
            SELECT campaign_id, CAST(SUM(impressions) AS bigint) AS impressions, CAST(SUM(clicks) AS bigint) AS clicks,
                   CAST(SUM(charge_micro) AS bigint) AS charge_micro
            FROM {source.SumsOf($" IN (SELECT c.campaign_id FROM campaign c WHERE {Which})")}
            GROUP BY campaign_id
        ) s ON s.campaign_id = c.campaign_id
        """;

    private readonly string _figures = $"""
        SELECT campaign_id, CAST(SUM(impressions) AS bigint), CAST(SUM(clicks) AS bigint),
               CAST(SUM(charge_micro) AS bigint), CAST(SUM(invalid_impressions) AS bigint),
               CAST(SUM(invalid_clicks) AS bigint)
        FROM {source.SumsOf(database.AnyOf("campaigns"))}
        GROUP BY campaign_id
        """;

    private readonly string _spendByDay = $"""
        SELECT campaign_id, hour / 100, CAST(SUM(charge_micro) AS bigint)
        FROM {source.HourlyOfCampaigns}
        GROUP BY 1, 2
        """;

    /// <summary>The page, in the caller's snapshot.</summary>
    public async Task<CampaignOverviewResponse> Read(
        DbConnection connection, CampaignOverviewQuery query, CancellationToken cancellation)
    {
        (string, object?)[] which =
        [
            ("org", query.Organization),
            ("status", query.Status is { } status ? CampaignWords.Of(status) : ""),
            ("text", query.Text is null ? "" : Sql.Containing(query.Text)),
        ];
        var total = (int)(await connection.Number(Count, cancellation, which))!.Value;
        (string, object?)[] days =
        [
            ("org", query.Organization),
            ("first", query.Range.Start.FirstHour),
            ("last", query.Range.End.LastHour),
            ("tail", await source.Tail(connection, query.Organization, cancellation)),
        ];
        var (key, isFigure) = KeyOf(query.Sort);
        var order = query.Order == SortOrder.Asc ? "ASC" : "DESC";
        var bare = await connection.Query(
            $"{Terms}{(isFigure ? _figuresOfAll : "")} WHERE {Which} "
                + $"ORDER BY {key} {order}, c.campaign_id {order} LIMIT @size OFFSET @offset",
            ReadTerms,
            cancellation,
            [.. which, .. days[1..], ("size", query.Page.Size), ("offset", query.Page.Offset)]);
        (string, object?)[] ofPage =
            [.. days, ("campaigns", database.ListOf(bare.Select(campaign => campaign.CampaignId)))];
        var items = bare.ToDictionary(campaign => campaign.CampaignId);
        await connection.ForEach(
            _figures,
            row => items[row.Id<CampaignId>(0)] = WithFigures(items[row.Id<CampaignId>(0)], row),
            cancellation,
            ofPage);
        var spend = await ReadSpendByDay(connection, query.Range, ofPage, cancellation);
        return new CampaignOverviewResponse(
            query.Organization,
            query.Range.Start,
            query.Range.End,
            bare.ConvertAll(campaign => items[campaign.CampaignId] with
            {
                DailySpendMicros = spend is null ? []
                    : spend.GetValueOrDefault(campaign.CampaignId) ?? new long[query.Range.DayCount],
            }),
            PaginationMeta.Of(query.Page, total));
    }

    /// <summary>What rows are put in order by, and whether that takes the figures of all campaigns.</summary>
    private static (string Key, bool IsFigure) KeyOf(CampaignSort sort) => sort switch
    {
        CampaignSort.Newest => ("c.created_at", false),
        CampaignSort.Name => ("LOWER(c.name)", false),
        CampaignSort.Status => (
            "CASE c.status WHEN 'draft' THEN 1 WHEN 'active' THEN 2 WHEN 'paused' THEN 3 WHEN 'completed' THEN 4 "
            + "ELSE 5 END",
            false),
        CampaignSort.Budget => ("b.budget_micro", false),
        CampaignSort.Remaining => ("b.budget_micro - b.spent_micro + b.credited_micro", false),
        CampaignSort.Spend => ("COALESCE(s.charge_micro, 0)", true),
        CampaignSort.Impressions => ("COALESCE(s.impressions, 0)", true),
        CampaignSort.Clicks => ("COALESCE(s.clicks, 0)", true),

        // Cut to a millionth, which is finer than what is shown of them.
        CampaignSort.Ctr => ("COALESCE(s.clicks * 1000000 / NULLIF(s.impressions, 0), 0)", true),
        CampaignSort.EffectiveCpc => ("COALESCE(s.charge_micro / NULLIF(s.clicks, 0), 0)", true),
    };

    /// <summary>Places the days of each campaign; null for a span that is too long for it.</summary>
    private async Task<Dictionary<CampaignId, long[]>?> ReadSpendByDay(
        DbConnection connection,
        ReportRange range,
        (string, object?)[] ofPage,
        CancellationToken cancellation)
    {
        if (range.DayCount > DailyDaysMax)
        {
            return null;
        }

        var spend = new Dictionary<CampaignId, long[]>();
        await connection.ForEach(
            _spendByDay,
            row =>
            {
                var campaign = row.Id<CampaignId>(0);
                if (!spend.TryGetValue(campaign, out var days))
                {
                    spend.Add(campaign, days = new long[range.DayCount]);
                }

                days[range.Start.DaysUntil(UtcDay.FromNumber((int)row.GetInt64(1)))] = row.GetInt64(2);
            },
            cancellation,
            ofPage);
        return spend;
    }

    private static CampaignOverview ReadTerms(DbDataReader row)
    {
        var budget = new Money(row.GetInt64(7));
        var spend = new Money(row.GetInt64(8));
        return new CampaignOverview
        {
            CampaignId = row.Id<CampaignId>(0),
            Name = row.GetString(1),
            Status = CampaignWords.Status(row.GetString(2)),
            Pricing = CampaignWords.Pricing(row.GetString(3)),
            Bid = new Bid(row.GetInt64(4)),
            StartDate = UtcDay.FromNumber(row.GetInt32(5)),
            EndDate = row.IsDBNull(6) ? null : UtcDay.FromNumber(row.GetInt32(6)),
            Budget = WireDecimal.From(budget),
            LifetimeSpend = WireDecimal.From(spend),
            RemainingBudget = WireDecimal.From(budget - spend),
        };
    }

    private static CampaignOverview WithFigures(CampaignOverview campaign, DbDataReader row)
    {
        var impressions = row.GetInt64(1);
        var clicks = row.GetInt64(2);
        var spend = new Money(row.GetInt64(3));
        return campaign with
        {
            Impressions = impressions,
            Clicks = clicks,
            Spend = WireDecimal.From(spend),
            Ctr = WireDecimal.Ctr(clicks, impressions),
            EffectiveCpc = WireDecimal.EffectiveCpc(spend, clicks),
            EffectiveCpm = WireDecimal.EffectiveCpm(spend, impressions),
            InvalidImpressions = row.GetInt64(4),
            InvalidClicks = row.GetInt64(5),
        };
    }
}
