using Countinghouse.FakeStripe;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 8 of docs/proof.md, with real processes: nodes that pay through a fake of Stripe with every fault
/// switched on die between each two steps and at any time, the fake dies too, and clocks leap over the hours after
/// which keys are forgotten. In the end every payout has moved its money once, or it never will.
/// </summary>
internal static class PayoutKillExperiments
{
    /// <summary>Between any two steps of a payout.</summary>
    public static readonly string[] Points =
    [
        "payout_after_reserve", "payout_after_intent", "payout_after_send", "payout_after_answer", "payout_after_list",
    ];

    /// <summary>Passed by a node that wanted to send when the other one was quicker.</summary>
    public const string LostRace = "payout_not_begun";

    public const string KilledAtRandom = "kill -9 at random, payouts";

    public const string FakeKilled = "kill -9 of the fake Stripe";

    public const string ClocksMoved = "clocks moved over a day, payouts";

    public const string TwoWorkers = "two workers on one payout";

    private const int RetailersEach = 8;
    private const int SettlesMax = 14;

    /// <summary>A node that has not come to its point until then has nothing to do there.</summary>
    private const int PointMilliseconds = 5_000;

    /// <summary>No one of them hides another: at most one is made for a request.</summary>
    private static readonly Dictionary<FakeFault, double> Rates = new()
    {
        [FakeFault.DropBefore] = 0.05,
        [FakeFault.DropAfter] = 0.10,
        [FakeFault.ErrorBefore] = 0.04,
        [FakeFault.ErrorAfter] = 0.08,
        [FakeFault.Conflict] = 0.05,
        [FakeFault.RateLimit] = 0.05,
        [FakeFault.Mismatch] = 0.04,
        [FakeFault.Insufficient] = 0.04,
        [FakeFault.Slow] = 0.03,
        [FakeFault.SlowEffect] = 0.06,
        [FakeFault.ListError] = 0.10,
        [FakeFault.ListDrop] = 0.10,
        [FakeFault.WebhookLose] = 0.30,
        [FakeFault.WebhookDuplicate] = 0.20,
        [FakeFault.WebhookReorder] = 0.20,
    };

    private static readonly TimeSpan OverADay = TimeSpan.FromMinutes((24 * 60) + 5);

    /// <summary>Name of a fault of the fake in the table.</summary>
    public static string NameOf(FakeFault fault) => "fake Stripe: " + FakeFaults.Word(fault);

    public static async Task<ProofOutcome> Killed(Engine engine, int seed, int kills, string sabotage = "")
    {
        var isSettling = false;
        var isBroken = sabotage.Length > 0;
        await using var world = await PayoutKillWorld.Open(engine, seed, (node, life) =>
        [
            // Both nodes work: what is proven here must not depend on whose turn it is.
            ("SABOTAGE", "jobs_everywhere," + sabotage),
            ("FAILPOINT", life == 0 || Volatile.Read(ref isSettling) ? "" : PointOf(seed, node, life)),
        ]);
        await world.SetFaults(Switches(seed, Rates));
        var rounds = new Rounds(world, seed, new Random(seed), isBroken ? [OverADay, TimeSpan.FromMinutes(3)] : []);
        var (random, fake) = (0, 0);
        while (true)
        {
            var (nodesKilled, fakesKilled) = await rounds.Next();
            (random, fake) = (random + nodesKilled, fake + fakesKilled);
            var sofar = random + world.World.Counts()
                .Where(pair => Points.Contains(pair.Key.Replace("kill ", ""))).Sum(pair => pair.Value);
            var isSeen = isBroken && (await world.Truth()).Transfers
                .GroupBy(one => one.Payout).Any(same => same.Count() > 1);
            if (sofar >= kills || isSeen)
            {
                break;
            }
        }

        Volatile.Write(ref isSettling, true);
        if (!isBroken)
        {
            await Settle(world, rounds, seed);
        }

        var (moved, faults) = await world.Truth();
        var outcome = await ProofOutcome.Of("8 payouts killed", world.World, seed);
        var check = new PayoutKillCheck(world.World, moved);
        outcome = outcome with
        {
            Violations =
            [
                .. outcome.Violations, .. await check.Run(),
                .. world.First.Failures.Concat(world.Second.Failures).Select(text => new Violation("errors", text)),
            ],
        };
        if (!isBroken)
        {
            outcome.ExpectNothingWrong();
            Report(outcome, check, faults, random, fake, rounds.Days);
        }

        return outcome;
    }

    private static void Report(
        ProofOutcome outcome, PayoutKillCheck check, Dictionary<string, long> faults, int random, int fake, int days)
    {
        var (engine, seed) = (outcome.Engine, $"seed {outcome.Seed}");
        ProofReport.Add("fault", KilledAtRandom, engine, random, seed);
        ProofReport.Add("fault", FakeKilled, engine, fake, seed);
        ProofReport.Add("fault", ClocksMoved, engine, days, seed);
        foreach (var fault in Rates.Keys)
        {
            ProofReport.Add(
                "fault", NameOf(fault), engine, faults.GetValueOrDefault(FakeFaults.Word(fault)), seed);
        }

        foreach (var (state, count) in check.States)
        {
            ProofReport.Add("events", $"8 payouts {state}", engine, count);
        }

        if (engine == Engine.Postgres)
        {
            ProofReport.Add("fault", TwoWorkers, engine, outcome.Count("pass " + LostRace), seed);
        }
    }

