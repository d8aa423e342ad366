using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Retention;

/// <summary>Takes archived batches out of the database and puts them back, a few at a time.</summary>
public sealed class BatchStore(Database database, JournalMonths months, TimeProvider clock)
{
    /// <summary>
    /// Batches of a transaction: up to some 20 MB, for some ten milliseconds in which flushes wait on SQLite.
    /// </summary>
    private const int BatchesPerWriteMax = 50;

    // The partition for all others is the only one whose batches leave one by one.
    private const string DropPostgres = """
        DELETE FROM ingest_batch_other WHERE org_id = @org AND batch_no IN (
            SELECT batch_no FROM ingest_batch_other WHERE org_id = @org AND batch_no <= @through
            ORDER BY batch_no LIMIT @most)
        """;

    private const string DropSqlite = """
        DELETE FROM ingest_batch WHERE org_id = @org AND batch_no IN (
            SELECT batch_no FROM ingest_batch WHERE org_id = @org AND batch_no <= @through
            ORDER BY batch_no LIMIT @most)
        """;

    private const string Kept = """
        SELECT b.org_id, MAX(b.batch_no), COALESCE(
            (SELECT MAX(a.through_batch) FROM journal_archive a WHERE a.org_id = b.org_id), 0)
        """;

    private const string Add = """
        INSERT INTO ingest_batch (org_id, batch_no, flush_id, committed_at, event_count, valid_count, click_count,
                                  charge_micro, first_hour, last_hour, client_hash, prev_hash, hash, payload)
        SELECT @org, @batch, @flush, @now, @events, @valid, @clicks, @charge, @first, @last, @client_hash, @previous,
               @hash, @payload
        WHERE NOT EXISTS (SELECT 1 FROM ingest_batch b WHERE b.org_id = @org AND b.batch_no = @batch)
        """;

    /// <summary>Between transactions others get their turn.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Deletes an advertiser's batches up to one, those that do not leave with their month's partition. Returns how
    /// many.
    /// </summary>
    public async Task<long> Drop(OrganizationId advertiser, long through, CancellationToken cancellation)
    {
        var sql = database.Engine == Engine.Postgres ? DropPostgres : DropSqlite;
        for (var dropped = 0L; ;)
        {
            var some = await database.Write(
                connection => connection.Execute(
                    sql, cancellation, ("org", advertiser), ("through", through), ("most", BatchesPerWriteMax)),
                cancellation);
            dropped += some;
            if (some < BatchesPerWriteMax)
            {
                return dropped;
            }

            await Task.Delay(Breath, clock, cancellation);
        }
    }

    /// <summary>
    /// Detaches and drops the partitions of months up to one in which every batch is archived. Returns their names.
    /// </summary>
    public async Task<IReadOnlyList<string>> DropMonths(Period through, CancellationToken cancellation)
    {
        var dropped = new List<string>();
        foreach (var name in (await months.Names(cancellation)).Order())
        {
            if (JournalMonths.MonthOf(name) is { } month && month <= through && await IsGone(name, cancellation))
            {
                await months.Drop(month, cancellation);
                dropped.Add(name);
            }
        }

        return dropped;
    }

    /// <summary>Puts batches back, those that are missing.</summary>
    internal Task Return(
        OrganizationId advertiser, IReadOnlyList<StoredBatch> batches, CancellationToken cancellation) =>
        database.Write(
            connection => connection.ExecuteMany(
                Add,
                [
                    "org", "batch", "flush", "now", "events", "valid", "clicks", "charge", "first", "last",
                    "client_hash", "previous", "hash", "payload",
                ],
                batches.Select(batch => new object?[]
                {
                    advertiser, batch.BatchNo, NamedId.Create($"returned/{advertiser}/{batch.BatchNo}"),
                    batch.CommittedAt, batch.EventCount, batch.ValidCount, batch.ClickCount, batch.Charge,
                    batch.FirstHour, batch.LastHour, batch.ClientHash, batch.PreviousHash, batch.Hash, batch.Payload,
                }),
                cancellation),
            cancellation);

    private async Task<bool> IsGone(string partition, CancellationToken cancellation)
    {
        var kept = await database.Read(
            connection => connection.Query(
                $"{Kept} FROM {partition} b GROUP BY b.org_id",
                row => row.GetInt64(1) > row.GetInt64(2),
                cancellation),
            cancellation);
        return !kept.Contains(true);
    }
}
