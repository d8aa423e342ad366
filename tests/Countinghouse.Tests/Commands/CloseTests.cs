using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Commands;

public abstract class CloseCommandContract(Engine engine)
{
    [Fact]
    public async Task A_month_that_is_not_over_is_refused_in_one_line()
    {
        await using var database = await TestDatabase.Create(engine);

        var ended = await TestProgram.Run(["close", "2999-01", .. TestProgram.On(database)]);

        Assert.Equal(1, ended.Code);
        Assert.Empty(ended.Output);
        Assert.Contains("2999-01 cannot be closed", Assert.Single(ended.ErrorLines));
    }
}

public sealed class SqliteCloseCommand() : CloseCommandContract(Engine.Sqlite);

public sealed class PostgresCloseCommand() : CloseCommandContract(Engine.Postgres);