    /// <summary>Nothing fails any more, nobody dies but for the clock; whatever is open must come to its end.</summary>
    private static async Task Settle(PayoutKillWorld world, Rounds rounds, int seed)
    {
        await rounds.Finish();
        await world.SetFaults(Switches(seed, []));
        var isLast = false;
        for (var settle = 0; settle < SettlesMax; settle++)
        {
            await rounds.Leap(OverADay);
            var since = world.NowMicros;
            await Task.WhenAll(world.World.Nodes.Select(node => node.UntilReady()).Append(world.Fake.UntilReady()));
            await world.LiftHolds();
            if (settle == 0)
            {
                await world.Pay();
            }

            // A day that begins with nothing open ends with books that were held against the provider's.
            await UntilNone(world, $"""
                SELECT (SELECT COUNT(*) FROM payout WHERE due_at <= {world.NowMicros})
                    + (SELECT COUNT(*) FROM payout_plan p JOIN payout_run r ON r.run_id = p.run_id
                       WHERE r.state = 'CONFIRMED' AND p.outcome = 'PLANNED')
                    + (SELECT CASE WHEN COUNT(*) > 0 THEN 0 ELSE 1 END FROM reconciliation
                       WHERE started_at >= {since} AND finished_at IS NOT NULL)
                """);
            if (isLast)
            {
                return;
            }

            isLast = settle > 0 && await world.World.Database.Number(
                "SELECT COUNT(*) FROM payout WHERE state IN ('READY', 'SENDING', 'UNKNOWN')") == 0;
        }
    }

    private static async Task UntilNone(PayoutKillWorld world, string sql)
    {
        for (var look = 0; look < 100 && await world.World.Database.Number(sql) > 0; look++)
        {
            await Task.Delay(100);
        }
    }

    private static object Switches(int seed, Dictionary<FakeFault, double> rates) => new
    {
        seed,
        rates = rates.ToDictionary(pair => FakeFaults.Word(pair.Key), pair => pair.Value),
        list_lag_seconds = 6 * 3_600,
        slow_effect_seconds = 7_200,
        slow_milliseconds = 1_500,
        webhook_reorder_seconds = 600,
    };

    /// <summary>Each point in turn, and now and then none, so that only chance decides.</summary>
    private static string PointOf(int seed, int node, int life)
    {
        var turn = (seed + (node * 2) + life) % (Points.Length + 1);
        var pass = 1 + ((seed + (life * 7)) % 4);
        return turn == Points.Length ? "" : $"{Points[turn]}:{(Points[turn] == "payout_after_list" ? 1 : pass)}";
    }

    /// <summary>
    /// A round: nodes live until each has died or its time is over; then all are dead, records are approved, and the
    /// clocks leap.
    /// </summary>
    /// <param name="world">Nodes and fake.</param>
    /// <param name="seed">Says where nodes die.</param>
    /// <param name="random">Decides when, what and how far.</param>
    /// <param name="leaps">How far the clocks leap, one after the other; none: as chance will have it.</param>
    private sealed class Rounds(PayoutKillWorld world, int seed, Random random, TimeSpan[] leaps)
    {
        private int _round;
        private Task _operators = Task.CompletedTask;

        /// <summary>Leaps over all that a provider remembers.</summary>
        public int Days { get; private set; }

        public async Task<(int Nodes, int Fakes)> Next()
        {
            _round++;
            var nodes = world.World.Nodes;
            var lives = nodes.ConvertAll(node => node.Lives);
            await Task.WhenAll(nodes.Select(node => node.UntilReady()).Append(world.Fake.UntilReady()));
            if (_operators.IsCompleted)
            {
                await _operators;
                _operators = Operate();
            }

            var limits = nodes.Select((_, node) => PointOf(seed, node, lives[node] - 1).Length > 0
                ? PointMilliseconds
                : random.Next(1_000, 2_500)).ToList();
            var fakeAt = random.Next(4) == 0 ? random.Next(600, 1_500) : int.MaxValue;
            var (killed, fakes) = (0, 0);
            var since = TimeProvider.System.GetTimestamp();
            for (var at = 0; Enumerable.Range(0, nodes.Count).Any(node => nodes[node].Lives == lives[node]);)
            {
                at = (int)TimeProvider.System.GetElapsedTime(since).TotalMilliseconds;
                foreach (var node in Enumerable.Range(0, nodes.Count)
                    .Where(node => nodes[node].Lives == lives[node] && at >= limits[node]))
                {
                    killed++;
                    await nodes[node].KillAndWait();
                }

                if (at >= fakeAt)
                {
                    (fakeAt, fakes) = (int.MaxValue, 1);
                    world.Fake.Kill();
                }

                await Task.Delay(20);
            }

            killed += nodes.Count(node => node.IsReady);
            await Leap(leaps.Length > 0 ? leaps[_round % leaps.Length] : Draw());
            return (killed, fakes);
        }

        /// <summary>Kills all that live, and lets time pass, in which records are approved.</summary>
        public async Task Leap(TimeSpan by)
        {
            await Task.WhenAll(world.World.Nodes.Where(node => node.IsReady).Select(node => node.KillAndWait()));

            // What they had sent has reached the fake, or it never will.
            await Task.Delay(50);
            world.MoveClocks(by);
            Days += by >= OverADay ? 1 : 0;
            await world.Approve(RetailersEach);
            if (_round % 5 == 0)
            {
                await world.Reverse();
            }
        }

        public Task Finish() => _operators;

        private async Task Operate()
        {
            await world.LiftHolds();
            await world.Pay();
        }

        private TimeSpan Draw() => random.Next(20) switch
        {
            < 7 => TimeSpan.FromMinutes(3),
            < 14 => TimeSpan.FromMinutes(11),
            < 16 => TimeSpan.FromHours(1),
            < 18 => TimeSpan.FromMinutes((23 * 60) - 1),
            _ => OverADay,
        };
    }
}
