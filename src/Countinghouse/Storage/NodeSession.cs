using Npgsql;
using NpgsqlTypes;

namespace Countinghouse.Storage;

/// <summary>
/// This node's own connection to PostgreSQL, beside the pools. On it the node hears what others change and holds the
/// advisory locks of the jobs that it runs: they are the session's, so the server frees them the moment it is gone.
/// Once a second it is used, so that a node that was cut off knows soon, and stops its jobs.
/// </summary>
public sealed partial class NodeSession(
    Database database, ChangeFeed changes, JobTurns turns, TimeProvider clock, ILogger<NodeSession> log)
    : BackgroundService
{
    /// <summary>No answer for so long is no connection.</summary>
    private const int AnswerSecondsMax = 5;

    /// <summary>
    /// A node that vanishes without a word (power, network) is forgotten by the server after some ten seconds instead
    /// of two hours, and its jobs go to another.
    /// </summary>
    private const string BeForgottenSoon = """
        SET tcp_keepalives_idle = 4; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3;
        SET tcp_user_timeout = 10000
        """;

    private const string Listen = "LISTEN " + ChangeFeed.Channel;

    private const string TakeLocks = "SELECT key FROM unnest(@keys) AS key WHERE pg_try_advisory_lock(key)";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private CancellationTokenSource _wake = new();

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (database.Engine == Engine.Sqlite)
        {
            turns.GiveAll();
            return;
        }

        turns.Wanted = () => Volatile.Read(ref _wake).Cancel();
        var (pause, isLost) = (FirstPause, false);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var connection = await database.OpenSession(AnswerSecondsMax, stoppingToken);
                (pause, isLost) = (FirstPause, false);
                await Live(connection, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                // Once, and not each time that it is tried again.
                if (!isLost)
                {
                    LogLost(error.Message);
                }

                isLost = true;
            }
#pragma warning disable CA1031 // Whatever it was: without a session no node would run the jobs.
            catch (Exception error)
#pragma warning restore CA1031
            {
                LogFailed(error);
            }
            finally
            {
                turns.LoseAll();
            }

            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            pause = pause * 2 > LongestPause ? LongestPause : pause * 2;
        }
    }

    public override void Dispose()
    {
        _wake.Dispose();
        base.Dispose();
    }

    private async Task Live(NpgsqlConnection connection, CancellationToken stopping)
    {
        connection.Notification += (_, told) => changes.Heard(told.Payload);
        await connection.Execute(BeForgottenSoon, stopping);
        await connection.Execute(Listen, stopping);
        changes.BeginsToHear();
        while (true)
        {
            // The one before is not disposed of: somebody may be about to cancel it.
            var wake = new CancellationTokenSource();
            Volatile.Write(ref _wake, wake);
            await TakeTurns(connection, stopping);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping, wake.Token);
            try
            {
                await connection.WaitAsync(Beat, either.Token);
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                // Somebody wants a turn.
            }
        }
    }

    /// <summary>Asked in any case: it is the beat, too.</summary>
    private async Task TakeTurns(NpgsqlConnection connection, CancellationToken stopping)
    {
        var waiting = turns.Waiting;
        await using var command = new NpgsqlCommand(TakeLocks, connection);
        command.Parameters.Add(new NpgsqlParameter<long[]>("keys", NpgsqlDbType.Array | NpgsqlDbType.Bigint)
        {
            TypedValue = [.. waiting.Select(turn => turn.Key).Distinct()],
        });
        var taken = new HashSet<long>();
        await using (var rows = await command.ExecuteReaderAsync(stopping))
        {
            while (await rows.ReadAsync(stopping))
            {
                taken.Add(rows.GetInt64(0));
            }
        }

        var mine = waiting.Where(turn => taken.Contains(turn.Key)).ToList();
        if (mine.Count > 0)
        {
            var jobs = string.Join(", ", mine.Select(turn => turn.Job));
            LogTook(jobs);
            mine.ForEach(turn => turn.Give());
        }
    }
}
