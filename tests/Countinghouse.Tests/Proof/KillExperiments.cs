using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 3 of docs/proof.md: nodes die, at named points and at any time, the database stops at once,
/// answers of commits get lost; clients send again until they are told. Everything told is stored once.
/// </summary>
internal static class KillExperiments
{
    /// <summary>On the path of a flush.</summary>
    public static readonly string[] FlushPoints =
        ["before_lock", "after_lock", "after_insert", "before_commit", "after_commit", "before_answer"];

    /// <summary>In what follows the journal in the background.</summary>
    public static readonly string[] BackgroundPoints =
    [
        "rollup_after_rows", "rollup_before_commit", "rollup_after_commit", "run_after_rows", "run_before_commit",
    ];

    private const int Chunk = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>
    /// The first node dies at each point once, one life after the other; then any node at any time.
    /// </summary>
    public static async Task<ProofOutcome> AtPoints(
        Engine engine, int seed, IReadOnlyList<string> points, string sabotage = "", int kills = 2)
    {
        var random = new Random(seed);
        var passes = points.Select(point => $"{point}:{PassOf(point, random)}").ToList();
        await using var world = await ProofWorld.Open(engine, (node, life) =>
        [
            ("SABOTAGE", sabotage),
            ("FAILPOINT", node == 0 && life < passes.Count ? passes[life] : ""),
        ]);
        var (plan, campaigns) = await Prepare(world, seed);
        var sends = new List<Send>();
        for (var chunk = 0; world.Nodes[0].Lives <= passes.Count; chunk++)
        {
            var more = Events(plan, campaigns, Chunk);
            sends.AddRange(more);
            await world.Clients.Run(plan.WithRepetitions(more, Chunk / 2), Patience);
            Assert.True(chunk < 40 * passes.Count, $"Not all points were reached.\n{world.Words}");

            // A node whose background work comes a moment after the other's finds it done, each time. Another life of
            // the other one comes at another moment.
            if (chunk % 40 == 39 && world.Nodes.Count > 1)
            {
                world.Nodes[1].Kill();
            }
        }

        for (var kill = 0; kill < kills; kill++)
        {
            var more = Events(plan, campaigns, Chunk);
            sends.AddRange(more);
            var load = world.Clients.Run(more, Patience);
            await Task.Delay(random.Next(20, 200));
            plan.Pick(world.Nodes).Kill();
            ProofReport.Add("fault", "kill -9 at random", engine, 1, $"seed {seed}");
            await load;
        }

        await SendAgain(world, plan, sends);
        return Checked(await ProofOutcome.Of("3 kill -9 at points", world, seed), sabotage);
    }

    /// <summary>PostgreSQL stops in immediate mode and starts again, as often as asked; nodes live on.</summary>
    public static async Task<ProofOutcome> StoppedDatabase(int seed, int stops)
    {
        await using var server = await ProofPostgres.Create();
        await using var world = await ProofWorld.Open(Engine.Postgres, server: server.Connection);
        return await Stopped(world, seed, stops, "PostgreSQL", server.StopImmediately, server.Start);
    }

    /// <summary>The same of a node of a Citus cluster on this machine, a worker or the coordinator.</summary>
    public static async Task<ProofOutcome> StoppedNode(int seed, bool isCoordinator, int stops)
    {
        var node = await ProofClusterNode.Find(isCoordinator);
        await using var world = await ProofWorld.Open(Engine.Postgres);
        var what = isCoordinator ? "coordinator" : "worker";
        return await Stopped(world, seed, stops, what, node.StopImmediately, node.Start);
    }

