using Countinghouse.Proof;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Experiment 6 of docs/proof.md: random prices, rates, carries and corrections over several months keep all
/// identities of money and revenue share, and are what an independent model says. Each history has a seed of its own,
/// which a failure names.
/// </summary>
public sealed class ConservationTests
{
    private const int FirstSeed = 20_261_121;

    [Fact]
    public void Thousands_of_histories_keep_every_micro_and_every_cent() => Hold(FirstSeed, 10_000);

    [Fact]
    [Trait("Length", "Long")]
    public void A_million_histories_keep_every_micro_and_every_cent() => Hold(FirstSeed + 10_000, 1_000_000);

    private static void Hold(int first, int count)
    {
        var met = new long[Enum.GetValues<ShareHistory.Met>().Length];
        for (var seed = first; seed < first + count; seed++)
        {
            var history = new ShareHistory(seed);
            var fault = history.Run();
            Assert.True(fault is null, $"seed {seed}: {fault}");
            for (var what = 0; what < met.Length; what++)
            {
                met[what] += history.Count[what];
            }
        }

        foreach (var what in Enum.GetValues<ShareHistory.Met>())
        {
            Assert.True(met[(int)what] > count / 1_000, $"{what} was met {met[(int)what]} times in {count} histories");
            ProofReport.Add("events", $"6 histories: {what}", "any", met[(int)what]);
        }

        ProofReport.Add("run", "6 histories", "any", count, $"seeds {first} to {first + count - 1}");
    }
}
