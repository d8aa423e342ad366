using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Each checker is shown to fail on the build that is broken so. A seed may be lucky for the broken build, so a few are
/// tried; which one it was is in the table of ./test --long.
/// </summary>
[Collection(ProofCollection.Name)]
[Trait("Length", "Long")]
public abstract class BrokenBuildContract(Engine engine)
{
    /// <summary>Every broken build with its checker, as the table names them.</summary>
    internal static readonly string[] Caught =
    [
        "no_lock caught by budget", "ack_before_commit caught by lost",
        "rollup_in_second_transaction caught by rollup", "no_tail caught by once",
        "no_flush_lookup caught by answers", "no_flush_lookup caught by invented",
    ];

    private const int SeedsMax = 5;

    // On SQLite one process cannot go without the lock: its lane decides one flush after the other. Two processes on
    // one file can, which is why that is not supported.
    [Fact]
    public Task Without_the_lock_and_the_check_budgets_are_overspent() => Catches(
        "no_lock", "budget", 6_001, seed => Experiments.OneBudget(engine, seed, 1_500, "no_lock", nodes: 2));

    [Fact]
    public Task Answered_before_the_commit_events_are_lost() => Catches(
        "ack_before_commit",
        "lost",
        6_101,
        seed => KillExperiments.AtPoints(
            engine, seed, ["before_commit", "before_commit", "before_commit"], "ack_before_commit"));

    [Fact]
    public Task A_watermark_moved_in_another_transaction_leaves_wrong_rollups() => Catches(
        "rollup_in_second_transaction",
        "rollup",
        6_201,
        seed => KillExperiments.AtPoints(
            engine, seed, ["rollup_after_commit", "rollup_after_commit"], "rollup_in_second_transaction"));

    [Fact]
    public Task Without_the_tail_repetitions_are_stored_twice() => Catches(
        "no_tail",
        "once",
        6_301,
        seed => KillExperiments.AtPoints(engine, seed, ["after_commit", "before_answer"], "no_tail"));

    [Fact]
    public Task A_lost_commit_done_again_without_looking_is_answered_wrongly() => Catches(
        "no_flush_lookup", "answers", 6_401, seed => KillExperiments.LostCommits(engine, seed, "no_flush_lookup"));

    [Fact]
    public Task A_lost_commit_done_again_without_looking_is_stored_twice() => Catches(
        "no_flush_lookup", "invented", 6_501, seed => KillExperiments.LostCommits(engine, seed, "no_flush_lookup"));

    private async Task Catches(string sabotage, string checker, int firstSeed, Func<int, Task<ProofOutcome>> experiment)
    {
        var seen = new List<string>();
        for (var seed = firstSeed; seed < firstSeed + SeedsMax; seed++)
        {
            var outcome = await experiment(seed);
            outcome.Expect(outcome.Count("sabotage " + sabotage) > 0, "the build was not broken");
            if (outcome.Violations.FirstOrDefault(one => one.Checker == checker) is { } caught)
            {
                ProofReport.Add("broken", $"{sabotage} caught by {checker}", engine, 1, $"seed {seed}: {caught.Text}");
                return;
            }

            seen.Add($"seed {seed}: {string.Join("; ", outcome.Violations.Select(one => one.ToString()))}");
        }

        ProofReport.Add("broken", $"{sabotage} caught by {checker}", engine, 0, "by no seed");
        Assert.Fail($"{checker} did not see that the build is broken by {sabotage}:\n{string.Join('\n', seen)}");
    }
}

public sealed class SqliteBrokenBuild() : BrokenBuildContract(Engine.Sqlite);

public sealed class PostgresBrokenBuild() : BrokenBuildContract(Engine.Postgres);
