using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiments 1 and 4 of docs/proof.md: the same code for short runs, long runs and broken builds.
/// </summary>
internal static class Experiments
{
    private const int HotIds = 1_000;

    /// <summary>Sends this far apart are sure to have left the memory.</summary>
    private const int Lag = 5 * HotIds / 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    /// <summary>1: many clients and all nodes, and a budget for exactly so many clicks.</summary>
    public static async Task<ProofOutcome> OneBudget(
        Engine engine, int seed, int clicks = 5_000, string sabotage = "", int? nodes = null, decimal? daily = null)
    {
        await using var world = await ProofWorld.Open(engine, (_, _) => [("SABOTAGE", sabotage)], nodes);
        await BrokenSchema.Apply(world, sabotage);
        var campaign = await world.NewCampaign("cpc", 0.10m, clicks * 0.10m, daily);
        var plan = new ProofPlan(seed, world.Nodes.Count);

        // A node that is broken re-reads the truth now and then, so it is given more to go wrong with.
        var sends = Enumerable.Range(0, sabotage.Length == 0 ? clicks + (clicks / 10) : 2 * clicks)
            .Select(number => number % 50 == 0
                ? plan.Impressions(5, () => campaign)
                : plan.Click(campaign, number % 3 == 0 ? plan.Pick(world.Offers) : null))
            .ToList();
        var all = plan.WithRepetitions(sends, Lag);
        await world.Clients.Run(all[..(all.Count / 2)], Patience);
        var half = await LastBatch(world);
        await world.Clients.Run(all[(all.Count / 2)..], Patience);

        // Runs are made in the background, on a busy machine later than the clients' repetitions: so some come again
        // once the first half is in runs for sure.
        await UntilInRuns(world, half, sabotage);
        await world.Clients.Run([.. sends.Take(sends.Count / 3).Where((_, number) => number % 5 == 0)], Patience);
        var outcome = await ProofOutcome.Of("1 one budget", world, seed);
        if (sabotage.Length == 0)
        {
            outcome.ExpectNothingWrong();
            var charged = outcome.Check.Journal.Events.Count(item => item.Charge > 0);
            outcome.Expect(charged == clicks, $"{charged} clicks were charged, not {clicks}");
            outcome.Expect(outcome.Check.Accounts[campaign].Status == "completed", "the campaign is not completed");
        }

        return outcome;
    }

    /// <summary>4: the same event on two nodes at once, and the same id with something else in it.</summary>
    public static async Task<ProofOutcome> SameEvents(Engine engine, int seed, int pairs = 400, string sabotage = "")
    {
        await using var world = await ProofWorld.Open(engine, (_, _) => [("SABOTAGE", sabotage)]);
        var campaign = await world.NewCampaign("cpc", 0.10m, 100_000m);
        var other = await world.NewCampaign("cpm", 2.50m, 100_000m);
        var plan = new ProofPlan(seed, world.Nodes.Count);
        var sends = new List<Send>();
        for (var pair = 0; pair < pairs; pair++)
        {
            var same = pair % 2 == 0 ? plan.Click(campaign) : plan.Impressions(1, () => other);
            sends.AddRange([same, same with { Node = same.Node + 1 }]);

            var first = new SentEvent(plan.NewId(), true, campaign);
            var second = plan.Pick<SentEvent>(
            [
                first with { Campaign = other },
                first with { IsClick = false },
                first with { Offer = world.Offers[0] },
                first with { At = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-1) },
            ]);
            sends.AddRange([new Send([first], pair), new Send([second], pair + 1)]);
        }

        // Everybody again, each at the other node, once other events have driven the ids out of memory.
        var between = Enumerable.Range(0, Lag).Select(_ => plan.Click(campaign));
        var again = sends.ConvertAll(send => send with { Node = send.Node + 1 });
        await world.Clients.Run([.. sends], Patience);
        var last = await LastBatch(world);
        await world.Clients.Run([.. between], Patience);
        await UntilInRuns(world, last, sabotage);
        await world.Clients.Run(again, Patience);
        var outcome = await ProofOutcome.Of("4 same events", world, seed);
        if (sabotage.Length == 0)
        {
            outcome.ExpectNothingWrong();
            ExpectOneWinner(outcome, pairs);
        }

        return outcome;
    }

    private static Task<long> LastBatch(ProofWorld world) =>
        world.Database.Number("SELECT MAX(batch_no) FROM ingest_batch");

    /// <summary>A broken build may never get there.</summary>
    private static Task UntilInRuns(ProofWorld world, long batch, string sabotage) =>
        sabotage.Length == 0 ? world.UntilFollowed("ids", batch) : Task.CompletedTask;

    private static void ExpectOneWinner(ProofOutcome outcome, int pairs)
    {
        var conflicts = 0;
        foreach (var same in outcome.Told.Where(told => told.Send.Events.Count == 1)
            .GroupBy(told => told.Send.Events[0].Id))
        {
            var winners = same.Where(IsTaken).Select(told => told.Send.Events[0]).Distinct().Count();
            var losers = same.Where(told => !IsTaken(told)).ToList();
            outcome.Expect(winners == 1, $"{same.Key} was taken as {winners} different events");
            outcome.Expect(
                losers.All(told => told.Status == 409 || told.Refused is ["conflict"]),
                $"{same.Key} was refused as something else than a conflict");
            conflicts += losers.Count;
        }

        outcome.Expect(conflicts == 2 * pairs, $"{conflicts} conflicts for {pairs} pairs sent twice");
        var inRuns = outcome.Count("countinghouse.ingest.conflicts run");
        outcome.Expect(inRuns > pairs / 4, $"only {inRuns} conflicts were found in runs");
    }

    private static bool IsTaken(Acknowledged told) => told.Status == 200 && told.Refused.Count == 0;
}
