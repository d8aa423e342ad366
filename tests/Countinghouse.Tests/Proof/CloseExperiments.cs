using System.Globalization;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 5 of domain.md, section 7: clocks that jump, a leap day, the end of a month; and the close of that month
/// under load, killed at each step, and run twice at once.
/// </summary>
internal static class CloseExperiments
{
    private const string Month = "2028-02";
    private const int MonthNumber = 202802;

    public static readonly string[] ClosePoints =
    [
        "close_after_start", "close_after_fence", "close_after_verify", "close_after_counts", "close_after_settle",
        "close_after_finish",
    ];

    private static readonly string[] Books =
    [
        "settlement", "revenue_share", "revenue_share_line", "revenue_share_carry", "share_transition",
        "billing_period",
    ];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static async Task<ProofOutcome> AcrossMonths(Engine engine, int seed)
    {
        await using var world = await ProofWorld.Open(
            engine,
            (_, _) => [("RevenueShare__CloseAutomatically", "false")],
            clock: Until("2028-02-28T23:59:50Z"));
        var plan = new ProofPlan(seed, world.Nodes.Count);
        var campaigns = new[]
        {
            await world.NewCampaign("cpc", 0.10m, 10_000m, daily: 30m, start: "2028-01-01"),
            await world.NewCampaign("cpc", 0.333m, 10_000m, start: "2028-01-01"),
            await world.NewCampaign("cpm", 7.125m, 10_000m, start: "2028-01-01"),
        };

        // Into the leap day, with one clock behind the other; out of it and of the month; then to the day of the close.
        Move(world, plan, "2028-02-28T23:59:59Z");
        await RunInto(29, world, plan, campaigns);
        world.Nodes[0].MoveClock(Until("2028-02-28T23:58:30Z"));
        await world.Clients.Run(Events(world, plan, campaigns, 400), Patience);
        Move(world, plan, "2028-02-29T23:59:59Z");
        await RunInto(1, world, plan, campaigns);
        Move(world, plan, "2028-03-04T00:00:05Z");
        await CloseUnderLoad(world, plan, campaigns);

        var outcome = (await ProofOutcome.Of("5 months and closes", world, seed)).ExpectNothingWrong();
        await ExpectFence(world, outcome);
        await ExpectBooks(world, outcome);
        return outcome;
    }

    /// <summary>Load from before midnight until the day has begun.</summary>
    private static async Task RunInto(int day, ProofWorld world, ProofPlan plan, Guid[] campaigns)
    {
        for (var hasBegun = false; !hasBegun;)
        {
            hasBegun = plan.Now.Day == day;
            await world.Clients.Run(Events(world, plan, campaigns, 300), Patience);
        }
    }

