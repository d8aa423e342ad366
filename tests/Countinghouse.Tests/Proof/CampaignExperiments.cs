using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiments 2 and 9 of docs/proof.md: many campaigns whose terms change under load, equal to a sequential
/// model; and rollups made anew, equal to the byte.
/// </summary>
internal static class CampaignExperiments
{
    private const int Campaigns = 20;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static async Task<ProofOutcome> ManyCampaigns(Engine engine, int seed, int sends)
    {
        await using var world = await ProofWorld.Open(engine);
        var plan = new ProofPlan(seed, world.Nodes.Count);
        for (var number = 0; number < Campaigns; number++)
        {
            var isCpm = number % 2 == 1;
            var bid = isCpm ? plan.Random.Next(1, 8_000) / 1_000m : plan.Random.Next(1, 80) / 100m;
            var events = isCpm ? plan.Random.Next(200, 3_000) / 1_000m : plan.Random.Next(20, 300);
            var budget = decimal.Round(bid * events, 2) + bid;
            budget = decimal.Round(budget, 2, MidpointRounding.AwayFromZero);
            decimal? daily = number % 3 == 0 ? decimal.Max(decimal.Round(budget / 2, 2), bid) : null;
            await world.NewCampaign(
                isCpm ? "cpm" : "cpc", bid, budget, daily is { } cap ? decimal.Round(cap, 2) + 0.01m : null);
        }

        await ExhaustTwo(world, plan);
        var planned = Enumerable.Range(0, sends)
            .Select(_ => plan.Random.Next(10) < 6
                ? plan.Click(plan.Pick(world.Campaigns), plan.Random.Next(2) == 0 ? plan.Pick(world.Offers) : null)
                : plan.Impressions(1 + plan.Random.Next(30), () => plan.Pick(world.Campaigns)))
            .ToList();
        var changing = new CancellationTokenSource();
        var changes = ChangeTerms(world, seed, changing.Token);
        await world.Clients.Run(plan.WithRepetitions(planned, sends / 2), Patience);
        await changing.CancelAsync();
        var made = await changes;
        var outcome = (await ProofOutcome.Of("2 many campaigns", world, seed)).ExpectNothingWrong();
        outcome.Expect(made > 20, $"only {made} changes were made while events came in");
        ProofReport.Add("fault", "change of terms under load", engine, made, $"seed {seed}");
        ExpectEveryReason(outcome);
        await ExpectSameRollups(world, outcome);
        return outcome;
    }

    /// <summary>
    /// Two campaigns that can pay for ten impressions, one in all and one a day, get thirty in one request and ten more
    /// in another: changes under load may keep every other budget from ever being short within a flush.
    /// </summary>
    private static async Task ExhaustTwo(ProofWorld world, ProofPlan plan)
    {
        var inAll = await world.NewCampaign("cpm", 5m, 0.05m);
        var aDay = await world.NewCampaign("cpm", 5m, 5m, 0.05m);
        foreach (var campaign in new[] { inAll, aDay })
        {
            await world.Clients.Run([plan.Impressions(30, () => campaign)], Patience);
            await world.Clients.Run([plan.Impressions(10, () => campaign)], Patience);
        }
    }

    /// <summary>Top-ups, new bids, pauses and new starts, one after the other, until told to stop.</summary>
    private static async Task<int> ChangeTerms(ProofWorld world, int seed, CancellationToken stop)
    {
        var random = new Random(seed + 1);
        var made = 0;
        while (!stop.IsCancellationRequested)
        {
            var path = $"campaigns/{world.Campaigns[random.Next(world.Campaigns.Count)]}";
            var cents = random.Next(1, 500);
            var amount = (cents / 100m).ToString("0.00", System.Globalization.CultureInfo.InvariantCulture);
            var (method, rest, body) = random.Next(8) switch
            {
                < 3 => (HttpMethod.Post, "/budget", (object?)new { amount }),
                < 6 => (HttpMethod.Post, "/activate", null),
                6 => (HttpMethod.Post, "/pause", null),
                _ => (HttpMethod.Patch, "", new { bid = amount }),
            };
            var (status, text) = await world.Clients.Ask(method, path + rest, body);
            Assert.True(status is 200 or 409 or 422, $"{method} {path}{rest}: {status} {text}");
            made += status == 200 ? 1 : 0;
            await Task.Delay(random.Next(5, 40), CancellationToken.None);
        }

        return made;
    }

    /// <summary>The run must have been about something: charged, not running, no budget, no daily budget.</summary>
    private static void ExpectEveryReason(ProofOutcome outcome)
    {
        foreach (var reason in new[] { 0, 128, 129, 130 })
        {
            var count = outcome.Check.Journal.Events.Count(item => item.Price > 0 && item.Reason == reason);
            ProofReport.Add("events", $"2 many campaigns: reason {reason}", outcome.Engine, count);
            outcome.Expect(count > 0, $"no event has reason {reason}");
        }
    }

    /// <summary>9: delete all rollups and rebuild: byte-identical.</summary>
    private static async Task ExpectSameRollups(ProofWorld world, ProofOutcome outcome)
    {
        var hours = await world.Database.Dump("stat_hourly");
        var totals = await world.Database.Dump("campaign_total");
        var projections = await world.Database.Dump("projection");
        await world.Database.Execute("DELETE FROM stat_hourly");
        await world.Database.Execute(
            "UPDATE campaign_total SET impressions = 7, clicks = 7, charge_micro = 7, first_event_at = 7, version = 7");
        outcome.Expect(
            hours.Count > 0 && !totals.SequenceEqual(await world.Database.Dump("campaign_total")),
            "there was nothing to make anew");
        await Rebuild(world);
        Assert.Equal(hours, await world.Database.Dump("stat_hourly"));
        Assert.Equal(totals, await world.Database.Dump("campaign_total"));
        Assert.Equal(projections, await world.Database.Dump("projection"));
        ProofReport.Add("run", "9 rebuild", outcome.Engine, 1, $"{hours.Count} rows, seed {outcome.Seed}");
    }

    private static async Task Rebuild(ProofWorld world)
    {
        using var command = world.Nodes[0].Run(["rebuild", .. world.Database.Options], []);
        var output = command.StandardOutput.ReadToEndAsync();
        var error = await command.StandardError.ReadToEndAsync();
        await Task.WhenAll(output, command.WaitForExitAsync());
        Assert.True(command.ExitCode == 0, error);
    }
}