    private static async Task<ProofOutcome> Stopped(
        ProofWorld world, int seed, int stops, string what, Func<Task> stopAtOnce, Func<Task> start)
    {
        var (plan, campaigns) = await Prepare(world, seed);
        var sends = new List<Send>();
        var isDone = false;
        var clients = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isDone))
            {
                var more = Events(plan, campaigns, Chunk);
                sends.AddRange(more);
                await world.Clients.Run(plan.WithRepetitions(more, Chunk / 2), Patience);
            }
        });
        var random = new Random(seed);
        for (var stop = 0; stop < stops; stop++)
        {
            await Task.Delay(random.Next(300, 900));
            await stopAtOnce();
            await Task.Delay(random.Next(0, 300));
            await start();
            ProofReport.Add("fault", $"{what} stopped at once", Engine.Postgres, 1, $"seed {seed}");
        }

        Volatile.Write(ref isDone, true);
        await clients;
        await SendAgain(world, plan, sends);
        var outcome = Checked(await ProofOutcome.Of($"3 {what} stops", world, seed), "");
        outcome.Expect(world.Clients.Unavailable > 0, "no client noticed that the database was gone");
        return outcome;
    }

    /// <summary>
    /// The answers of commits get lost, and nothing else: the node looks for its flush, so no client notices. Clicks
    /// without an id are among them: done again, those would be charged twice.
    /// </summary>
    public static async Task<ProofOutcome> LostCommits(Engine engine, int seed, string sabotage = "")
    {
        await using var world = await ProofWorld.Open(
            engine, (_, _) => [("SABOTAGE", sabotage), ("LOST_COMMITS", "7")]);
        await BrokenSchema.Apply(world, sabotage);
        var (plan, campaigns) = await Prepare(world, seed);
        var sends = Events(plan, campaigns, 2 * Chunk);
        for (var number = 0; number < sends.Count; number += 5)
        {
            sends[number] = new Send([new SentEvent(null, true, campaigns[0])], plan.Node());
        }

        var repeated = sends.Where(send => send.Events[0].Id is not null).ToList();
        await world.Clients.Run(sends, Patience);
        await world.Clients.Run(plan.WithRepetitions(repeated, Chunk / 2), Patience);
        var outcome = Checked(await ProofOutcome.Of("3 lost commits", world, seed), sabotage);
        outcome.Expect(outcome.Count("lost commit") > 5, "hardly any commit was lost");
        if (sabotage.Length == 0)
        {
            outcome.Expect(world.Clients.Untold == 0, "a client noticed");
        }

        return outcome;
    }

    /// <summary>Two campaigns that pay for clicks and impressions, one with a budget that will not do.</summary>
    public static async Task<(ProofPlan Plan, Guid[] Campaigns)> Prepare(ProofWorld world, int seed) => (
        new ProofPlan(seed, world.Nodes.Count),
        [
            await world.NewCampaign("cpc", 0.25m, 100_000m),
            await world.NewCampaign("cpm", 3.125m, 100_000m),
            await world.NewCampaign("cpc", 0.10m, 20m),
        ]);

    public static List<Send> Events(ProofPlan plan, Guid[] campaigns, int count) => Enumerable.Range(0, count)
        .Select(number => number % 8 == 0
            ? plan.Impressions(1 + plan.Random.Next(20), () => plan.Pick(campaigns))
            : plan.Click(plan.Pick(campaigns)))
        .ToList();

    /// <summary>A tenth of all that was ever sent, once more: whatever was lost or kept, it must be known.</summary>
    public static Task SendAgain(ProofWorld world, ProofPlan plan, List<Send> sends) => world.Clients.Run(
        [.. sends.Where(_ => plan.Random.Next(10) == 0).Select(send => send with { Node = send.Node + 1 })], Patience);

    private static ProofOutcome Checked(ProofOutcome outcome, string sabotage) =>
        sabotage.Length == 0 ? outcome.ExpectNothingWrong() : outcome;

    /// <summary>Soon enough after a start to be reached, late enough to be under load.</summary>
    private static int PassOf(string point, Random random) => point switch
    {
        _ when point.StartsWith("rollup_") => random.Next(1, 4),
        _ when point.StartsWith("run_") => 1,
        _ => random.Next(5, 40),
    };
}
