using System.Data.Common;
using System.Text;
using System.Text.Json;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>
/// What reports select from: rollups, and the events after them that are not rolled up yet. The latter travel as a
/// parameter, so that one statement sums both and every acknowledged event is in every report.
/// </summary>
public sealed class ReportRows(Database database, Rollups rollups)
{
    private static readonly (string Name, string Type)[] Columns =
    [
        ("campaign_id", "uuid"), ("hour", "integer"), ("offer_id", "uuid"), ("retailer_org_id", "uuid"),
        ("location_id", "uuid"), ("impressions", "bigint"), ("clicks", "bigint"), ("invalid_impressions", "bigint"),
        ("invalid_clicks", "bigint"), ("unbilled_clicks", "bigint"), ("charge_micro", "bigint"),
    ];

    private static readonly (string Name, string Type)[] TotalColumns =
    [
        ("campaign_id", "uuid"), ("impressions", "bigint"), ("clicks", "bigint"), ("invalid_impressions", "bigint"),
        ("invalid_clicks", "bigint"), ("unbilled_clicks", "bigint"), ("first_event_at", "bigint"),
        ("last_event_at", "bigint"),
    ];

    private static readonly (string Name, string Type)[] ReasonColumns =
    [
        ("campaign_id", "uuid"), ("day", "integer"), ("reason", "integer"), ("impressions", "bigint"),
        ("clicks", "bigint"),
    ];

    /// <summary>
    /// Hourly rows of @org from @first to @last, less what was given back, to select from; needs the parameter that
    /// <see cref="Tail"/> makes.
    /// </summary>
    public string Hourly { get; } = HourlyWhere(database, "");

    /// <summary>The same of some campaigns alone: @campaigns is made by <see cref="Database.ListOf{TId}"/>.</summary>
    public string HourlyOfCampaigns { get; } = HourlyWhere(database, " AND campaign_id" + database.AnyOf("campaigns"));

    /// <summary>
    /// Lifetime totals that totals rows do not have yet, one row a campaign, to join with; needs the parameter that
    /// <see cref="TotalsTail"/> makes.
    /// </summary>
    public string NewTotals { get; } = $"(SELECT * FROM {database.RowsOf("tail", TotalColumns)}) AS n";

    /// <summary>
    /// The same summed by campaign, a few rows each, of the campaigns that an end of a condition on a campaign's id
    /// takes in. Summed where they lie: SQLite would sort all the rows of a span of hours.
    /// </summary>
    public string SumsOf(string campaigns) => $"""
        (SELECT campaign_id, SUM(impressions) AS impressions, SUM(clicks) AS clicks,
                SUM(invalid_impressions) AS invalid_impressions, SUM(invalid_clicks) AS invalid_clicks,
                SUM(charge_micro) AS charge_micro
         FROM stat_hourly
         WHERE org_id = @org AND hour BETWEEN @first AND @last AND campaign_id{campaigns}
         GROUP BY campaign_id
         UNION ALL
         SELECT campaign_id, 0, 0, 0, 0, amount_micro
         FROM adjustment WHERE org_id = @org AND booked_hour BETWEEN @first AND @last AND campaign_id{campaigns}
         UNION ALL
         SELECT campaign_id, impressions, clicks, invalid_impressions, invalid_clicks, charge_micro
         FROM {database.RowsOf("tail", Columns)}
         WHERE hour BETWEEN @first AND @last AND campaign_id{campaigns}) AS s
        """;

    /// <summary>
    /// Invalid events of @org by reason from the day @first_day to @last_day, to select from; needs the parameter that
    /// <see cref="ReasonsTail"/> makes.
    /// </summary>
    public string Reasons { get; } = $"""
        (SELECT {Names(ReasonColumns)} FROM invalid_daily
         WHERE org_id = @org AND day BETWEEN @first_day AND @last_day
         UNION ALL
         SELECT {Names(ReasonColumns)} FROM {database.RowsOf("reasons_tail", ReasonColumns)}
         WHERE day BETWEEN @first_day AND @last_day) AS r
        """;

