using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Hands over rollup rows as they are stored, for export.</summary>
public sealed class RollupReader
{
    private const string Rows = """
        SELECT campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks, invalid_impressions,
               invalid_clicks, unbilled_clicks, charge_micro, version
        FROM stat_hourly WHERE org_id = @org AND hour BETWEEN @first AND @last ORDER BY hour, campaign_id, offer_id
        """;

    /// <summary>
    /// The rows of a span of hours (yyyymmddhh) up to the watermark, in the order of hour, campaign and offer; memory
    /// for one row.
    /// </summary>
    public Task ForEach(
        DbConnection connection,
        OrganizationId advertiser,
        int firstHour,
        int lastHour,
        Action<StatKey, StatCounts> read,
        CancellationToken cancellation) => connection.ForEach(
        Rows,
        row =>
        {
            var (key, counts) = Read(row);
            read(key, counts);
        },
        cancellation,
        ("org", advertiser),
        ("first", firstHour),
        ("last", lastHour));

    /// <summary>A row of the columns above, of this table or one like it.</summary>
    internal static (StatKey Key, StatCounts Counts) Read(DbDataReader row) => (
        new StatKey(
            row.Id<CampaignId>(0), row.GetInt32(1), row.Id<OfferId>(2), row.Id<OrganizationId>(3),
            row.Id<LocationId>(4)),
        new StatCounts
        {
            Impressions = row.GetInt64(5),
            Clicks = row.GetInt64(6),
            InvalidImpressions = row.GetInt64(7),
            InvalidClicks = row.GetInt64(8),
            UnbilledClicks = row.GetInt64(9),
            Charge = new Money(row.GetInt64(10)),
            Version = row.GetInt64(11),
        });
}
