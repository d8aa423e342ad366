using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>The short form: a few lives of real nodes that pay through a fake with every fault.</summary>
[Collection(ProofCollection.Name)]
public abstract class PayoutKillContract(Engine engine)
{
    [Theory]
    [InlineData(801)]
    public Task A_payout_moves_its_money_once_however_often_nodes_and_provider_die(int seed) =>
        PayoutKillExperiments.Killed(engine, seed, kills: 6);
}

/// <summary>The long form.</summary>
[Collection(ProofCollection.Name)]
[Trait("Length", "Long")]
public abstract class LongPayoutKillContract(Engine engine)
{
    [Theory]
    [InlineData(8_001)]
    public Task A_payout_moves_its_money_once_however_often_nodes_and_provider_die(int seed) =>
        PayoutKillExperiments.Killed(engine, seed, kills: 200);
}

public sealed class SqlitePayoutKill() : PayoutKillContract(Engine.Sqlite);

public sealed class PostgresPayoutKill() : PayoutKillContract(Engine.Postgres);

public sealed class SqliteLongPayoutKill() : LongPayoutKillContract(Engine.Sqlite);

public sealed class PostgresLongPayoutKill() : LongPayoutKillContract(Engine.Postgres);
