using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class RebuildContract(Engine engine)
{
    [Fact]
    public async Task A_damaged_journal_is_refused_and_the_old_rows_stay()
    {
        await using var world = await TransferWorld.Create(engine);
        var campaign = await world.Market.NewCampaign();
        for (var click = 0; click < 3; click++)
        {
            await world.Market.Click(campaign);
        }

        var whole = await TestProgram.Run(["rebuild", .. world.On]);
        Assert.Equal(0, whole.Code);
        await world.Storage.Database.Write(
            c => c.Execute("DELETE FROM ingest_batch WHERE batch_no = 2", default), default);

        var ended = await TestProgram.Run(["rebuild", .. world.On]);

        Assert.Equal(1, ended.Code);
        Assert.Contains("is damaged", ended.Error);
        Assert.Equal(3, await world.Storage.Database.Read(
            c => c.Number("SELECT CAST(SUM(clicks) AS bigint) FROM stat_hourly", default), default));
    }
}

public sealed class SqliteRebuild() : RebuildContract(Engine.Sqlite);

public sealed class PostgresRebuild() : RebuildContract(Engine.Postgres);
