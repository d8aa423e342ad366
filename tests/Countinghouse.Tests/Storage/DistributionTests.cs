using Countinghouse.Retention;
using Countinghouse.Support;
using Npgsql;

namespace Countinghouse.Storage;

/// <summary>What "distribute" promises wherever it is asked.</summary>
public sealed class DistributionTests
{
    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task Every_table_of_the_schema_has_one_place_and_a_reason(Engine engine)
    {
        await using var test = await TestDatabase.Create(engine);

        var planned = DistributionPlan.Tables.Select(table => table.Name).Order(StringComparer.Ordinal);

        Assert.Equal((await test.Database.Tables()).Order(StringComparer.Ordinal), planned);
        Assert.All(DistributionPlan.Tables, table => Assert.NotEmpty(table.Reason));
    }

    [Fact]
    public async Task SQLite_is_refused_in_words()
    {
        await using var test = await TestDatabase.Create(Engine.Sqlite);

        var ended = await TestProgram.Run(["distribute", .. TestProgram.On(test)]);

        Assert.Equal(1, ended.Code);
        Assert.StartsWith("SQLite cannot be distributed. Move to PostgreSQL first", Assert.Single(ended.ErrorLines));
        Assert.Empty(ended.Output);
    }

    [Fact]
    [Trait("Server", "Own")]
    public async Task A_server_without_Citus_is_refused_in_words_and_left_as_it_is()
    {
        await using var test = await TestDatabase.Create(Engine.Postgres);
        var before = await test.Database.Contents();

        var ended = await TestProgram.Run(["distribute", .. TestProgram.On(test)]);

        Assert.Equal(1, ended.Code);
        Assert.StartsWith("This database has no Citus. Install Citus on every node", Assert.Single(ended.ErrorLines));
        Assert.Equal(before, await test.Database.Contents());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1025")]
    [InlineData("many")]
    public async Task Shards_that_cannot_be_are_refused(string shards)
    {
        var ended = await TestProgram.Run("distribute", "--shards", shards);

        Assert.Equal(2, ended.Code);
        Assert.Contains("--shards", ended.Error);
    }
}

/// <summary>The same on a cluster: ./test --citus.</summary>
[Trait("Engine", "Citus")]
public sealed class DistributedTests
{
    private static readonly TestClock Clock = new();

    [Fact]
    public async Task A_full_database_is_distributed_with_all_its_rows_and_once()
    {
        await using var test = await TestDatabase.Create(Engine.Postgres, migrate: false);
        await Fill(test.Database);
        var before = await test.Database.Contents();

        var look = await TestProgram.Run(["distribute", "--dry-run", "--shards", "4", .. TestProgram.On(test)]);
        Assert.True(look.Code == 0, look.Error);
        Assert.Contains("nothing was done", look.Error);
        Assert.False(await IsDistributed(test.Database));

        var done = await TestProgram.Run(["distribute", "--shards", "4", .. TestProgram.On(test)]);
        Assert.True(done.Code == 0, done.Error);
        var rows = done.Output.Split('\n').Select(line => line.Split('\t')).ToDictionary(cells => cells[0]);
        Assert.Equal("by organization", rows["campaign_budget"][1]);
        Assert.Equal("moved", rows["campaign_budget"][3]);
        Assert.NotEqual("0", rows["campaign_budget"][2]);
        Assert.Equal("every node", rows["organization"][1]);
        Assert.Equal("stays", rows["rate_window"][3]);
        await using var other = test.OpenAgain();
        Assert.True(await IsDistributed(other));
        Assert.Equal(before, await other.Contents());

        var again = await TestProgram.Run(["distribute", .. TestProgram.On(test)]);
        Assert.Equal(0, again.Code);
        Assert.Contains("Every table had its place already.", again.Error);
        Assert.Equal(before, await other.Contents());
    }

    [Fact]
    public async Task One_that_is_cut_off_has_not_happened_and_is_done_the_next_time()
    {
        await using var test = await TestDatabase.Create(Engine.Postgres, migrate: false);
        await Fill(test.Database);
        var before = await test.Database.Contents();
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => new Distribution(test.Database).Run(
            TestCluster.Shards,
            dryRun: false,
            table =>
            {
                if (table == "campaign_budget")
                {
                    stop.Cancel();
                }
            },
            stop.Token));

        Assert.False(await IsDistributed(test.Database));
        Assert.Equal(before, await test.Database.Contents());
        await new Distribution(test.Database).Run(TestCluster.Shards, dryRun: false, _ => { }, default);
        await using var other = test.OpenAgain();
        Assert.Equal(before, await other.Contents());
    }

    [Theory]
    [InlineData("UPDATE audit_entry SET actor = 'nobody'")]
    [InlineData("DELETE FROM audit_entry")]
    [InlineData("TRUNCATE audit_entry")]
    [InlineData("DELETE FROM audit_head")]
    public async Task The_audit_log_only_grows_on_every_node(string sql)
    {
        await using var test = await TestDatabase.Create(Engine.Postgres, migrate: false);
        await Fill(test.Database);
        await new Distribution(test.Database).Run(TestCluster.Shards, dryRun: false, _ => { }, default);
        await using var other = test.OpenAgain();
        var before = await other.Contents();

        var refusal = await Assert.ThrowsAsync<PostgresException>(
            () => other.Write(connection => connection.Execute(sql, default), default));

        Assert.Equal("The audit log only grows.", refusal.MessageText);
        Assert.Equal(before, await other.Contents());
    }

    [Fact]
    public async Task A_table_that_has_lost_its_place_gets_it_back_and_months_are_made_and_dropped()
    {
        await using var test = await TestDatabase.Create(Engine.Postgres);
        await test.Database.Write(
            connection => connection.Execute("SELECT undistribute_table('archived_invalid')", default), default);

        var report = await new Distribution(test.Database).Run(1, dryRun: false, _ => { }, default);

        Assert.Equal("archived_invalid", Assert.Single(report, table => table.Moved).Table.Name);
        await using var other = test.OpenAgain();
        var months = new JournalMonths(other, Clock);
        var before = await months.Names(default);
        await months.Ensure(Clock.Now.AddMonths(7), default);
        var added = (await months.Names(default)).Except(before).ToList();
        Assert.Equal(1 + JournalMonths.MonthsAhead, added.Count);
        foreach (var name in added)
        {
            Assert.Equal(1, await other.Read(
                connection => connection.Number(
                    "SELECT COUNT(*) FROM pg_dist_partition WHERE logicalrelid = CAST(@name AS regclass)",
                    default,
                    ("name", name)),
                default));
        }
    }

    private static Task<bool> IsDistributed(Database database) =>
        database.Read(connection => Distribution.IsDistributed(connection, default), default);

    /// <summary>Rows in every table.</summary>
    private static async Task Fill(Database database)
    {
        await new Migrator(database, Clock).Migrate(default);
        await database.Write(
            async connection =>
            {
                foreach (var row in TestRows.OfVersion[Migrator.Known[^1].Number])
                {
                    await row.Insert(connection);
                }
            },
            default);
    }
}
