using System.Globalization;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>
/// Experiment 5 of docs/proof.md: clocks that jump, a leap day, the end of a month; and the close of that month
/// and the next under load, killed at each step, and run twice at once, while operators correct what was charged.
/// </summary>
internal static class CloseExperiments
{
    private const int DailyBudgetExhausted = 130;
    private const int February = 202802;
    private const int March = 202803;

    public static readonly string[] ClosePoints =
    [
        "close_after_start", "close_after_fence", "close_after_verify", "close_after_counts", "close_after_settle",
        "close_after_finish",
    ];

    private static readonly string[] Books =
    [
        "settlement", "revenue_share", "revenue_share_line", "revenue_share_part", "revenue_share_carry",
        "share_transition", "billing_period", "ledger_tx", "ledger_entry",
    ];

    /// <summary>Days on which nothing comes in any more while months are closed.</summary>
    private static readonly (int First, int Last)[] QuietDays = [(20280228, 20280229), (20280301, 20280303)];

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    public static async Task<ProofOutcome> AcrossMonths(Engine engine, int seed, string sabotage = "")
    {
        await using var world = await ProofWorld.Open(
            engine,
            (_, _) => [("RevenueShare__CloseAutomatically", "false"), ("SABOTAGE", sabotage)],
            clock: Until("2028-02-28T23:59:50Z"));
        var plan = new ProofPlan(seed, world.Nodes.Count);
        var campaigns = new[]
        {
            await world.NewCampaign("cpc", 0.10m, 10_000m, daily: 15m, start: "2028-01-01"),
            await world.NewCampaign("cpc", 0.333m, 10_000m, start: "2028-01-01"),
            await world.NewCampaign("cpm", 7.125m, 10_000m, start: "2028-01-01"),
        };

        using var operators = await ProofOperator.Open(world, seed);
        await operators.SetRate("2028-03", "0.2");

        // One clock is a day and a half ahead for a while; what it spends of those days, they will not spend again.
        world.Nodes[0].MoveClock(Until("2028-03-01T12:00:00Z"));
        ProofReport.Add("fault", "clock moved", engine, 1, "one node");
        await world.Clients.Run(Events(world, plan, campaigns, 300), Patience);

        // Into the leap day, with one clock behind the other; out of it and of the month; then to the day of the close.
        Move(world, plan, "2028-02-28T23:59:59Z");
        await RunInto(29, world, plan, campaigns);
        world.Nodes[0].MoveClock(Until("2028-02-28T23:58:30Z"));
        await world.Clients.Run(Events(world, plan, campaigns, 400), Patience);
        Move(world, plan, "2028-02-29T23:59:59Z");
        await RunInto(1, world, plan, campaigns);
        var wrong = new List<Violation>();
        foreach (var (month, day) in new[] { ("2028-02", "2028-03-04"), ("2028-03", "2028-04-04") })
        {
            Move(world, plan, day + "T00:00:05Z");
            await CloseUnderLoad(world, plan, campaigns, operators, month, sabotage.Length == 0, wrong);
            await operators.Run([February, March], QuietDays, sent => sent >= 10);
        }

        var outcome = await ProofOutcome.Of("5 months and closes", world, seed);
        var (late, onReceipt) = await CheckFence(world, outcome, wrong);
        var credits = await CheckBooks(world, outcome, operators, wrong);
        outcome = outcome with { Violations = [.. outcome.Violations, .. wrong] };
        if (sabotage.Length == 0)
        {
            outcome.ExpectNothingWrong();
            ProofReport.Add("events", "5 late, in their own month", engine, late);
            ProofReport.Add("events", "5 late, on receipt", engine, onReceipt);
            ExpectToBeAboutSomething(outcome, late, onReceipt);
            ExpectCorrections(outcome, credits);
        }

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

    private static async Task CloseUnderLoad(
        ProofWorld world,
        ProofPlan plan,
        Guid[] campaigns,
        ProofOperator operators,
        string month,
        bool isKilled,
        List<Violation> wrong)
    {
        var isDone = false;
        var load = Task.Run(async () =>
        {
            while (!Volatile.Read(ref isDone))
            {
                await world.Clients.Run(Events(world, plan, campaigns, 200), Patience);
            }
        });
        var corrections = operators.Run([February, March], QuietDays, _ => Volatile.Read(ref isDone));
        foreach (var point in isKilled ? ClosePoints : [])
        {
            var (code, words) = await Close(world, month, point + ":1");
            Expect(wrong, "close", code == 137, $"ended with {code} and not at {point}: {words}");
        }

        foreach (var (code, words) in await Task.WhenAll(Close(world, month, ""), Close(world, month, "")))
        {
            Expect(wrong, "close", code == 0, $"of two closes one ended with {code}: {words}");
        }

        var books = await Dump(world);
        var (again, said) = await Close(world, month, "");
        Expect(wrong, "close", again == 0, $"done again it ended with {again}: {said}");
        Expect(wrong, "books", books.SequenceEqual(await Dump(world)), "a close that was done again changed something");
        Volatile.Write(ref isDone, true);
        await Task.WhenAll(load, corrections);
        Expect(wrong, "books", books.SequenceEqual(await Dump(world)), "a closed month's books changed later");
    }

    /// <summary>Some events are late: they say that they happened in the month that is being closed.</summary>
    private static List<Send> Events(ProofWorld world, ProofPlan plan, Guid[] campaigns, int count)
    {
        var sends = Enumerable.Range(0, count).Select(number =>
        {
            Guid? offer = plan.Random.Next(3) == 0 ? plan.Pick(world.Offers) : null;
            DateTime? at = plan.Random.Next(4) == 0
                ? new DateTime(2028, plan.Now.Month == 4 ? 3 : 2, 5 + plan.Random.Next(23), 12, 0, 0, DateTimeKind.Utc)
                    .AddMilliseconds(plan.Random.Next(1_000_000))
                : null;
            var one = new SentEvent(plan.NewId(), number % 4 > 0, plan.Pick(campaigns), offer, at);
            return new Send([one], plan.Node());
        }).ToList();
        return plan.WithRepetitions(sends, count / 2);
    }

    /// <summary>After the fence an event of the month counts on its receipt; before it, when it happened.</summary>
    private static async Task<(int Late, int OnReceipt)> CheckFence(
        ProofWorld world, ProofOutcome outcome, List<Violation> wrong)
    {
        var fences = await TermsLog.ReadFences(world.Database, world.Advertiser);
        var (late, onReceipt) = (0, 0);
        foreach (var item in outcome.Check.Journal.Events)
        {
            var month = MonthOf(DateTime.UnixEpoch.AddTicks(item.Occurred * 10));
            var fenced = fences.Where(fence => fence.After < item.Batch).Select(fence => fence.Month).LastOrDefault();
            Expect(
                wrong,
                "fence",
                item.IsBookedOnReceipt == (month <= fenced),
                $"{item.Id} of {month} in batch {item.Batch} is on the wrong side of the fence {fenced}");
            onReceipt += item.IsBookedOnReceipt ? 1 : 0;
            late += item.StatedAt is not null && !item.IsBookedOnReceipt ? 1 : 0;
        }

        return (late, onReceipt);
    }

    /// <summary>Late events on both sides of the fence, both midnights, and a day whose budget ran out.</summary>
    private static void ExpectToBeAboutSomething(ProofOutcome outcome, int late, int onReceipt)
    {
        var events = outcome.Check.Journal.Events;
        outcome.Expect(late > 0 && onReceipt > 0, "no late event came on one side of the fence");
        var days = events.Select(item => item.Day).Distinct().ToHashSet();
        outcome.Expect(days.Contains(20280229) && days.Contains(20280301), "the leap day or its end was not met");
        outcome.Expect(
            events.Zip(events.Skip(1)).Any(pair => pair.First.Day > pair.Second.Day), "no clock stepped back a day");
        outcome.Expect(events.Exists(item => item.Reason == DailyBudgetExhausted), "no day's budget ran out");
    }

    /// <summary>Some in each month that can take them in: their own, the next, and one that is open still.</summary>
    private static void ExpectCorrections(ProofOutcome outcome, List<StoredCredit> credits)
    {
        var counts = credits.CountBy(credit => (credit.Origin, credit.RightMonth)).ToDictionary();
        foreach (var pair in new[]
        {
            (February, February), (February, March), (February, 202804), (March, March), (March, 202804),
        })
        {
            var count = counts.GetValueOrDefault(pair);
            ProofReport.Add("events", $"5 corrections of {pair.Item1} in {pair.Item2}", outcome.Engine, count);
            outcome.Expect(count > 0, $"no correction of {pair.Item1} went to {pair.Item2}");
        }

        outcome.Expect(credits.DistinctBy(credit => credit.Kind).Count() == 3, "a kind of correction is missing");
        outcome.Expect(credits.Exists(credit => credit.Micros > 0), "nothing that was given was taken back");
    }

    /// <summary>
    /// Records, lines, parts, carries and ledger are what events and corrections come to, to the micro, and whoever was
    /// told of a correction finds it in one month.
    /// </summary>
    private static async Task<List<StoredCredit>> CheckBooks(
        ProofWorld world, ProofOutcome outcome, ProofOperator operators, List<Violation> wrong)
    {
        var events = outcome.Check.Journal.Events;
        var credits = await CreditCheck.Read(world);
        new CreditCheck(world, events, (checker, isSo, text) => Expect(wrong, checker, isSo, text))
            .Run(credits, operators.Told);
        var right = new BooksModel(
            world.Advertiser, events, credits, month => month < March ? 150_000 : 200_000).Close(February, March);
        var there = await BooksModel.Read(world.Database);
        foreach (var row in right.Except(there))
        {
            Expect(wrong, "books", false, $"there is no {row}");
        }

        foreach (var row in there.Except(right))
        {
            Expect(wrong, "books", false, $"there is a {row}");
        }

        Expect(wrong, "books", there.Count == right.Count, $"{there.Count} rows, should be {right.Count}");
        foreach (var failure in operators.Failures)
        {
            Expect(wrong, "errors", false, failure);
        }

        return credits;
    }

    private static void Expect(List<Violation> wrong, string checker, bool isSo, string text)
    {
        if (!isSo && wrong.Count(one => one.Checker == checker) < 5)
        {
            wrong.Add(new Violation(checker, text));
        }
    }

    private static async Task<(int Code, string Words)> Close(
        ProofWorld world, string month, string failpoint)
    {
        using var close = world.Nodes[^1].Run(["close", month, .. world.Database.Options], [("FAILPOINT", failpoint)]);
        var words = Task.WhenAll(close.StandardError.ReadToEndAsync(), close.StandardOutput.ReadToEndAsync());
        await close.WaitForExitAsync();
        return (close.ExitCode, string.Join('\n', await words));
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
