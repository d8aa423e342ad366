using Countinghouse.FakeStripe;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>What a long run must make happen: each begins as a zero, and a zero at the end fails the run.</summary>
public sealed class ProofExpectations
{
    public ProofExpectations()
    {
        foreach (var engine in Enum.GetValues<Engine>())
        {
            foreach (var point in KillExperiments.FlushPoints
                .Concat(KillExperiments.BackgroundPoints)
                .Concat(CloseExperiments.ClosePoints)
                .Concat(PayoutKillExperiments.Points))
            {
                ProofReport.Add("fault", "kill " + point, engine, 0);
            }

            foreach (var fault in new[]
            {
                "kill -9 at random", "lost commit", "clock moved", "change of terms under load",
                "restored from a backup", PayoutKillExperiments.KilledAtRandom, PayoutKillExperiments.FakeKilled,
                PayoutKillExperiments.ClocksMoved,
            }.Concat(Enum.GetValues<FakeFault>().Select(PayoutKillExperiments.NameOf)))
            {
                ProofReport.Add("fault", fault, engine, 0);
            }

            foreach (var (sabotage, checker) in BrokenBuildContract.Pairs)
            {
                ProofReport.AddBroken(sabotage, checker, engine, 0, "");
            }
        }

        ProofReport.Add("fault", "PostgreSQL stopped at once", Engine.Postgres, 0);
        ProofReport.Add("fault", PayoutKillExperiments.TwoWorkers, Engine.Postgres, 0);
    }
}

/// <summary>
/// Where runs write down what happened, for the table that ./test --long prints: one line each, (kind, what, engine,
/// count, detail) with tabs between. Without the variable nothing is written.
/// </summary>
internal static class ProofReport
{
    /// <summary>Names the file; ./test sets it.</summary>
    public const string Variable = "COUNTINGHOUSE_PROOF_REPORT";

    private static readonly Lock OneAtATime = new();

    public static void AddBroken(string sabotage, string checker, object engine, long count, string detail) =>
        Add("broken", $"{sabotage} caught by {checker}", engine, count, detail);

    public static void Add(string kind, string what, object engine, long count, string detail = "")
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
        {
            lock (OneAtATime)
            {
                File.AppendAllText(path, $"{kind}\t{what}\t{engine}\t{count}\t{detail}\n");
            }
        }
    }
}
