using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>How an experiment ended.</summary>
internal sealed record ProofOutcome(
    string Experiment,
    Engine Engine,
    int Seed,
    IReadOnlyList<Violation> Violations,
    ProofCheck Check,
    IReadOnlyDictionary<string, long> Counts,
    IReadOnlyCollection<Acknowledged> Told,
    string Words)
{
    /// <summary>Lets rollups catch up, takes the nodes down, and holds everything against the model.</summary>
    public static async Task<ProofOutcome> Of(string experiment, ProofWorld world, int seed)
    {
        await world.UntilRolledUp();
        foreach (var node in world.Nodes)
        {
            await node.Stop();
        }

        var (violations, check) = await ProofCheck.Run(world);
        var counts = world.Counts();
        return new ProofOutcome(
            experiment, world.Engine, seed, violations, check, counts, [.. world.Clients.Told], world.Words);
    }

    public long Count(string name) => Counts.GetValueOrDefault(name);

    /// <summary>Fails with everything that is wrong.</summary>
    public ProofOutcome ExpectNothingWrong() => ExpectNothingWrongBut();

    /// <summary>The same without the checkers that an experiment has good reason to leave out.</summary>
    public ProofOutcome ExpectNothingWrongBut(params string[] checkers)
    {
        var wrong = Violations.Where(one => !checkers.Contains(one.Checker)).ToList();
        Assert.True(
            wrong.Count == 0,
            $"{Experiment} on {Engine}, seed {Seed}:\n{string.Join('\n', wrong)}\n{Counted}\n{Words}");

        // Written down here, so that only what the healthy build has stood is in the table.
        foreach (var (name, count) in Counts.Where(pair => pair.Key.StartsWith("kill ") || pair.Key == "lost commit"))
        {
            ProofReport.Add("fault", name, Engine, count, $"seed {Seed}");
        }

        ProofReport.Add("run", Experiment, Engine, 1, $"seed {Seed}");
        return this;
    }

    public void Expect(bool isSo, string what) =>
        Assert.True(isSo, $"{Experiment} on {Engine}, seed {Seed}: {what}\n{Counted}");

    /// <summary>At least half of the repetitions were decided by runs or another node's batches.</summary>
    public void ExpectRepetitionsDecidedByWhatIsStored()
    {
        const string duplicates = "countinghouse.ingest.duplicates ";
        var (own, read, run) = (
            Count(duplicates + "own_batch"), Count(duplicates + "read_batch"), Count(duplicates + "run"));
        ProofReport.Add("duplicates", $"{Experiment}: own batch", Engine, own);
        ProofReport.Add("duplicates", $"{Experiment}: other node's batch", Engine, read);
        ProofReport.Add("duplicates", $"{Experiment}: run", Engine, run);
        Expect(run > 0, "no repetition was found in a run");
        Expect(read > 0 || Engine == Engine.Sqlite, "no repetition was found in another node's batch");
        Expect(run + read >= own, $"{own} repetitions were found in own batches, only {run + read} elsewhere");
    }

    private string Counted => string.Join(
        ", ", Counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value}"));
}