    /// <summary>The parameter for <see cref="Hourly"/>, in the snapshot in which that is read.</summary>
    public async Task<string> Tail(
        DbConnection connection, OrganizationId organization, CancellationToken cancellation)
    {
        var fold = await rollups.Tail(connection, organization, cancellation);
        return fold.Keys == 0 ? "[]" : Write(fold.ByKey(), static (json, key, counts) =>
        {
            WriteId(json, "campaign_id", key.Campaign.Value);
            json.WriteNumber("hour", key.Hour);
            WriteId(json, "offer_id", key.Offer.Value);
            WriteId(json, "retailer_org_id", key.Retailer.Value);
            WriteId(json, "location_id", key.Location.Value);
            WriteCounts(json, counts);
            json.WriteNumber("charge_micro", counts.Charge.Micros);
        });
    }

    /// <summary>The parameter for <see cref="NewTotals"/>, in the snapshot in which that is read.</summary>
    public async Task<string> TotalsTail(
        DbConnection connection, OrganizationId organization, CancellationToken cancellation)
    {
        var fold = await rollups.Tail(connection, organization, cancellation);
        return fold.Keys == 0 ? "[]" : Write(fold.ByCampaign(), static (json, campaign, counts) =>
        {
            WriteId(json, "campaign_id", campaign.Value);
            WriteCounts(json, counts);
            json.WriteNumber("first_event_at", counts.First.Micros);
            json.WriteNumber("last_event_at", counts.Last.Micros);
        });
    }

    // The condition stands in each part: SQLite carries none from outside into the parts of a union.
    private static string HourlyWhere(Database database, string condition) => $"""
        (SELECT {Names(Columns)} FROM stat_hourly WHERE org_id = @org AND hour BETWEEN @first AND @last{condition}
         UNION ALL
         SELECT campaign_id, booked_hour, offer_id, retailer_org_id, location_id, 0, 0, 0, 0, 0, amount_micro
         FROM adjustment WHERE org_id = @org AND booked_hour BETWEEN @first AND @last{condition}
         UNION ALL
         SELECT {Names(Columns)} FROM {database.RowsOf("tail", Columns)}
         WHERE hour BETWEEN @first AND @last{condition}) AS s
        """;

    /// <summary>The parameter for <see cref="Reasons"/>, in the snapshot in which that is read.</summary>
    public async Task<string> ReasonsTail(
        DbConnection connection, OrganizationId organization, CancellationToken cancellation)
    {
        var fold = await rollups.Tail(connection, organization, cancellation);
        return fold.Keys == 0 ? "[]" : Write(fold.ByReason(), static (json, key, counts) =>
        {
            WriteId(json, "campaign_id", key.Campaign.Value);
            json.WriteNumber("day", key.Day);
            json.WriteNumber("reason", (int)key.Reason);
            json.WriteNumber("impressions", counts.Impressions);
            json.WriteNumber("clicks", counts.Clicks);
        });
    }

    private static string Names((string Name, string Type)[] columns) =>
        string.Join(", ", columns.Select(column => column.Name));

    private static string Write<TKey, TCounts>(
        IEnumerable<KeyValuePair<TKey, TCounts>> rows, Action<Utf8JsonWriter, TKey, TCounts> write)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartArray();
            foreach (var (key, counts) in rows)
            {
                json.WriteStartObject();
                write(json, key, counts);
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        return Encoding.UTF8.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
    }

    /// <summary>As SQLite stores ids; PostgreSQL does not mind.</summary>
    private static void WriteId(Utf8JsonWriter json, string name, Guid id) =>
        json.WriteString(name, id.ToString().ToUpperInvariant());

    private static void WriteCounts(Utf8JsonWriter json, in StatCounts counts)
    {
        json.WriteNumber("impressions", counts.Impressions);
        json.WriteNumber("clicks", counts.Clicks);
        json.WriteNumber("invalid_impressions", counts.InvalidImpressions);
        json.WriteNumber("invalid_clicks", counts.InvalidClicks);
        json.WriteNumber("unbilled_clicks", counts.UnbilledClicks);
    }
}
