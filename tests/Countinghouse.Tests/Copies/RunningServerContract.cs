using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Copies;

/// <summary>A database is put back to an earlier state under a server that nobody stopped.</summary>
public abstract class RunningServerContract(Engine engine)
{
    private const string GoBack = """
        DELETE FROM ingest_batch WHERE batch_no > 1;
        UPDATE ingest_head SET batch_no = 1, hash = (SELECT b.hash FROM ingest_batch b
                                                     WHERE b.org_id = ingest_head.org_id AND b.batch_no = 1)
        WHERE batch_no > 1
        """;

    [Fact]
    public async Task A_server_that_remembers_a_journal_which_is_gone_refuses_and_writes_nothing()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        for (var click = 0; click < 3; click++)
        {
            Assert.Equal(200, (await market.Click(campaign)).Status);
        }

        await server.Database.Write(connection => connection.Execute(GoBack, default), default);

        var refused = await market.Click(campaign);

        Assert.True(refused.Status is 500 or 503, refused.Text);
        Assert.Contains("has lost batches: was a backup restored?", server.Log.ToString());
        Assert.Equal(1, await server.Database.Read(
            connection => connection.Number("SELECT COUNT(*) FROM ingest_batch", default), default));
    }
}

public sealed class SqliteRunningServer() : RunningServerContract(Engine.Sqlite);

public sealed class PostgresRunningServer() : RunningServerContract(Engine.Postgres);
