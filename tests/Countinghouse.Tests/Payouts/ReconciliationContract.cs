using System.Text.Json;
using Countinghouse.FakeStripe;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>What is found when payouts are held against the provider's books, on either engine.</summary>
public abstract class ReconciliationContract(Engine engine)
{
    [Fact]
    public async Task Books_that_agree_have_no_differences_and_a_day_is_reconciled_once()
    {
        await using var world = await Paid();
        var reconciliation = world.Server.Get<Reconciliation>();

        Assert.True(await reconciliation.RunDaily(CancellationToken.None));
        Assert.False(await reconciliation.RunDaily(CancellationToken.None));
        world.Server.Clock.Now += TimeSpan.FromDays(2);
        Assert.True(await reconciliation.RunDaily(CancellationToken.None));

        var list = (await world.Server.GetJson("reconciliations", world.Operator)).GetProperty("data");
        Assert.Equal(2, list.GetArrayLength());
        Assert.All(list.EnumerateArray(), one => Assert.Equal(
            (1, 0, ""),
            (one.GetProperty("transfer_count").GetInt32(),
                one.GetProperty("difference_count").GetInt32(),
                one.GetProperty("failure").GetString())));
        Assert.Equal(2, list[0].GetProperty("payout_count").GetInt32());
        Assert.Empty(await Differences(world));
    }

    [Fact]
    public async Task Money_that_nobody_here_decided_on_is_listed_and_puts_its_retailer_on_hold()
    {
        await using var world = await Paid();
        ProtocolContract.Pay(world, "a", "something else");
        ProtocolContract.Pay(world, "b", null, "acct_1Nobodys");
        ProtocolContract.Pay(world, "c", world.Bank.Truth().Transfers[0].TransferGroup);

        await world.Post(200, "reconciliations", world.Operator);
        await world.Post(200, "reconciliations", world.Operator);

        var found = await Differences(world);
        Assert.Equal(
            ["SECOND_TRANSFER", "UNKNOWN_TRANSFER", "UNKNOWN_TRANSFER"],
            found.Select(one => one.GetProperty("kind").GetString()).Order());
        Assert.Single(found, one => one.GetProperty("organization_id").ValueKind == JsonValueKind.Null);
        Assert.Equal(
            [null, "shop", "shop"], found.Select(one => one.GetProperty("organization_name").GetString()).Order());
        var account = $"organizations/{PayoutWorld.Id("shop")}/payout-account";
        var held = await world.Server.GetJson(account, world.Operator);
        Assert.StartsWith("Reconciliation found", held.GetProperty("hold_reason").GetString());

        // Settled, it is still there for whoever looks back, and is not found anew.
        var id = found[0].GetProperty("difference_id").GetString();
        await world.Post(422, $"payout-differences/{id}/settle", world.Operator, new { reason = "" });
        await world.Post(200, $"payout-differences/{id}/settle", world.Operator, new { reason = "It was a test." });
        await world.Post(409, $"payout-differences/{id}/settle", world.Operator, new { reason = "Again" });
        await world.Post(200, account + "/release", world.Operator);
        await world.Post(200, "reconciliations", world.Operator);
        Assert.Equal(2, (await Differences(world)).Count);
        Assert.Equal(3, (await Differences(world, "all")).Count);
        var free = await world.Server.GetJson(account, world.Operator);
        Assert.Equal(JsonValueKind.Null, free.GetProperty("hold_reason").ValueKind);
    }

    [Fact]
    public async Task A_reversal_that_nobody_told_of_is_taken_over_and_listed()
    {
        await using var world = await Paid();
        ProtocolContract.Reverse(world, world.Bank.Truth().Transfers[0].Id, 6_000);

        await world.Post(200, "reconciliations", world.Operator);

        Assert.Equal("REVERSAL", Assert.Single(await Differences(world)).GetProperty("kind").GetString());
        Assert.Equal(("REVERSED", "DISPUTED"), (await world.StateOf("shop"), await world.StatusOf("shop")));
        await world.ExpectCleanBooks();
        await world.Post(200, "reconciliations", world.Operator);
        Assert.Single(await Differences(world));
    }

    [Fact]
    public async Task Money_that_we_say_moved_and_the_provider_does_not_have_is_listed_after_a_day()
    {
        await using var world = await Paid();
        await world.Books.Execute("UPDATE payout SET transfer_id = 'tr_gone'");
        await world.Post(200, "reconciliations", world.Operator);
        Assert.Equal("SECOND_TRANSFER", Assert.Single(await Differences(world)).GetProperty("kind").GetString());

        // A month later the transfer of then is not asked for, but the payout was settled, it says, only lately.
        await world.Books.Execute("DELETE FROM payout_difference");
        await world.Books.Execute("UPDATE payout SET settled_at = settled_at + 38 * 86400000000");
        world.Server.Clock.Now += TimeSpan.FromDays(40);
        await world.Post(200, "reconciliations", world.Operator);
        Assert.Equal("MISSING_TRANSFER", Assert.Single(await Differences(world)).GetProperty("kind").GetString());
    }

    [Fact]
    public async Task A_provider_that_cannot_be_asked_leaves_the_reconciliation_incomplete()
    {
        await using var world = await Paid();
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListError] = 1 },
        });

        var done = await world.Post(200, "reconciliations", world.Operator);

        Assert.Contains("could not be asked", done.GetProperty("failure").GetString());
        Assert.Empty(await Differences(world));
    }

    [Fact]
    public async Task A_transfer_that_could_not_be_asked_for_is_not_missing()
    {
        await using var world = await Paid();
        await world.Books.Execute("UPDATE payout SET settled_at = settled_at + 38 * 86400000000");
        world.Server.Clock.Now += TimeSpan.FromDays(40);
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListError] = 0.5 },
        });
        var failures = new HashSet<string?>();
        for (var day = 0; day < 30; day++)
        {
            var done = await world.Post(200, "reconciliations", world.Operator);
            failures.Add(done.GetProperty("failure").GetString());
        }

        // All of them could not be asked for, the old one could not, and nothing failed: each has happened.
        Assert.Equal(3, failures.Count);
        Assert.Empty(await Differences(world));
    }

    [Fact]
    public async Task Without_anybody_to_ask_a_reconciliation_says_so()
    {
        await using var world = await PayoutWorld.Open(engine, [], ("StripeSecretKey", ""));

        var done = await world.Post(200, "reconciliations", world.Operator);

        Assert.Contains("No provider that could be asked", done.GetProperty("failure").GetString());
        Assert.False(await world.Server.Get<Reconciliation>().RunDaily(CancellationToken.None));
    }

    [Fact]
    public async Task What_is_still_under_way_is_no_difference()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        world.Next(FakeFault.ErrorAfter);
        await world.Run();
        await world.Work();

        await world.Post(200, "reconciliations", world.Operator);

        Assert.Empty(await Differences(world));
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
    }

    private static async Task<List<JsonElement>> Differences(PayoutWorld world, string which = "open") =>
    [
        .. (await world.Server.GetJson($"payout-differences?which={which}", world.Operator))
            .GetProperty("data").EnumerateArray(),
    ];

    private async Task<PayoutWorld> Paid()
    {
        var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        await world.Run();
        await world.Work();
        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        return world;
    }
}

public sealed class SqliteReconciliation() : ReconciliationContract(Engine.Sqlite);

public sealed class PostgresReconciliation() : ReconciliationContract(Engine.Postgres);
