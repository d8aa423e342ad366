using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>
/// Erases once an hour, on one node, the client keys of events received longer ago than the setting. They lie in a
/// column of their own, outside all that is hashed, so that no chain breaks.
/// </summary>
public sealed partial class ClientKeyErasureJob(
    Database database,
    IOptions<ClientKeyOptions> options,
    JobTurns turns,
    TimeProvider clock,
    ILogger<ClientKeyErasureJob> log)
    : BackgroundService
{
    /// <summary>
    /// Batch records per transaction. SQLite writes a record again whole to change it, some 100 KB, and flushes wait
    /// meanwhile: 50 are some 10 ms.
    /// </summary>
    public const int BatchesPerWriteMax = 50;

    // In the order of time, from the oldest: an index on committed_at where client_keys is not null finds them at once.
    private const string ListSome = """
        SELECT org_id, batch_no, committed_at FROM ingest_batch
        WHERE committed_at < @limit AND client_keys IS NOT NULL
        ORDER BY committed_at LIMIT @most
        """;

    // With the time, the month's partition alone is looked at.
    private const string EraseOne = """
        UPDATE ingest_batch SET client_keys = NULL WHERE org_id = @org AND batch_no = @batch AND committed_at = @at
        """;

    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <summary>Between transactions others get their turn.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(50);

    /// <summary>Erases all that is due. Returns the number of batch records that had keys.</summary>
    public async Task<int> Erase(CancellationToken cancellation)
    {
        var limit = Instant.Of(clock.GetUtcNow().AddDays(-options.Value.ClientKeyDays));
        for (var erased = 0; ;)
        {
            var some = await database.Write(
                connection => EraseSome(connection, limit, cancellation), cancellation);
            erased += some;
            if (some < BatchesPerWriteMax)
            {
                return erased;
            }

            await Task.Delay(Breath, clock, cancellation);
        }
    }

    private static async Task<int> EraseSome(DbConnection connection, Instant limit, CancellationToken cancellation)
    {
        var due = await connection.Query(
            ListSome,
            row => new object?[] { row.Id<OrganizationId>(0), row.GetInt64(1), row.GetInt64(2) },
            cancellation,
            ("limit", limit),
            ("most", BatchesPerWriteMax));
        await connection.ExecuteMany(EraseOne, ["org", "batch", "at"], due, cancellation);
        return due.Count;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        turns.Run("client-keys", EraseEachHour, stoppingToken);

    private async Task EraseEachHour(CancellationToken myTurn)
    {
        while (!myTurn.IsCancellationRequested)
        {
            try
            {
                await Erase(myTurn);
            }
            catch (OperationCanceledException) when (myTurn.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotErased(error.Message);
            }

            await Task.Delay(Pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
