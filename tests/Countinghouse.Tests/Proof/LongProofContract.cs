using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>The long form, for ./test --long: every experiment, more rounds, several seeds.</summary>
[Collection(ProofCollection.Name)]
[Trait("Length", "Long")]
public abstract class LongProofContract(Engine engine)
{
    [Theory]
    [InlineData(1_001)]
    [InlineData(1_002)]
    [InlineData(1_003)]
    public async Task A_budget_for_5000_clicks_pays_for_exactly_5000(int seed) =>
        (await Experiments.OneBudget(engine, seed)).ExpectRepetitionsDecidedByWhatIsStored();

    [Theory]
    [InlineData(2_001)]
    [InlineData(2_002)]
    public Task Twenty_campaigns_with_changing_terms_cost_what_a_sequential_model_says(int seed) =>
        CampaignExperiments.ManyCampaigns(engine, seed, 6_000);

    [Theory]
    [InlineData(3_001)]
    [InlineData(3_002)]
    public Task A_node_killed_at_any_point_loses_nothing_and_counts_nothing_twice(int seed) =>
        KillExperiments.AtPoints(
            engine, seed, [.. KillExperiments.FlushPoints, .. KillExperiments.BackgroundPoints], kills: 8);

    [Theory]
    [InlineData(3_101)]
    [InlineData(3_102)]
    public Task A_lost_commit_is_noticed_by_no_client(int seed) => KillExperiments.LostCommits(engine, seed);

    [Theory]
    [InlineData(4_001)]
    [InlineData(4_002)]
    public async Task The_same_event_at_once_counts_once_and_another_under_its_id_not_at_all(int seed) =>
        (await Experiments.SameEvents(engine, seed, pairs: 1_000)).ExpectRepetitionsDecidedByWhatIsStored();

    [Theory]
    [InlineData(5_001)]
    [InlineData(5_002)]
    public Task Clocks_months_and_closes_leave_every_figure_right(int seed) =>
        CloseExperiments.AcrossMonths(engine, seed);

    [Theory]
    [InlineData(10_001)]
    public Task A_restored_backup_counts_what_is_sent_again_once(int seed) => BackupExperiments.Restore(engine, seed);
}

public sealed class SqliteLongProof() : LongProofContract(Engine.Sqlite);

public sealed class PostgresLongProof() : LongProofContract(Engine.Postgres)
{
    [Theory]
    [InlineData(10_101)]
    public Task A_server_restored_to_a_moment_counts_what_is_sent_again_once(int seed) =>
        BackupExperiments.RestoreToAMoment(seed);

    [Theory]
    [InlineData(3_201)]
    [InlineData(3_202)]
    public Task A_database_that_stops_at_once_loses_nothing_that_was_acknowledged(int seed) =>
        KillExperiments.StoppedDatabase(seed, stops: 6);

    [Theory]
    [InlineData(11_001)]
    [InlineData(11_002)]
    public Task Three_nodes_behind_one_address_lose_and_double_nothing_while_each_and_the_database_restart(int seed) =>
        NodesExperiments.OneAddress(seed, kills: 6, stops: 6, restarts: 4);

    // With each release, the first migration that came after the one before.
    [Theory]
    [InlineData(11_101, "0012_months.sql")]
    public Task Nodes_of_the_version_before_go_on_while_others_upgrade_and_nothing_is_lost_or_doubled(
        int seed, string migration) => NodesExperiments.RollingUpgrade(seed, migration);
}
