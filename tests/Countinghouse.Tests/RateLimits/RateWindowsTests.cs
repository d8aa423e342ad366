using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RateLimits;

/// <summary>What is kept of the counts: over a stop, over a kill, and between nodes.</summary>
public abstract class RateWindowsContract(Engine engine)
{
    private const string Total = "SELECT SUM(used) FROM rate_window WHERE window_seconds = 86400";
    private const string Windows = "SELECT COUNT(*) FROM rate_window";

    [Fact]
    public async Task A_restart_hands_out_neither_a_fresh_minute_nor_a_fresh_day()
    {
        await using var database = await TestDatabase.Create(engine);
        string byMinute, byDay;
        await using (var before = await LimitedServer.Start(engine, database))
        {
            byMinute = await before.Key(perMinute: 10);
            byDay = await before.Key(perDay: 10);
            for (var i = 0; i < 7; i++)
            {
                await before.Ask(byMinute);
                await before.Ask(byDay);
            }
        }

        await using var after = await LimitedServer.Start(engine, database);

        Assert.Equal(2, (await after.Ask(byMinute)).Remaining());
        Assert.Equal(2, (await after.Ask(byDay)).Remaining());
        after.Clock.Now = after.Clock.Now.AddMinutes(5);
        Assert.Equal(2, await after.UseUp(byDay));
    }

    [Fact]
    public async Task A_kill_loses_what_came_in_the_last_second_at_most()
    {
        await using var database = await TestDatabase.Create(engine);
        await using var killed = await LimitedServer.Start(engine, database);
        var key = await killed.Key(perDay: 10);
        for (var i = 0; i < 7; i++)
        {
            await killed.Ask(key);
        }

        // Nobody tells the job to hurry, nor the server to stop: what the database holds is what a kill leaves.
        await LimitedServer.Until(async () => await Number(database, Total) == 7);
        await using var after = await LimitedServer.Start(engine, database);

        Assert.Equal(2, (await after.Ask(key)).Remaining());
    }

    [Fact]
    public async Task Two_nodes_share_the_count()
    {
        await using var database = await TestDatabase.Create(engine);
        await using var one = await LimitedServer.Start(engine, database);
        await using var two = await LimitedServer.Start(engine, database);
        var key = await one.Key(perMinute: 20);
        for (var i = 0; i < 6; i++)
        {
            await one.Ask(key);
            await two.Ask(key);
        }

        await one.Get<RateLimitJob>().Flush(CancellationToken.None);
        await two.Get<RateLimitJob>().Flush(CancellationToken.None);
        Assert.Equal(7, (await two.Ask(key)).Remaining());

        await two.Get<RateLimitJob>().Flush(CancellationToken.None);
        await one.Ask(key);
        await one.Get<RateLimitJob>().Flush(CancellationToken.None);
        Assert.Equal(6, await one.UseUp(key));
    }

    [Fact]
    public async Task Nodes_that_flush_at_once_add_up()
    {
        const int keys = 20;
        const int rounds = 5;
        await using var database = await TestDatabase.Create(engine);
        await using var one = await LimitedServer.Start(engine, database);
        await using var two = await LimitedServer.Start(engine, database);
        var names = new List<string>();
        for (var i = 0; i < keys; i++)
        {
            names.Add(await one.Key());
        }

        for (var round = 0; round < rounds; round++)
        {
            await Task.WhenAll(names.SelectMany(key => new[] { one.Ask(key), two.Ask(key) }));
            await Task.WhenAll(new[] { one, two }.Select(
                node => node.Get<RateLimitJob>().Flush(CancellationToken.None)));
        }

        Assert.Equal(2 * keys * rounds, await Number(database, Total));
        Assert.Empty(one.Log.Lines.Concat(two.Log.Lines));
    }

    [Fact]
    public async Task What_the_database_does_not_take_is_kept_and_written_later()
    {
        await using var server = await LimitedServer.Start(engine);
        var key = await server.Key(perDay: 10);
        await server.Ask(key);
        await server.Get<RateLimitJob>().Flush(CancellationToken.None);

        await Execute(server, "ALTER TABLE rate_window RENAME TO rate_window_away");
        await server.Ask(key);
        await Assert.ThrowsAnyAsync<Exception>(() => server.Get<RateLimitJob>().Flush(CancellationToken.None));
        Assert.Equal(7, (await server.Ask(key)).Remaining());

        await Execute(server, "ALTER TABLE rate_window_away RENAME TO rate_window");
        await server.Get<RateLimitJob>().Flush(CancellationToken.None);
        Assert.Equal(3, await Number(server.Storage, Total));
        Assert.Equal(6, (await server.Ask(key)).Remaining());
    }

    [Fact]
    public async Task Windows_that_are_over_leave_the_table_and_the_memory()
    {
        await using var server = await LimitedServer.Start(engine);
        await server.Ask(await server.Key());
        await server.Ask();
        await server.Get<RateLimitJob>().Flush(CancellationToken.None);
        Assert.Equal(3, await Number(server.Storage, Windows));
        Assert.Equal(2, server.Get<RateLimitCounters>().Subjects);

        server.Clock.Now = server.Clock.Now.AddHours(1);
        await LimitedServer.Until(async () => await Number(server.Storage, Windows) == 1);
        Assert.Equal(1, server.Get<RateLimitCounters>().Subjects);

        server.Clock.Now = server.Clock.Now.AddDays(3);
        await LimitedServer.Until(async () => await Number(server.Storage, Windows) == 0);
        Assert.Equal(0, server.Get<RateLimitCounters>().Subjects);
    }

    [Fact]
    public async Task All_nodes_use_one_secret_even_when_they_make_it_at_once()
    {
        await using var database = await TestDatabase.Create(engine);
        await using var another = database.OpenAgain();
        var made = await Task.WhenAll(new[] { database.Database, another, database.Database, another }.Select(handle =>
            new SystemSecrets(handle, TimeProvider.System).GetOrCreate("test", CancellationToken.None)));

        Assert.All(made, secret => Assert.Equal(made[0], secret));
        Assert.Equal(SystemSecrets.SecretBytes, made[0].Length);
    }

    private static Task<long?> Number(TestDatabase database, string sql) => database.Database.Read(
        connection => connection.Number(sql, CancellationToken.None), CancellationToken.None);

    private static Task<int> Execute(TestServer server, string sql) => server.Database.Write(
        connection => connection.Execute(sql, CancellationToken.None), CancellationToken.None);
}

public sealed class SqliteRateWindows() : RateWindowsContract(Engine.Sqlite);

public sealed class PostgresRateWindows() : RateWindowsContract(Engine.Postgres);
