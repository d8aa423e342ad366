using System.Diagnostics;
using Countinghouse.FakeStripe;
using Countinghouse.Proof;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Experiment 8 in virtual time: exactly one transfer per payout, none lost, none stuck.</summary>
public abstract class PayoutHistoryContract(Engine engine)
{
    private const int PayoutsOfWorld = 250;

    [Fact]
    public Task Some_histories_move_each_payouts_money_once() => Hold(8_001, worlds: 1, payouts: 120);

    [Fact]
    [Trait("Length", "Long")]
    public Task Twenty_thousand_histories_move_each_payouts_money_once() => Hold(8_101, worlds: 80, PayoutsOfWorld);

    [Fact]
    public async Task A_key_of_its_own_for_every_send_is_seen_to_move_money_twice()
    {
        var (history, wrong) = await PayoutHistory.Run(engine, 8_501, 60, hasRandomKeys: true);
        await using var _ = history;

        Assert.Contains(wrong, one => one.Contains("was moved 2 times"));
    }

    [Fact]
    public async Task A_key_that_is_used_after_it_was_forgotten_is_seen_to_move_money_twice()
    {
        var (history, wrong) = await PayoutHistory.Run(engine, 8_601, 120, keysKeptSeconds: 60);
        await using var _ = history;

        Assert.Contains(wrong, one => one.Contains("was moved 2 times"));
    }

    private async Task Hold(int firstSeed, int worlds, int payouts)
    {
        var fired = new Dictionary<FakeFault, long>();
        var (crashes, moved) = (0, 0);
        var watch = Stopwatch.StartNew();
        for (var seed = firstSeed; seed < firstSeed + worlds; seed++)
        {
            var (history, wrong) = await PayoutHistory.Run(engine, seed, payouts);
            await using var _ = history;
            Assert.True(wrong.Count == 0, $"seed {seed}:\n{string.Join('\n', wrong.Take(20))}");
            crashes += history.Crashes;
            moved += history.Truth.Transfers.Count;
            foreach (var (fault, count) in history.Truth.Faults)
            {
                fired[fault] = fired.GetValueOrDefault(fault) + count;
            }
        }

        Assert.True(crashes > 0, "no worker died");
        foreach (var fault in Enum.GetValues<FakeFault>())
        {
            Assert.True(worlds == 1 || fired.GetValueOrDefault(fault) > 0, $"{fault} was never made");
            ProofReport.Add("events", $"8 histories: {fault}", engine, fired.GetValueOrDefault(fault));
        }

        ProofReport.Add("events", "8 histories: worker died in a call", engine, crashes);
        ProofReport.Add("run", "8 payout histories", engine, worlds * payouts, $"{moved} transfers, {watch.Elapsed}");
    }
}

public sealed class SqlitePayoutHistories() : PayoutHistoryContract(Engine.Sqlite);

public sealed class PostgresPayoutHistories() : PayoutHistoryContract(Engine.Postgres);
