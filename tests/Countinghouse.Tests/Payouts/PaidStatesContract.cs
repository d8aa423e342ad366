using System.Text.Json;
using Countinghouse.Proof;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>
/// Experiment 7 with money: random commands on one record, two at once from two operators and the worker: approve,
/// dispute, resolve, run, cancel, send, and the provider's reversals. There must be an order of the two in which each
/// answer is what the table says and which ends where the record is; and in the end the money is where the record
/// says.
/// </summary>
public abstract class PaidStatesContract(Engine engine)
{
    private const string Reserved = "RESERVED";

    /// <summary>From, command, to. What is not here changes nothing; where somebody answers, it is refused.</summary>
    private static readonly (string From, string Command, string To)[] Moves =
    [
        ("CALCULATED", "approve", "APPROVED"),
        ("CALCULATED", "dispute", "DISPUTED"),
        ("APPROVED", "dispute", "DISPUTED"),
        ("DISPUTED", "resolve", "CALCULATED"),
        ("APPROVED", "run", Reserved),
        (Reserved, "cancel", "APPROVED"),
        (Reserved, "send", "PAID"),
        ("PAID", "reverse", "DISPUTED"),
    ];

    private static readonly string[] Commands =
        ["approve", "dispute", "resolve", "run", "run", "cancel", "cancel", "send", "reverse"];

    [Theory]
    [InlineData(7_201, 120)]
    public Task Commands_and_money_at_once_follow_the_table_of_states(int seed, int rounds) => Follow(seed, rounds);

    [Theory]
    [Trait("Length", "Long")]
    [InlineData(7_301, 1_500)]
    public Task Thousands_of_commands_and_payments_follow_the_table_of_states(int seed, int rounds) =>
        Follow(seed, rounds);

    private async Task Follow(int seed, int rounds)
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        var random = new Random(seed);
        var met = new HashSet<(string, string)>();
        var before = new State("APPROVED", 1);
        for (var round = 0; round < rounds; round++)
        {
            world.Server.Clock.Now += TimeSpan.FromSeconds(1);
            var both = Enumerable.Range(0, 2).Select(_ => Commands[random.Next(Commands.Length)]).ToList();
            var seen = before;
            var answers = await Task.WhenAll(both.Select((command, who) => Do(world, command, seen.Revision, who)));
            var after = await Read(world);
            var order = Explain(before, both.Zip(answers).ToList(), after);
            Assert.True(
                order is not null,
                $"seed {seed}, round {round}: no order of {string.Join(", ", both.Zip(answers))} explains {before} to "
                    + $"{after}\n{world.Server.Log}");
            met.UnionWith(order);
            before = after;
        }

        Assert.True(met.Count == Moves.Length, $"seed {seed}: only {string.Join(", ", met)} happened");
        var standing = world.Bank.Truth().Transfers.Count(transfer => !transfer.IsReversed);
        Assert.Equal(before.Status == "PAID" ? 1 : 0, standing);
        Assert.All(
            world.Bank.Truth().Transfers.GroupBy(transfer => transfer.TransferGroup), group => Assert.Single(group));
        await world.ExpectCleanBooks();
        ProofReport.Add("events", "7 commands with money", engine, 2 * rounds, $"seed {seed}");
        ProofReport.Add("events", "7 transfers", engine, world.Bank.Truth().Transfers.Count, $"seed {seed}");
    }

    /// <summary>True and false as it was answered; null where nobody answers.</summary>
    private static async Task<bool?> Do(PayoutWorld world, string command, int revision, int who)
    {
        var key = who == 0 ? world.Operator : world.Second;
        switch (command)
        {
            case "run":
                return await Run(world, who);
            case "cancel":
                var list = await world.Server.GetJson($"organizations/{PayoutWorld.Id("shop")}/payouts", key);
                return list.GetProperty("data").GetArrayLength() > 0
                    && await Post(world, await world.PayoutPath("shop") + "/cancel", key, null);
            case "send":
                await world.Worker.RunDue(CancellationToken.None);
                return null;
            case "reverse":
                foreach (var transfer in world.Bank.Truth().Transfers.Where(transfer => !transfer.IsReversed))
                {
                    ProtocolContract.Reverse(world, transfer.Id, transfer.AmountCents);
                    await world.Worker.Refresh("stripe", transfer.Id, CancellationToken.None);
                }

                return null;
            default:
                return await Post(
                    world,
                    PayoutWorld.SharePath("shop") + "/" + command,
                    key,
                    command == "approve" ? new { revision } : new { revision, reason = "A test" });
        }
    }

    /// <summary>Was the record reserved by this run?</summary>
    private static async Task<bool> Run(PayoutWorld world, int who)
    {
        var (one, other) = who == 0 ? (world.Operator, world.Second) : (world.Second, world.Operator);
        var preview = await world.Post(201, "payout-runs", one, new { });
        var run = preview.GetProperty("run_id").GetString();
        await world.Post(200, $"payout-runs/{run}/confirm", other, new
        {
            fingerprint = preview.GetProperty("fingerprint").GetString(),
        });
        var plan = (await world.Server.GetJson($"payout-runs/{run}/plan", one)).GetProperty("data");
        return plan.EnumerateArray().Any(row => row.GetProperty("outcome").GetString() == Reserved);
    }

    private static async Task<bool> Post(PayoutWorld world, string path, string key, object? body)
    {
        var answer = await world.Server.Send(HttpMethod.Post, path, key, body);
        Assert.True(answer.Status is 200 or 409, $"{path}: {answer.Status} {answer.Text}");
        return answer.Status == 200;
    }

    private static async Task<State> Read(PayoutWorld world)
    {
        var record = await world.Server.GetJson(PayoutWorld.SharePath("shop"), world.Operator);
        var status = record.GetProperty("status").GetString()!;
        var isReserved = status == "APPROVED" && record.GetProperty("payout_id").ValueKind != JsonValueKind.Null;
        return new State(isReserved ? Reserved : status, record.GetProperty("revision").GetInt32());
    }

    /// <summary>The moves of an order that explains it; null: there is none.</summary>
    private static List<(string, string)>? Explain(State from, List<(string Command, bool? Answer)> open, State end)
    {
        if (open.Count == 0)
        {
            return from == end ? [] : null;
        }

        foreach (var next in open)
        {
            var to = Moves.Where(move => move.From == from.Status && move.Command == next.Command)
                .Select(move => move.To).SingleOrDefault();
            if (next.Answer is not null && next.Answer != (to is not null))
            {
                continue;
            }

            var rest = open.ToList();
            rest.Remove(next);
            var then = to is null
                ? from
                : new State(to, from.Revision + (next.Command == "resolve" ? 1 : 0));
            if (Explain(then, rest, end) is { } found)
            {
                return to is null ? found : [(from.Status, next.Command), .. found];
            }
        }

        return null;
    }

    private sealed record State(string Status, int Revision);
}

public sealed class SqlitePaidStates() : PaidStatesContract(Engine.Sqlite);

public sealed class PostgresPaidStates() : PaidStatesContract(Engine.Postgres);
