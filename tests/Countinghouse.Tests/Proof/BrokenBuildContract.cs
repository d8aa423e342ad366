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
    /// <summary>Every broken build with the checkers that must see it.</summary>
    internal static readonly (string Sabotage, string Checker)[] Pairs =
    [
        ("no_lock", "budget"), ("no_lock", "sequence"), ("no_lock", "daily"), ("ack_before_commit", "lost"),
        ("rollup_in_second_transaction", "rollup"), ("no_tail", "once"), ("no_tail", "restored once"),
        ("no_flush_lookup", "answers"), ("no_flush_lookup", "invented"), ("no_fence", "fence"), ("no_fence", "books"),
        ("adjustment_without_fence", "fence"), ("adjustment_without_fence", "books"),
        ("random_payout_key", "payout once"), ("late_payout_key", "payout once"),
    ];

    private const int SeedsMax = 8;

    // On SQLite one process cannot go without the lock: its lane decides one flush after the other. Two processes on
    // one file can, which is why that is not supported.
    [Fact]
    public Task Without_the_lock_and_the_check_budgets_are_overspent() => Catches(
        "no_lock", ["budget", "sequence"], 6_001, seed => Experiments.OneBudget(engine, seed, 1_500, "no_lock", 2));

    [Fact]
    public Task Without_the_lock_and_the_check_daily_budgets_are_overspent() => Catches(
        "no_lock", ["daily"], 6_051, seed => Experiments.OneBudget(engine, seed, 1_500, "no_lock", 2, daily: 50m));

    [Fact]
    public Task Answered_before_the_commit_events_are_lost() => Catches(
        "ack_before_commit",
        ["lost"],
        6_101,
        seed => KillExperiments.AtPoints(
            engine, seed, ["before_commit", "before_commit", "before_commit"], "ack_before_commit"));

    [Fact]
    public Task A_watermark_moved_in_another_transaction_leaves_wrong_rollups() => Catches(
        "rollup_in_second_transaction",
        ["rollup"],
        6_201,
        seed => KillExperiments.AtPoints(
            engine, seed, ["rollup_after_commit", "rollup_after_commit"], "rollup_in_second_transaction"));

    [Fact]
    public Task Without_the_tail_repetitions_are_stored_twice() => Catches(
        "no_tail",
        ["once"],
        6_301,
        seed => KillExperiments.AtPoints(engine, seed, ["after_commit", "before_answer"], "no_tail"));

    [Fact]
    public Task Without_the_tail_a_restored_backup_counts_twice() => Catches(
        "no_tail", ["restored once"], 6_351, seed => BackupExperiments.Restore(engine, seed, "no_tail"));

    [Fact]
    public Task A_lost_commit_done_again_without_looking_is_seen() => Catches(
        "no_flush_lookup",
        ["answers", "invented"],
        6_401,
        seed => KillExperiments.LostCommits(engine, seed, "no_flush_lookup"));

    [Fact]
    public Task Without_the_fence_closed_months_change() => Catches(
        "no_fence", ["fence", "books"], 6_501, seed => CloseExperiments.AcrossMonths(engine, seed, "no_fence"));

    [Fact]
    public Task A_correction_whose_month_is_decided_without_the_lock_is_lost_between_two() => Catches(
        "adjustment_without_fence",
        ["fence", "books"],
        6_601,
        seed => CloseExperiments.AcrossMonths(engine, seed, "adjustment_without_fence"));

    [Fact]
    public Task With_another_key_for_every_send_money_moves_twice() => Catches(
        "random_payout_key",
        ["payout once"],
        8_101,
        seed => PayoutKillExperiments.Killed(engine, seed, 12, "random_payout_key"));

    [Fact]
    public Task With_a_key_that_the_provider_has_forgotten_money_moves_twice() => Catches(
        "late_payout_key",
        ["payout once"],
        8_201,
        seed => PayoutKillExperiments.Killed(engine, seed, 12, "late_payout_key"));

    /// <summary>Tries seeds until each of the checkers has seen what is broken.</summary>
    private async Task Catches(
        string sabotage, string[] checkers, int firstSeed, Func<int, Task<ProofOutcome>> experiment)
    {
        var missing = checkers.ToHashSet();
        var seen = new List<string>();
        for (var seed = firstSeed; seed < firstSeed + SeedsMax && missing.Count > 0; seed++)
        {
            var outcome = await experiment(seed);
            outcome.Expect(outcome.Count("sabotage " + sabotage) > 0, "the build was not broken");
            foreach (var one in outcome.Violations.Where(one => missing.Remove(one.Checker)))
            {
                ProofReport.AddBroken(sabotage, one.Checker, engine, 1, $"seed {seed}: {one.Text}");
            }

            seen.Add($"seed {seed}: {string.Join("; ", outcome.Violations.Select(one => one.ToString()))}");
        }

        Assert.True(
            missing.Count == 0,
            $"{string.Join(", ", missing)} did not see that the build is broken by {sabotage}:\n"
                + string.Join('\n', seen));
    }
}

public sealed class SqliteBrokenBuild() : BrokenBuildContract(Engine.Sqlite);

public sealed class PostgresBrokenBuild() : BrokenBuildContract(Engine.Postgres);
