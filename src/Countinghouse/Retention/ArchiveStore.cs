using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Retention;

/// <summary>A month of an advertiser as it is archived.</summary>
internal sealed record ArchivedMonth
{
    public required OrganizationId Advertiser { get; init; }

    public required Period Month { get; init; }

    public required long FirstBatch { get; init; }

    public required long ThroughBatch { get; init; }

    public required byte[] PreviousHash { get; init; }

    public required byte[] Hash { get; init; }

    public required Instant CommittedAt { get; init; }

    public required long Events { get; init; }

    public required Money Charge { get; init; }

    /// <summary>Its name, below the archive's folder.</summary>
    public required string File { get; init; }

    public required byte[] FileHash { get; init; }
}

/// <summary>Moves the beginning of journals, and keeps what the batches before it come to.</summary>
public sealed class ArchiveStore(Database database, AuditTrail trail, TimeProvider clock)
{
    /// <summary>Rows of a transaction: on SQLite flushes wait meanwhile.</summary>
    private const int RowsPerWriteMax = 2_000;

    /// <summary>Hours whose rows are deleted in one transaction.</summary>
    private const int HoursPerWriteMax = 24;

    /// <summary>Clocks of nodes differ by no more, so a batch's time is never further from its neighbours'.</summary>
    private const long ClocksApartMicros = 600_000_000;

    private const string Writers = "SELECT org_id FROM ingest_head WHERE batch_no > 0 ORDER BY org_id";

    private const string ReceivedAt = """
        SELECT committed_at FROM ingest_batch WHERE org_id = @org AND batch_no = @batch
        """;

    private const string FirstSince = """
        SELECT committed_at FROM ingest_batch WHERE org_id = @org AND committed_at >= @end
        ORDER BY committed_at LIMIT 1
        """;

    private const string LowestSince = """
        SELECT MIN(batch_no) FROM ingest_batch
        WHERE org_id = @org AND committed_at BETWEEN @first AND @last AND batch_no > @after
        """;

    private const string Head = "SELECT batch_no FROM ingest_head WHERE org_id = @org";

    private const string Columns = """
        SELECT org_id, period, first_batch, through_batch, prev_hash, hash, committed_at, event_count, charge_micro,
               file, file_hash
        FROM journal_archive
        """;

    private const string OfMonth = Columns + " WHERE period = @period ORDER BY org_id";

    private const string OfAll = Columns + " ORDER BY period, org_id";

    private const string LockIds = "SELECT through_batch FROM projection WHERE org_id = @org AND name = 'ids'";

    private const string IsThere = "SELECT COUNT(*) FROM journal_archive WHERE org_id = @org AND period = @period";

    private const string DropHours = """
        DELETE FROM archived_hourly WHERE org_id = @org AND period = @period AND hour IN (
            SELECT DISTINCT hour FROM archived_hourly WHERE org_id = @org AND period = @period
            ORDER BY hour LIMIT @hours)
        """;

    private const string DropReasons = "DELETE FROM archived_invalid WHERE org_id = @org AND period = @period";

    private const string AddHour = """
        INSERT INTO archived_hourly (org_id, period, campaign_id, hour, offer_id, retailer_org_id, location_id,
                                     impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks,
                                     charge_micro, version)
        VALUES (@org, @period, @campaign, @hour, @offer, @retailer, @location, @impressions, @clicks, @bad_impressions,
                @bad_clicks, @unbilled, @charge, @version)
        """;

    private const string AddReason = """
        INSERT INTO archived_invalid (org_id, period, campaign_id, day, reason, impressions, clicks)
        VALUES (@org, @period, @campaign, @day, @reason, @impressions, @clicks)
        """;

    private const string Written = """
        SELECT CAST(COALESCE(SUM(impressions + clicks + invalid_impressions + invalid_clicks), 0) AS bigint),
               CAST(COALESCE(SUM(charge_micro), 0) AS bigint)
        FROM archived_hourly WHERE org_id = @org AND period = @period
        """;

    private const string AddMonth = """
        INSERT INTO journal_archive (org_id, period, first_batch, through_batch, prev_hash, hash, committed_at,
                                     event_count, charge_micro, sums, file, file_hash, archived_at)
        VALUES (@org, @period, @first, @through, @previous, @hash, @committed, @events, @charge, @sums, @file,
                @file_hash, @now)
        """;

    private const string DropMonth = "DELETE FROM journal_archive WHERE org_id = @org AND period = @period";

