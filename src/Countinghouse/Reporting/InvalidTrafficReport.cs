using System.Data.Common;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>Which rules found how much invalid: for an advertiser, one campaign, or the whole platform.</summary>
public sealed class InvalidTrafficReport(ReportRows source)
{
    public const int OrganizationsMax = 50;

    private readonly string _sums = $"""
        SELECT CAST(COALESCE(SUM(impressions), 0) AS bigint), CAST(COALESCE(SUM(clicks), 0) AS bigint),
               CAST(COALESCE(SUM(invalid_impressions), 0) AS bigint),
               CAST(COALESCE(SUM(invalid_clicks), 0) AS bigint)
        FROM {source.Hourly}
        WHERE (@all OR campaign_id = @campaign)
        """;

    private readonly string _reasons = $"""
        SELECT reason, CAST(SUM(impressions) AS bigint), CAST(SUM(clicks) AS bigint)
        FROM {source.Reasons}
        WHERE (@all OR campaign_id = @campaign)
        GROUP BY reason
        ORDER BY reason
        """;

    private const string PlatformReasons = """
        SELECT reason, CAST(SUM(impressions) AS bigint), CAST(SUM(clicks) AS bigint)
        FROM invalid_daily WHERE day BETWEEN @first_day AND @last_day
        GROUP BY reason
        ORDER BY reason
        """;

    private const string PlatformOrganizations = """
        WITH sums AS (
            SELECT org_id, SUM(impressions) AS impressions, SUM(clicks) AS clicks,
                   SUM(invalid_impressions) AS invalid_impressions, SUM(invalid_clicks) AS invalid_clicks
            FROM stat_hourly WHERE hour BETWEEN @first AND @last
            GROUP BY org_id
        )
        SELECT o.org_id, o.name, CAST(s.impressions AS bigint), CAST(s.clicks AS bigint),
               CAST(s.invalid_impressions AS bigint), CAST(s.invalid_clicks AS bigint),
               CAST(SUM(s.impressions) OVER () AS bigint), CAST(SUM(s.clicks) OVER () AS bigint),
               CAST(SUM(s.invalid_impressions) OVER () AS bigint), CAST(SUM(s.invalid_clicks) OVER () AS bigint)
        FROM sums s JOIN organization o ON o.org_id = s.org_id
        ORDER BY s.invalid_impressions + s.invalid_clicks DESC, o.org_id
        LIMIT @most
        """;

    /// <summary>Of an advertiser or one of its campaigns, in the caller's snapshot.</summary>
    public async Task<InvalidTrafficResponse> Read(
        DbConnection connection,
        OrganizationId organization,
        CampaignId? campaign,
        ReportRange range,
        CancellationToken cancellation)
    {
        (string, object?)[] values =
        [
            ("org", organization),
            ("all", campaign is null),
            ("campaign", campaign ?? default),
            ("first", range.Start.FirstHour),
            ("last", range.End.LastHour),
            ("first_day", range.Start),
            ("last_day", range.End),
            ("tail", await source.Tail(connection, organization, cancellation)),
            ("reasons_tail", await source.ReasonsTail(connection, organization, cancellation)),
        ];
        var rows = await connection.Query(_reasons, ReadRow, cancellation, values);
        return (await connection.First(
            _sums,
            row => new InvalidTrafficResponse(
                organization, campaign, range.Start, range.End, row.GetInt64(0), row.GetInt64(1), row.GetInt64(2),
                row.GetInt64(3), rows),
            cancellation,
            values))!;
    }

    /// <summary>Of the platform, from rollups alone: up to a second behind, for no figure of anybody's bill.</summary>
    public async Task<PlatformInvalidTraffic> ReadAll(
        DbConnection connection, ReportRange range, CancellationToken cancellation)
    {
        (string, object?)[] values =
        [
            ("first", range.Start.FirstHour), ("last", range.End.LastHour), ("first_day", range.Start),
            ("last_day", range.End), ("most", OrganizationsMax),
        ];
        var totals = (Impressions: 0L, Clicks: 0L, InvalidImpressions: 0L, InvalidClicks: 0L);
        var organizations = await connection.Query(
            PlatformOrganizations,
            row =>
            {
                totals = (row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9));
                return ReadOrganization(row);
            },
            cancellation,
            values);
        return new PlatformInvalidTraffic(
            range.Start,
            range.End,
            totals.Impressions,
            totals.Clicks,
            totals.InvalidImpressions,
            totals.InvalidClicks,
            await connection.Query(PlatformReasons, ReadRow, cancellation, values),
            [.. organizations.Where(one => one.InvalidImpressions + one.InvalidClicks > 0)]);
    }

    private static InvalidTrafficRow ReadRow(DbDataReader row)
    {
        var reason = (EventReason)row.GetInt32(0);
        return new InvalidTrafficRow(
            EventWords.Of(reason)!, IngestRules.ValidityOf(reason), row.GetInt64(1), row.GetInt64(2));
    }

    private static InvalidTrafficOfOrganization ReadOrganization(DbDataReader row)
    {
        var valid = row.GetInt64(2) + row.GetInt64(3);
        var invalid = row.GetInt64(4) + row.GetInt64(5);
        return new InvalidTrafficOfOrganization(
            row.Id<OrganizationId>(0),
            row.GetString(1),
            row.GetInt64(2),
            row.GetInt64(3),
            row.GetInt64(4),
            row.GetInt64(5),
            WireDecimal.Percent(invalid, valid + invalid));
    }
}
