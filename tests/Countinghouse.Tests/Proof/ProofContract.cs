using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Proofs load the machine with processes, so they run one at a time and with nothing beside them.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProofCollection : ICollectionFixture<ProofExpectations>
{
    public const string Name = "Proof";
}

/// <summary>The short form: real processes, two nodes (one on SQLite), kill -9, an independent model.</summary>
[Collection(ProofCollection.Name)]
public abstract class ProofContract(Engine engine)
{
    [Theory]
    [InlineData(101)]
    public async Task A_budget_for_5000_clicks_pays_for_exactly_5000(int seed)
    {
        var outcome = await Experiments.OneBudget(engine, seed);

        outcome.ExpectRepetitionsDecidedByWhatIsStored();
    }

    [Theory]
    [InlineData(301)]
    public Task A_node_killed_at_any_point_loses_nothing_that_was_acknowledged_and_counts_nothing_twice(int seed) =>
        KillExperiments.AtPoints(
            engine,
            seed,
            engine == Engine.Postgres ? KillExperiments.FlushPoints[2..5] : KillExperiments.FlushPoints[3..],
            kills: 1);

    [Theory]
    [InlineData(401)]
    public async Task The_same_event_on_two_nodes_at_once_counts_once_and_another_under_its_id_not_at_all(int seed)
    {
        var outcome = await Experiments.SameEvents(engine, seed);

        outcome.ExpectRepetitionsDecidedByWhatIsStored();
    }
}

public sealed class SqliteProof() : ProofContract(Engine.Sqlite);

public sealed class PostgresProof() : ProofContract(Engine.Postgres)
{
    // SQLite has no server that could stop.
    [Theory]
    [Trait("Server", "Own")]
    [InlineData(302)]
    public Task A_database_that_stops_at_once_loses_nothing_that_was_acknowledged(int seed) =>
        KillExperiments.StoppedDatabase(seed, stops: 1);

    [Theory]
    [InlineData(1_101)]
    public Task Three_nodes_behind_one_address_lose_and_double_nothing_while_each_and_the_database_restart(int seed) =>
        NodesExperiments.OneAddress(seed, kills: 1, stops: 1, restarts: 1);
}

/// <summary>On a Citus cluster on this machine: ./test --citus.</summary>
[Collection(ProofCollection.Name)]
[Trait("Engine", "Citus")]
[Trait("Cluster", "Here")]
public sealed class ClusterProof
{
    [Theory]
    [InlineData(303)]
    public Task A_worker_that_stops_at_once_loses_nothing_that_was_acknowledged(int seed) =>
        KillExperiments.StoppedNode(seed, isCoordinator: false, stops: 2);

    [Theory]
    [InlineData(304)]
    public Task A_coordinator_that_stops_at_once_loses_nothing_that_was_acknowledged(int seed) =>
        KillExperiments.StoppedNode(seed, isCoordinator: true, stops: 2);
}
