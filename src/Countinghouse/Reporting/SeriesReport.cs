using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>What a series is asked for; no campaign means all of the organization's.</summary>
public sealed record SeriesQuery(
    OrganizationId Organization, CampaignId? Campaign, ReportRange Range, Granularity Granularity, GroupBy? GroupBy);

/// <summary>Figures over time, summed by the database from the hourly rollups.</summary>
public sealed class SeriesReport(Database database, ReportRows source)
{
    public const int RowsMax = 50_000;

    /// <summary>
    /// Monday, 1970-01-05, as the number of a week since the Julian epoch: that week's days are 7 x this on.
    /// </summary>
    private const int JulianDayOf1970 = 2_440_588;

    // hour is yyyymmddhh. Days and months are prefixes of it; a week needs a count of days, for which engines have
    // different functions, so the Julian day number is worked out in integers (Fliegel and Van Flandern, 1968). Both
    // engines cut integer division towards zero, as the formula wants. Julian day 0 was a Monday, so / 7 is a week.
    // A location is one retailer's, so to tell its retailer apart as well makes no more rows; its name is found by it.
    // Names are asked for by themselves: they are other organizations', which may lie on other nodes.
    private readonly string _series = $"""
        SELECT
            CASE @granularity
                WHEN 'all' THEN 0
                WHEN 'hour' THEN hour
                WHEN 'day' THEN hour / 100
                WHEN 'week' THEN (
                    1461 * (hour / 1000000 + 4800 + (hour / 10000 % 100 - 14) / 12) / 4
                    + 367 * (hour / 10000 % 100 - 2 - 12 * ((hour / 10000 % 100 - 14) / 12)) / 12
                    - 3 * ((hour / 1000000 + 4900 + (hour / 10000 % 100 - 14) / 12) / 100) / 4
                    + hour / 100 % 100 - 32075) / 7
                ELSE hour / 10000
            END AS bucket,
            CASE @group
                WHEN 'campaign' THEN campaign_id
                WHEN 'location' THEN location_id
                WHEN 'offer' THEN offer_id
                WHEN 'retailer' THEN retailer_org_id
            END AS group_id,
            CASE @group WHEN 'location' THEN retailer_org_id END AS location_org_id,
            CAST(SUM(impressions) AS bigint) AS impressions, CAST(SUM(clicks) AS bigint) AS clicks,
            CAST(SUM(charge_micro) AS bigint) AS charge_micro,
            CAST(SUM(invalid_impressions) AS bigint) AS invalid_impressions,
            CAST(SUM(invalid_clicks) AS bigint) AS invalid_clicks,
            CAST(SUM(unbilled_clicks) AS bigint) AS unbilled_clicks
        FROM {source.Hourly}
        WHERE (@all OR campaign_id = @campaign)
        GROUP BY 1, 2, 3
        ORDER BY 1, 2
        LIMIT @most
        """;

    private const string CampaignNames = "SELECT campaign_id, name FROM campaign WHERE org_id = @org AND campaign_id";

    private const string LocationNames = "SELECT location_id, name FROM location WHERE org_id";

    private const string OfferNames = "SELECT offer_id, name FROM offer WHERE offer_id";

    private const string RetailerNames = "SELECT org_id, name FROM organization WHERE org_id";

    private const string Fenced = "SELECT MAX(period) FROM billing_period WHERE org_id = @org AND state = 'CLOSED'";