    private const string MoveIds = """
        UPDATE projection SET through_batch = @through
        WHERE org_id = @org AND name = 'ids' AND through_batch < @through
        """;

    private const string DropBlocks = "DELETE FROM id_run_block WHERE org_id = @org AND through_batch <= @through";

    private const string DropRuns = "DELETE FROM id_run WHERE org_id = @org AND through_batch <= @through";

    /// <summary>Advertisers with a journal.</summary>
    internal Task<List<OrganizationId>> ListWriters(CancellationToken cancellation) => database.Read(
        connection => connection.Query(Writers, row => row.Id<OrganizationId>(0), cancellation), cancellation);

    /// <summary>The month in which the oldest batch in the database was received; null without one.</summary>
    internal Task<Period?> OldestMonth(OrganizationId advertiser, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var start = await JournalStart.Read(connection, advertiser, cancellation);
                var received = await connection.Number(
                    ReceivedAt, cancellation, ("org", advertiser), ("batch", start.BatchNo + 1));
                return received is { } at ? UtcDay.Of(new Instant(at).ToTime()).Period : (Period?)null;
            },
            cancellation);

    /// <summary>The last batch such that it and all before it were received in a month or earlier.</summary>
    internal static async Task<long> LastThrough(
        DbConnection connection,
        OrganizationId advertiser,
        JournalStart start,
        Period month,
        CancellationToken cancellation)
    {
        var first = await connection.Number(
            FirstSince, cancellation, ("org", advertiser), ("end", Instant.Of(month.End)));
        var lowest = first is { } since
            ? await connection.Number(
                LowestSince,
                cancellation,
                ("org", advertiser),
                ("first", since),
                ("last", since + ClocksApartMicros),
                ("after", start.BatchNo))
            : await connection.Number(Head, cancellation, ("org", advertiser)) + 1;
        return Math.Max(start.BatchNo, (lowest ?? 1) - 1);
    }

    /// <summary>Months of all advertisers that are archived, oldest first.</summary>
    internal Task<List<ArchivedMonth>> List(CancellationToken cancellation) => database.Read(
        connection => connection.Query(OfAll, Read, cancellation), cancellation);

    internal Task<List<ArchivedMonth>> List(Period month, CancellationToken cancellation) => database.Read(
        connection => connection.Query(OfMonth, Read, cancellation, ("period", month)), cancellation);

    /// <summary>
    /// Writes what the month's events come to, in steps that keep nobody waiting. It counts for nothing until
    /// <see cref="Finish"/>. False when the month is archived already.
    /// </summary>
    internal async Task<bool> WriteSums(
        OrganizationId advertiser, Period month, JournalFold fold, CancellationToken cancellation)
    {
        var isFree = await DropSums(advertiser, month, cancellation);
        foreach (var chunk in fold.ByKey().Chunk(RowsPerWriteMax))
        {
            isFree = isFree && await Unfinished(
                advertiser,
                month,
                connection => connection.ExecuteMany(
                    AddHour,
                    [
                        "org", "period", "campaign", "hour", "offer", "retailer", "location", "impressions", "clicks",
                        "bad_impressions", "bad_clicks", "unbilled", "charge", "version",
                    ],
                    chunk.Select(pair => new object?[]
                    {
                        advertiser, month, pair.Key.Campaign, pair.Key.Hour, pair.Key.Offer, pair.Key.Retailer,
                        pair.Key.Location, pair.Value.Impressions, pair.Value.Clicks, pair.Value.InvalidImpressions,
                        pair.Value.InvalidClicks, pair.Value.UnbilledClicks, pair.Value.Charge, pair.Value.Version,
                    }),
                    cancellation),
                cancellation);
        }

        return isFree && await Unfinished(
            advertiser,
            month,
            connection => connection.ExecuteMany(
                AddReason,
                ["org", "period", "campaign", "day", "reason", "impressions", "clicks"],
                fold.ByReason().Select(pair => new object?[]
                {
                    advertiser, month, pair.Key.Campaign, pair.Key.Day, (int)pair.Key.Reason, pair.Value.Impressions,
                    pair.Value.Clicks,
                }),
                cancellation),
            cancellation);
    }

    /// <summary>
    /// From now on the journal begins after the month. Throws when what was written is not what the month comes to,
    /// because somebody else was at it too: then nothing is changed.
    /// </summary>
    internal Task Finish(ArchivedMonth month, JournalSums sums, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            await connection.Number(LockIds + database.ForUpdate, cancellation, ("org", month.Advertiser));
            var written = await connection.First(
                Written,
                row => Tuple.Create(row.GetInt64(0), row.GetInt64(1)),
                cancellation,
                ("org", month.Advertiser),
                ("period", month.Month));
            if (!Equals(written, Tuple.Create(month.Events, month.Charge.Micros)))
            {
                throw new InvalidDataException(
                    $"{month.Month} of {month.Advertiser} was archived by two at once; nothing was changed. "
                    + "Try again.");
            }

            await connection.Execute(
                AddMonth,
                cancellation,
                ("org", month.Advertiser),
                ("period", month.Month),
                ("first", month.FirstBatch),
                ("through", month.ThroughBatch),
                ("previous", month.PreviousHash),
                ("hash", month.Hash),
                ("committed", month.CommittedAt),
                ("events", month.Events),
                ("charge", month.Charge),
                ("sums", sums.ToJson()),
                ("file", month.File),
                ("file_hash", month.FileHash),
                ("now", Instant.Of(clock.GetUtcNow())));
            await connection.Execute(
                MoveIds, cancellation, ("org", month.Advertiser), ("through", month.ThroughBatch));
            await connection.Execute(
                DropBlocks, cancellation, ("org", month.Advertiser), ("through", month.ThroughBatch));
            await connection.Execute(
                DropRuns, cancellation, ("org", month.Advertiser), ("through", month.ThroughBatch));
            await trail.Record(
                connection, month.Advertiser, "journal.archive", $"month:{month.Month}", null, Told(month),
                cancellation);
        },
        cancellation);

    /// <summary>The journal begins before the month again: its batches are back.</summary>
    internal async Task Return(ArchivedMonth month, CancellationToken cancellation)
    {
        await database.Write(
            async connection =>
            {
                await connection.Number(LockIds + database.ForUpdate, cancellation, ("org", month.Advertiser));
                await connection.Execute(
                    DropMonth, cancellation, ("org", month.Advertiser), ("period", month.Month));
                await trail.Record(
                    connection, month.Advertiser, "journal.return", $"month:{month.Month}", Told(month), null,
                    cancellation);
            },
            cancellation);
        await DropSums(month.Advertiser, month.Month, cancellation);
    }

    private static object Told(ArchivedMonth month) => new
    {
        month.FirstBatch,
        month.ThroughBatch,
        month.Events,
        ChargeMicros = month.Charge.Micros,
        month.File,
        Sha256 = Convert.ToHexStringLower(month.FileHash),
    };

    private static ArchivedMonth Read(DbDataReader row) => new()
    {
        Advertiser = row.Id<OrganizationId>(0),
        Month = Period.FromNumber(row.GetInt32(1)),
        FirstBatch = row.GetInt64(2),
        ThroughBatch = row.GetInt64(3),
        PreviousHash = row.Bytes(4),
        Hash = row.Bytes(5),
        CommittedAt = new Instant(row.GetInt64(6)),
        Events = row.GetInt64(7),
        Charge = new Money(row.GetInt64(8)),
        File = row.GetString(9),
        FileHash = row.Bytes(10),
    };

    private async Task<bool> DropSums(OrganizationId advertiser, Period month, CancellationToken cancellation)
    {
        for (var dropped = 1; dropped > 0;)
        {
            var isFree = await Unfinished(
                advertiser,
                month,
                async connection => dropped = await connection.Execute(
                    DropHours, cancellation, ("org", advertiser), ("period", month), ("hours", HoursPerWriteMax)),
                cancellation);
            if (!isFree)
            {
                return false;
            }
        }

        return await Unfinished(
            advertiser,
            month,
            connection => connection.Execute(DropReasons, cancellation, ("org", advertiser), ("period", month)),
            cancellation);
    }

    /// <summary>A step on a month that is not archived yet; false and nothing done when it is.</summary>
    private Task<bool> Unfinished(
        OrganizationId advertiser,
        Period month,
        Func<DbConnection, Task> step,
        CancellationToken cancellation) => database.Write(
        async connection =>
        {
            await connection.Number(LockIds + database.ForUpdate, cancellation, ("org", advertiser));
            if (await connection.Number(IsThere, cancellation, ("org", advertiser), ("period", month)) > 0)
            {
                return false;
            }

            await step(connection);
            return true;
        },
        cancellation);
}