    private static async Task CloseUnderLoad(ProofWorld world, ProofPlan plan, Guid[] campaigns)
    {
        var isDone = false;
        var load = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isDone))
            {
                await world.Clients.Run(Events(world, plan, campaigns, 200), Patience);
            }
        });
        foreach (var point in ClosePoints)
        {
            var code = await Close(world, point + ":1");
            Assert.True(code == 137, $"close ended with {code} and not at {point}");
        }

        var codes = await Task.WhenAll(Close(world, ""), Close(world, ""));
        Assert.True(codes.All(code => code == 0));
        var books = await Dump(world);
        Assert.Equal(0, await Close(world, ""));
        Assert.Equal(books, await Dump(world));
        Volatile.Write(ref isDone, true);
        await load;
        Assert.Equal(books, await Dump(world));
    }

    /// <summary>Some events are late: they say that they happened in the month that is being closed.</summary>
    private static List<Send> Events(ProofWorld world, ProofPlan plan, Guid[] campaigns, int count)
    {
        var sends = Enumerable.Range(0, count).Select(number =>
        {
            Guid? offer = plan.Random.Next(3) == 0 ? plan.Pick(world.Offers) : null;
            DateTime? at = plan.Random.Next(4) == 0
                ? new DateTime(2028, 2, 1 + plan.Random.Next(27), 12, 0, 0, DateTimeKind.Utc)
                    .AddMilliseconds(plan.Random.Next(1_000_000))
                : null;
            var one = new SentEvent(plan.NewId(), number % 4 > 0, plan.Pick(campaigns), offer, at);
            return new Send([one], plan.Node());
        }).ToList();
        return plan.WithRepetitions(sends, count / 2);
    }

    /// <summary>After the fence an event of the month counts on its receipt; before it, when it happened.</summary>
    private static async Task ExpectFence(ProofWorld world, ProofOutcome outcome)
    {
        var fences = await TermsLog.ReadFences(world.Database, world.Advertiser);
        var (onReceipt, late) = (0, 0);
        foreach (var item in outcome.Check.Journal.Events)
        {
            var month = MonthOf(DateTime.UnixEpoch.AddTicks(item.Occurred * 10));
            var fenced = fences.Where(fence => fence.After < item.Batch).Select(fence => fence.Month).LastOrDefault();
            outcome.Expect(
                item.IsBookedOnReceipt == (month <= fenced),
                $"{item.Id} of {month} in batch {item.Batch} is on the wrong side of the fence {fenced}");
            onReceipt += item.IsBookedOnReceipt ? 1 : 0;
            late += item.StatedAt is not null && !item.IsBookedOnReceipt ? 1 : 0;
        }

        ProofReport.Add("events", "5 late, in their own month", world.Engine, late);
        ProofReport.Add("events", "5 late, on receipt", world.Engine, onReceipt);
        outcome.Expect(late > 0 && onReceipt > 0, "no late event came on one side of the fence");
        var days = outcome.Check.Journal.Events.Select(item => item.Day).Distinct().Order();
        outcome.Expect(days.Contains(20280229) && days.Contains(20280301), "the leap day or its end was not met");
    }

    /// <summary>The month is what its events come to, the retailer's record what those with an offer do.</summary>
    private static async Task ExpectBooks(ProofWorld world, ProofOutcome outcome)
    {
        var ofMonth = outcome.Check.Journal.Events.Where(item => item.Hour / 10_000 == MonthNumber).ToList();
        var gross = ofMonth.Where(item => item.Place.Retailer is not null).Sum(item => item.Charge);
        var cents = gross / 10_000;
        var fee = cents * 15 / 100;
        await world.Database.Query(
            $"SELECT state, event_count, charge_micro, record_count, gross_cents, fee_cents, share_cents "
                + $"FROM settlement WHERE period = {MonthNumber}",
            row => Assert.Equal(
                $"CLOSED {ofMonth.Count} {ofMonth.Sum(item => item.Charge)} 1 {cents} {fee} {cents - fee}",
                string.Join(' ', Enumerable.Range(0, 7).Select(
                    column => Convert.ToString(row[column], CultureInfo.InvariantCulture)))));
        Assert.Equal(1, await world.Database.Number("SELECT COUNT(*) FROM settlement"));
        Assert.Equal(1, await world.Database.Number("SELECT COUNT(*) FROM revenue_share"));
        Assert.Equal(1, await world.Database.Number("SELECT COUNT(*) FROM share_transition"));
        Assert.Equal(gross, await world.Database.Number("SELECT event_gross_micro FROM revenue_share"));
        Assert.Equal(gross % 10_000, await world.Database.Number("SELECT carry_out_micro FROM revenue_share"));
        Assert.Equal(
            gross, await world.Database.Number("SELECT CAST(SUM(amount_micro) AS bigint) FROM revenue_share_line"));
    }

    private static async Task<int> Close(ProofWorld world, string failpoint)
    {
        using var close = world.Nodes[^1].Run(["close", Month, .. world.Database.Options], [("FAILPOINT", failpoint)]);
        var words = Task.WhenAll(close.StandardError.ReadToEndAsync(), close.StandardOutput.ReadToEndAsync());
        await close.WaitForExitAsync();
        Assert.True(close.ExitCode is 0 or 137, string.Join('\n', await words));
        return close.ExitCode;
    }

    private static async Task<List<string>> Dump(ProofWorld world)
    {
        var rows = new List<string>();
        foreach (var table in Books)
        {
            rows.AddRange((await world.Database.Dump(table)).Select(row => $"{table}: {row}"));
        }

        return rows;
    }

    private static void Move(ProofWorld world, ProofPlan plan, string time)
    {
        plan.Clock = Until(time);
        world.Nodes.ForEach(node => node.MoveClock(plan.Clock));
        ProofReport.Add("fault", "clock moved", world.Engine, 1, time);
    }

    private static TimeSpan Until(string time) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) - TimeProvider.System.GetUtcNow();

    private static int MonthOf(DateTime time) => (time.Year * 100) + time.Month;
}
