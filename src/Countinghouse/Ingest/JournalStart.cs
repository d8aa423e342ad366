using System.Data.Common;
using System.Security.Cryptography;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Where an advertiser's journal begins in the database: after the last batch that was archived. Batches up to it may
/// still be there, and count as gone.
/// </summary>
/// <param name="BatchNo">The last archived batch; 0 while all are here.</param>
/// <param name="Hash">Its hash; zeros while all are here.</param>
/// <param name="CommittedAt">When it was received.</param>
/// <param name="Through">The last archived month of receipt; null while all are here.</param>
public sealed record JournalStart(long BatchNo, byte[] Hash, Instant CommittedAt, Period? Through)
{
    private const string Newest = """
        SELECT through_batch, hash, committed_at, period FROM journal_archive
        WHERE org_id = @org ORDER BY period DESC LIMIT 1
        """;

    private const string NewestSums = """
        SELECT sums FROM journal_archive WHERE org_id = @org ORDER BY period DESC LIMIT 1
        """;

    private const string Chain = """
        SELECT period, first_batch, through_batch, prev_hash, hash FROM journal_archive
        WHERE org_id = @org ORDER BY period
        """;

    // Rows of a month that is still being archived are no part of anything yet.
    private const string IsArchived = """
        org_id = @org AND period IN (SELECT a.period FROM journal_archive a WHERE a.org_id = @org)
        """;

    private const string Hours = $"""
        SELECT campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks, invalid_impressions,
               invalid_clicks, unbilled_clicks, charge_micro, version
        FROM archived_hourly WHERE {IsArchived} AND hour BETWEEN @first AND @last
        """;

    private const string Days = $"""
        SELECT campaign_id, day, reason, impressions, clicks
        FROM archived_invalid WHERE {IsArchived} AND day BETWEEN @first AND @last
        """;

    private const string Restore = $"""
        INSERT INTO stat_hourly (org_id, campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks,
                                 invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro, version)
        SELECT org_id, campaign_id, hour, offer_id, retailer_org_id, location_id, CAST(SUM(impressions) AS bigint),
               CAST(SUM(clicks) AS bigint), CAST(SUM(invalid_impressions) AS bigint),
               CAST(SUM(invalid_clicks) AS bigint), CAST(SUM(unbilled_clicks) AS bigint),
               CAST(SUM(charge_micro) AS bigint), MAX(version)
        FROM archived_hourly WHERE {IsArchived}
        GROUP BY org_id, campaign_id, hour, offer_id, retailer_org_id, location_id
        """;

    private const string RestoreInvalid = $"""
        INSERT INTO invalid_daily (org_id, campaign_id, day, reason, impressions, clicks)
        SELECT org_id, campaign_id, day, reason, CAST(SUM(impressions) AS bigint), CAST(SUM(clicks) AS bigint)
        FROM archived_invalid WHERE {IsArchived} GROUP BY org_id, campaign_id, day, reason
        """;

    /// <summary>The beginning of a journal of which nothing was archived.</summary>
    public static JournalStart OfAll { get; } = new(0, new byte[SHA256.HashSizeInBytes], default, null);

    public static async Task<JournalStart> Read(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) =>
        await connection.First(
            Newest,
            row => new JournalStart(
                row.GetInt64(0), row.Bytes(1), new Instant(row.GetInt64(2)), Period.FromNumber(row.GetInt32(3))),
            cancellation,
            ("org", advertiser)) ?? OfAll;

    /// <summary>What all archived batches come to.</summary>
    public static async Task<JournalSums> ReadSums(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) =>
        await connection.First(
            NewestSums, row => JournalSums.Parse(row.GetString(0)), cancellation, ("org", advertiser))
        ?? new JournalSums();

    /// <summary>Adds what archived events of a span of hours come to.</summary>
    internal static async Task AddTo(
        JournalFold fold,
        DbConnection connection,
        OrganizationId advertiser,
        int firstHour,
        int lastHour,
        CancellationToken cancellation)
    {
        await connection.ForEach(
            Hours,
            row =>
            {
                var (key, counts) = RollupReader.Read(row);
                fold.Add(key, counts);
            },
            cancellation,
            ("org", advertiser),
            ("first", firstHour),
            ("last", lastHour));
        await connection.ForEach(
            Days,
            row => fold.Add(
                new ReasonKey(row.Id<CampaignId>(0), row.GetInt32(1), (EventReason)row.GetInt32(2)),
                new ReasonCounts(row.GetInt64(3), row.GetInt64(4))),
            cancellation,
            ("org", advertiser),
            ("first", firstHour / 100),
            ("last", lastHour / 100));
    }

    /// <summary>Makes the rollups of archived events anew, into tables that have none of the advertiser's.</summary>
    internal static async Task RestoreRollups(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        await connection.Execute(Restore, cancellation, ("org", advertiser));
        await connection.Execute(RestoreInvalid, cancellation, ("org", advertiser));
    }

    /// <summary>Reports where an archived month does not go on from the one before.</summary>
    internal static async Task CheckChain(
        DbConnection connection, OrganizationId advertiser, BookComparison books, CancellationToken cancellation)
    {
        var (batch, hash) = (OfAll.BatchNo, OfAll.Hash);
        await connection.ForEach(
            Chain,
            row =>
            {
                var key = $"month {Period.FromNumber(row.GetInt32(0))}";
                books.Expect("journal_archive", key, "first_batch", row.GetInt64(1), batch + 1);
                books.Expect(
                    "journal_archive", key, "prev_hash", Convert.ToHexStringLower(row.Bytes(3)),
                    Convert.ToHexStringLower(hash));
                (batch, hash) = (row.GetInt64(2), row.Bytes(4));
            },
            cancellation,
            ("org", advertiser));
    }
}