    /// <summary>The rows in order of time and group; null when there are more than <see cref="RowsMax"/>.</summary>
    public async Task<List<SeriesRow>?> Read(
        DbConnection connection, SeriesQuery query, CancellationToken cancellation)
    {
        var closed = await connection.Number(Fenced, cancellation, ("org", query.Organization));
        var closedThrough = closed is { } period ? Period.FromNumber((int)period) : (Period?)null;
        var rows = await connection.Query(
            _series,
            row => ReadRow(row, query, closedThrough),
            cancellation,
            ("granularity", query.Granularity.ToString().ToLowerInvariant()),
            ("group", query.GroupBy?.ToString().ToLowerInvariant() ?? ""),
            ("org", query.Organization),
            ("all", query.Campaign is null),
            ("campaign", query.Campaign ?? default),
            ("first", query.Range.Start.FirstHour),
            ("last", query.Range.End.LastHour),
            ("tail", await source.Tail(connection, query.Organization, cancellation)),
            ("most", RowsMax + 1));
        if (rows.Count > RowsMax)
        {
            return null;
        }

        var names = await Names(connection, query, rows, cancellation);
        return [.. rows.Select(row => row.Row with { GroupName = names.GetValueOrDefault(row.Group) })];
    }

    /// <summary>What the groups are called; those without a name are left out.</summary>
    private async Task<Dictionary<Guid, string>> Names(
        DbConnection connection,
        SeriesQuery query,
        List<(Guid Group, Guid Retailer, SeriesRow Row)> rows,
        CancellationToken cancellation)
    {
        var groups = rows.Select(row => row.Group).Where(group => group != Guid.Empty).Distinct();
        var names = query.GroupBy switch
        {
            GroupBy.Campaign => CampaignNames,
            GroupBy.Location => LocationNames + database.AnyOf("retailers") + " AND location_id",
            GroupBy.Offer => OfferNames,
            GroupBy.Retailer => RetailerNames,
            null => null,
        };
        return names is null ? [] : (await connection.Query(
            names + database.AnyOf("groups"),
            row => (Group: row.GetGuid(0), Name: row.GetString(1)),
            cancellation,
            ("org", query.Organization),
            ("retailers", database.ListOf(rows.Select(row => new OrganizationId(row.Retailer)).Distinct())),
            ("groups", database.ListOf(groups.Select(group => new CampaignId(group)))))).ToDictionary();
    }

    private static (Guid Group, Guid Retailer, SeriesRow Row) ReadRow(
        DbDataReader row, SeriesQuery query, Period? closedThrough)
    {
        var (start, last) = Span((int)row.GetInt64(0), query);
        var impressions = row.GetInt64(3);
        var clicks = row.GetInt64(4);
        var spend = new Money(row.GetInt64(5));
        var group = row.IsDBNull(1) ? Guid.Empty : row.GetGuid(1);
        var figures = new SeriesRow(
            start,
            group == Guid.Empty ? null : ShortUuid.Format(group),
            impressions,
            clicks,
            WireDecimal.From(spend),
            WireDecimal.Ctr(clicks, impressions),
            WireDecimal.EffectiveCpc(spend, clicks),
            WireDecimal.EffectiveCpm(spend, impressions),
            spend.Micros,
            row.GetInt64(6),
            row.GetInt64(7),
            row.GetInt64(8),
            last.Period <= closedThrough ? RowState.Final : RowState.Open,
            GroupName: null);
        return (group, row.IsDBNull(2) ? Guid.Empty : row.GetGuid(2), figures);
    }

    /// <summary>The first moment and the last day of a bucket.</summary>
    private static (Instant Start, UtcDay Last) Span(int bucket, SeriesQuery query)
    {
        var first = query.Granularity switch
        {
            Granularity.Hour => UtcDay.FromNumber(bucket / 100),
            Granularity.Day => UtcDay.FromNumber(bucket),
            Granularity.Week => UtcDay.Of(DateTimeOffset.UnixEpoch.AddDays((bucket * 7) - JulianDayOf1970)),
            Granularity.Month => Period.FromNumber(bucket).FirstDay,
            Granularity.All => query.Range.Start,
        };
        var last = query.Granularity switch
        {
            Granularity.Hour or Granularity.Day => first,
            Granularity.Week => first.AddDays(6),
            Granularity.Month => first.Period.LastDay,
            Granularity.All => query.Range.End,
        };
        var start = query.Granularity == Granularity.Hour ? first.Start().AddHours(bucket % 100) : first.Start();
        return (Instant.Of(start), last);
    }
}
