using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Storage;

public abstract class DatabaseContract(Engine engine) : IAsyncLifetime
{
    private const string Insert =
        "INSERT INTO settlement (period, state, started_at, actor) VALUES (@period, 'CLOSING', 0, 'test')";

    private const string Count = "SELECT COUNT(*) FROM settlement";

    private TestDatabase _test = null!;

    private Database Database => _test.Database;

    public async Task InitializeAsync() => _test = await TestDatabase.Create(engine);

    public async Task DisposeAsync() => await _test.DisposeAsync();

    [Fact]
    public async Task A_write_that_throws_leaves_nothing()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => Database.Write(
            async connection =>
            {
                await connection.Execute(Insert, CancellationToken.None, ("period", 202601));
                throw new InvalidOperationException("stop");
            },
            CancellationToken.None));

        Assert.Equal(0, await Rows());
    }

    [Fact]
    public async Task A_write_that_breaks_a_rule_leaves_nothing_of_what_came_before()
    {
        await Assert.ThrowsAnyAsync<DbException>(() => Database.Write(
            async connection =>
            {
                await connection.Execute(Insert, CancellationToken.None, ("period", 202601));
                await connection.Execute(Insert, CancellationToken.None, ("period", 202601));
            },
            CancellationToken.None));

        Assert.Equal(0, await Rows());
    }

    [Fact]
    public async Task A_write_is_there_for_every_node_when_it_returns()
    {
        await using var other = _test.OpenAgain();

        await Database.Write(
            c => c.Execute(Insert, CancellationToken.None, ("period", 202601)), CancellationToken.None);

        Assert.Equal(1, await other.Read(c => c.Number(Count, CancellationToken.None), CancellationToken.None));
    }

    [Fact]
    public async Task A_snapshot_sees_one_state_whatever_is_written_meanwhile()
    {
        var (before, after) = await Database.ReadSnapshot(
            async connection =>
            {
                var first = await connection.Number(Count, CancellationToken.None);
                await Database.Write(
                    c => c.Execute(Insert, CancellationToken.None, ("period", 202601)), CancellationToken.None);
                return (first, await connection.Number(Count, CancellationToken.None));
            },
            CancellationToken.None);

        Assert.Equal((0, 0), (before, after));
        Assert.Equal(1, await Rows());
    }

    [Fact]
    public async Task Writers_at_once_lose_nothing()
    {
        await using var other = _test.OpenAgain();
        await Database.Write(
            c => c.Execute(
                "INSERT INTO rate_window (subject, window_seconds, window_start, used) VALUES (@s, 60, 0, 0)",
                CancellationToken.None,
                ("s", new byte[] { 1 })),
            CancellationToken.None);

        await Task.WhenAll(Enumerable.Range(0, 100).Select(index => (index % 2 == 0 ? Database : other).Write(
            c => c.Execute("UPDATE rate_window SET used = used + 1", CancellationToken.None), CancellationToken.None)));

        Assert.Equal(100, await Database.Read(
            c => c.Number("SELECT used FROM rate_window", CancellationToken.None), CancellationToken.None));
    }

    [Fact]
    public async Task Waiting_for_a_write_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        var inside = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var first = Database.Write(
            async connection =>
            {
                await connection.Execute(Insert, CancellationToken.None, ("period", 202601));
                inside.SetResult();
                await go.Task;
            },
            CancellationToken.None);
        await inside.Task;
        var second = Database.Write(
            c => c.Execute(Insert, stop.Token, ("period", 202601)), stop.Token);

        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        go.SetResult();
        await first;

        Assert.Equal(1, await Rows());
    }

    [Fact]
    public async Task Values_come_back_as_they_were_written()
    {
        var id = Guid.CreateVersion7(DateTimeOffset.UnixEpoch);
        await Database.Write(
            c => c.Execute(
                """
                INSERT INTO organization (org_id, name, is_operator, created_at, metadata)
                VALUES (@org, @name, @operator, @now, '{}')
                """,
                CancellationToken.None,
                ("org", new OrganizationId(id)),
                ("name", "Ünïcode 'quoted' \"𝄞\""),
                ("operator", true),
                ("now", new Instant(long.MaxValue))),
            CancellationToken.None);

        var rows = await Database.Read(
            c => c.Query(
                "SELECT org_id, name, is_operator, created_at FROM organization WHERE org_id = @org",
                row => (row.Id<OrganizationId>(0), row.GetString(1), row.GetBoolean(2), row.GetInt64(3)),
                CancellationToken.None,
                ("org", new OrganizationId(id))),
            CancellationToken.None);

        Assert.Equal((new OrganizationId(id), "Ünïcode 'quoted' \"𝄞\"", true, long.MaxValue), Assert.Single(rows));
    }

    [Fact]
    public async Task A_database_that_is_not_there_is_unavailable_and_a_broken_rule_is_not()
    {
        await using var nowhere = engine == Engine.Sqlite
            ? Database.OpenSqlite("/nowhere/at/all.db")
            : Database.OpenPostgres("Host=/nowhere/at/all;Database=none;Username=none");
        var missing = await Assert.ThrowsAnyAsync<Exception>(
            () => nowhere.Read(c => c.Number("SELECT 1", CancellationToken.None), CancellationToken.None));
        var broken = await Assert.ThrowsAnyAsync<DbException>(() => Database.Write(
            c => c.Execute("INSERT INTO settlement (period) VALUES (1)", CancellationToken.None),
            CancellationToken.None));

        Assert.True(Database.IsUnavailable(missing), missing.ToString());
        Assert.False(Database.IsUnavailable(broken), broken.ToString());
    }

    private Task<long?> Rows() => Database.Read(c => c.Number(Count, CancellationToken.None), CancellationToken.None);
}

public sealed class SqliteDatabase() : DatabaseContract(Engine.Sqlite);

public sealed class PostgresDatabase() : DatabaseContract(Engine.Postgres);
