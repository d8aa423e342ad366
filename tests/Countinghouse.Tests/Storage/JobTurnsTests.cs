using Countinghouse.Support;

namespace Countinghouse.Storage;

/// <summary>Of all nodes one has the turn, and it goes on to another when its holder is gone.</summary>
public sealed class JobTurnsTests
{
    private const string Job = "test";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Of_three_nodes_one_works_and_when_it_stops_another_goes_on()
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);
        var workers = new List<Worker>();
        for (var node = 0; node < 3; node++)
        {
            workers.Add(await Worker.Start(database));
        }

        for (var left = 3; left > 0; left--)
        {
            await Until(() => workers.Count(worker => worker.Works) == 1);
            var holder = workers.Single(worker => worker.Works);
            await holder.DisposeAsync();
            Assert.False(holder.Works);
            workers.Remove(holder);
        }
    }

    [Fact]
    public async Task A_holder_whose_session_was_ended_stops_and_somebody_goes_on()
    {
        await using var database = await TestDatabase.Create(Engine.Postgres);
        await using var one = await Worker.Start(database);
        await using var other = await Worker.Start(database);
        Worker[] workers = [one, other];
        await Until(() => workers.Count(worker => worker.Works) == 1);
        var holder = workers.Single(worker => worker.Works);

        Assert.Equal(1, await database.Database.Read(
            connection => connection.Number(
                """
                SELECT count(pg_terminate_backend(pid)) FROM pg_locks
                WHERE locktype = 'advisory'
                  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                  AND (classid::bigint << 32 | objid::bigint) = @key
                """,
                CancellationToken.None,
                ("key", new JobTurns.Turn(Job).Key)),
            CancellationToken.None));

        await Until(() => holder.Stops == 1);
        await Until(() => workers.Count(worker => worker.Works) == 1);
    }

    [Fact]
    public void The_key_of_a_job_is_the_same_in_all_versions() =>
        Assert.Equal(-2_592_846_402_389_518_285, new JobTurns.Turn("payouts").Key);

    [Fact]
    public async Task On_SQLite_it_is_always_this_process_s_turn()
    {
        await using var database = await TestDatabase.Create(Engine.Sqlite);
        await using var worker = await Worker.Start(database);

        await Until(() => worker.Works);
    }

    private static async Task Until(Func<bool> isSo)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!isSo())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    /// <summary>A node with a job of its own beside the program's.</summary>
    private sealed class Worker : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stopping = new();
        private readonly TestServer _server;
        private readonly Task _job;
        private int _working;
        private int _stops;

        private Worker(TestServer server)
        {
            _server = server;
            _job = server.Get<JobTurns>().Run(Job, Work, _stopping.Token);
        }

        public bool Works => Volatile.Read(ref _working) > 0;

        public int Stops => Volatile.Read(ref _stops);

        public static async Task<Worker> Start(TestDatabase database) =>
            new(await TestServer.Start(database.Database.Engine, shared: database));

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _job;
            await _server.DisposeAsync();
            _stopping.Dispose();
        }

        private async Task Work(CancellationToken myTurn)
        {
            Interlocked.Increment(ref _working);
            try
            {
                await Task.Delay(Timeout.Infinite, myTurn);
            }
            finally
            {
                Interlocked.Decrement(ref _working);
                Interlocked.Increment(ref _stops);
            }
        }
    }
}
