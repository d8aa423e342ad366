using System.Data.Common;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>The key of a row of invalid events; the day is that of the hour they are billed in.</summary>
public readonly record struct ReasonKey(CampaignId Campaign, int Day, EventReason Reason);

/// <summary>How many invalid events one key has.</summary>
public record struct ReasonCounts(long Impressions, long Clicks)
{
    public static ReasonCounts operator +(ReasonCounts left, ReasonCounts right) =>
        new(left.Impressions + right.Impressions, left.Clicks + right.Clicks);
}

/// <summary>
/// The rows of invalid events by reason. Their watermark is their own, because they came later than rollups: from
/// where both are equal they move together, and what was rolled up before is caught up with apart.
/// </summary>
internal static class InvalidReasons
{
    /// <summary>Name of the projection.</summary>
    public const string Projection = "reasons";

    // Relative on purpose: the row may hold earlier batches' events.
    private const string AddRow = """
        INSERT INTO invalid_daily AS d (org_id, campaign_id, day, reason, impressions, clicks)
        VALUES (@org, @campaign, @day, @reason, @impressions, @clicks)
        ON CONFLICT (org_id, campaign_id, day, reason) DO UPDATE SET
            impressions = d.impressions + excluded.impressions,
            clicks = d.clicks + excluded.clicks
        """;

    private const string AdvanceTo = """
        UPDATE projection SET through_batch = @through WHERE org_id = @org AND name = 'reasons'
        """;

    private const string DropRows = "DELETE FROM invalid_daily WHERE org_id = @org";

    private const string Rows = """
        SELECT campaign_id, day, reason, impressions, clicks
        FROM invalid_daily WHERE org_id = @org AND day BETWEEN @first AND @last
        """;

    public static Task Add(
        DbConnection connection, OrganizationId advertiser, JournalFold fold, CancellationToken cancellation) =>
        connection.ExecuteMany(
            AddRow,
            ["org", "campaign", "day", "reason", "impressions", "clicks"],
            fold.ByReason().Select(pair => new object?[]
            {
                advertiser, pair.Key.Campaign, pair.Key.Day, (int)pair.Key.Reason, pair.Value.Impressions,
                pair.Value.Clicks,
            }),
            cancellation);

    public static Task Advance(
        DbConnection connection, OrganizationId advertiser, long through, CancellationToken cancellation) =>
        connection.Execute(AdvanceTo, cancellation, ("org", advertiser), ("through", through));

    public static Task Drop(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) =>
        connection.Execute(DropRows, cancellation, ("org", advertiser));

    /// <summary>Reports where the rows of a span of days (yyyymmdd) are not what the fold comes to.</summary>
    public static async Task Compare(
        DbConnection connection,
        OrganizationId advertiser,
        int firstDay,
        int lastDay,
        JournalFold fold,
        Action<Difference> report,
        CancellationToken cancellation)
    {
        var expected = fold.ByReason();
        await connection.ForEach(
            Rows,
            row =>
            {
                var key = new ReasonKey(row.Id<CampaignId>(0), row.GetInt32(1), (EventReason)row.GetInt32(2));
                expected.Remove(key, out var counts);
                Compare(key, new ReasonCounts(row.GetInt64(3), row.GetInt64(4)), counts);
            },
            cancellation,
            ("org", advertiser),
            ("first", firstDay),
            ("last", lastDay));
        foreach (var (key, counts) in expected)
        {
            Compare(key, default, counts);
        }

        void Compare(ReasonKey key, ReasonCounts stored, ReasonCounts wanted)
        {
            Figure(key, "impressions", stored.Impressions, wanted.Impressions);
            Figure(key, "clicks", stored.Clicks, wanted.Clicks);
        }

        void Figure(ReasonKey key, string name, long stored, long wanted)
        {
            if (stored != wanted)
            {
                report(new Difference(
                    advertiser,
                    "invalid_daily",
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"campaign {key.Campaign} day {key.Day} reason {EventWords.Of(key.Reason)}"),
                    name,
                    stored.ToString(CultureInfo.InvariantCulture),
                    wanted.ToString(CultureInfo.InvariantCulture)));
            }
        }
    }
}
