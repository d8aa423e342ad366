using System.Text;
using Countinghouse.FakeStripe;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>
/// Every answer that a provider can give, and what becomes of the payout, on either engine. The fake's truth says what
/// really moved.
/// </summary>
public abstract class ProtocolContract(Engine engine)
{
    private const int Cents = 6_000;

    [Theory]
    [InlineData(FakeFault.DropBefore)]
    [InlineData(FakeFault.DropAfter)]
    [InlineData(FakeFault.Conflict)]
    [InlineData(FakeFault.RateLimit)]
    [InlineData(FakeFault.Slow)]
    public async Task No_answer_or_one_that_asks_for_patience_is_asked_again_under_the_same_key(FakeFault fault)
    {
        await using var world = await Begin(fault);
        Assert.Equal("SENDING", await world.StateOf("shop"));
        Assert.Equal("APPROVED", await world.StatusOf("shop"));

        await world.Pass(TimeSpan.FromMinutes(2));

        var attempt = Assert.Single((await world.Detail("shop")).GetProperty("attempts").EnumerateArray());
        Assert.Equal(2, attempt.GetProperty("sends").GetInt32());
        await ExpectPaidOnce(world);
    }

    [Theory]
    [InlineData(FakeFault.ErrorBefore, 2)]
    [InlineData(FakeFault.ErrorAfter, 1)]
    [InlineData(FakeFault.Mismatch, 2)]
    public async Task An_answer_that_says_neither_yes_nor_no_is_unknown_until_the_list_tells(
        FakeFault fault, int attempts)
    {
        await using var world = await Begin(fault);
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        await world.Pass(TimeSpan.FromMinutes(9));
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        Assert.DoesNotContain("list_transfers", world.Bank.Truth().Requests.Keys);

        await world.Pass(TimeSpan.FromMinutes(2));
        if (attempts == 2)
        {
            // Not in the list: another attempt, but only once nothing can be on its way any more.
            Assert.Equal("READY", await world.StateOf("shop"));
            Assert.Empty(world.Bank.Truth().Transfers);
            await world.Post(409, await world.PayoutPath("shop") + "/cancel", world.Operator);
            await world.Pass(TimeSpan.FromHours(23));
            Assert.Equal("READY", await world.StateOf("shop"));
            await world.Pass(TimeSpan.FromHours(1));
        }

        Assert.Equal(attempts, (await world.Detail("shop")).GetProperty("attempts").GetArrayLength());
        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task The_operators_word_shortens_the_wait_and_the_list_is_still_asked()
    {
        await using var world = await Begin(FakeFault.ErrorBefore);
        await world.Post(409, await world.PayoutPath("shop") + "/retry", world.Operator);
        await world.Pass(TimeSpan.FromMinutes(11));
        var asked = world.Bank.Truth().Requests["list_transfers"];

        await world.Post(200, await world.PayoutPath("shop") + "/retry", world.Operator);
        await world.Work();

        Assert.Equal(asked + 1, world.Bank.Truth().Requests["list_transfers"]);
        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task What_happens_long_after_it_was_given_up_is_found_in_the_list_and_not_sent_again()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = Cents });
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Next = [FakeFault.SlowEffect],
            SlowEffectSeconds = 7_200,
            Rates = new Dictionary<FakeFault, double> { [FakeFault.DropBefore] = 1, [FakeFault.ListDrop] = 1 },
        });
        await world.Run();

        // Nothing gets through for a day, so the key grows too old; the first request had an effect meanwhile.
        for (var hour = 0; hour < 24; hour++)
        {
            await world.Pass(TimeSpan.FromHours(1));
        }

        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        Assert.Single(world.Bank.Truth().Transfers);
        world.Bank.SetFaults(world.Bank.Faults with { Rates = new Dictionary<FakeFault, double>() });
        await world.Pass(TimeSpan.FromMinutes(10));

        Assert.Equal("ADOPTED", (await world.Detail("shop")).GetProperty("attempts")[0]
            .GetProperty("outcome").GetString());
        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task A_list_that_lags_for_hours_does_not_make_it_pay_twice()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = Cents });
        world.Bank.SetFaults(world.Bank.Faults with { Next = [FakeFault.ErrorAfter], ListLagSeconds = 20 * 3_600 });
        await world.Run();

        for (var hour = 0; hour < 26; hour++)
        {
            await world.Pass(TimeSpan.FromHours(1));
        }

        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task A_list_that_cannot_be_read_decides_nothing()
    {
        await using var world = await Begin(FakeFault.ErrorBefore);
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListDrop] = 0.5, [FakeFault.ListError] = 0.5 },
        });

        for (var hour = 0; hour < 30; hour++)
        {
            await world.Pass(TimeSpan.FromHours(1));
        }

        // Whatever half of the lists could not be read, in the end one could.
        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task A_payout_that_is_never_done_fails_after_its_attempts_and_certainly_moved_nothing()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = Cents });
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ErrorBefore] = 1 },
        });
        await world.Run();
        for (var day = 0; day < 100 && await world.StateOf("shop") != "FAILED"; day++)
        {
            await world.Pass(TimeSpan.FromHours(1));
        }

        Assert.Equal("attempts_used_up", (await world.PayoutOf("shop")).GetProperty("failure").GetString());
        Assert.Equal(3, (await world.Detail("shop")).GetProperty("attempts").GetArrayLength());
        Assert.Empty(world.Bank.Truth().Transfers);
        Assert.Equal("APPROVED", await world.StatusOf("shop"));
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task Money_that_moved_twice_stops_all_payouts()
    {
        await using var world = await Begin(FakeFault.ErrorAfter);
        var group = world.Bank.Truth().Transfers[0].TransferGroup;
        Pay(world, "by hand", group);

        await world.Pass(TimeSpan.FromMinutes(11));

        var state = await world.Server.GetJson("payout-state", world.Operator);
        Assert.True(state.GetProperty("is_stopped").GetBoolean());
        Assert.Contains("has 2 transfers", state.GetProperty("reason").GetString());
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        Assert.Contains(world.Server.Log.Lines, line => line.StartsWith("Critical"));

        // One of them is taken back by hand, and the other one is the payout's.
        var second = world.Bank.Truth().Transfers.Single(one => one.IdempotencyKey == "by hand");
        Reverse(world, second.Id, Cents);
        Assert.True(await world.Worker.Refresh("stripe", second.Id, CancellationToken.None));
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        await world.Post(200, "payout-state/resume", world.Operator);
        await world.Pass(TimeSpan.FromMinutes(11));
        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        Assert.True(await world.Worker.Refresh("stripe", second.Id, CancellationToken.None));
        Assert.False((await world.Server.GetJson("payout-state", world.Operator))
            .GetProperty("is_stopped").GetBoolean());
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task A_webhook_is_kept_only_if_it_is_signed_now_and_makes_us_ask()
    {
        await using var world = await Begin(FakeFault.ErrorAfter);
        var webhook = world.Bank.TakeWebhooks().Single();

        Assert.Equal(400, await Deliver(world, webhook.Body, "t=1,v1=00"));
        Assert.Equal(400, await Deliver(world, webhook.Body, ""));
        Assert.Equal(400, await Deliver(world, [.. webhook.Body, (byte)' '], webhook.Signature));
        Assert.Equal(400, await Deliver(world, Sign(world, "[1]", out var list), list));
        Assert.Equal(400, await Deliver(world, Sign(world, "{\"id\":7,\"type\":\"x\"}", out var typed), typed));
        world.Server.Clock.Now += TimeSpan.FromSeconds(301);
        Assert.Equal(400, await Deliver(world, webhook.Body, webhook.Signature));
        world.Server.Clock.Now -= TimeSpan.FromSeconds(301);
        Assert.Equal(0, await world.Books.Number("SELECT COUNT(*) FROM webhook_inbox"));
        foreach (var _ in Enumerable.Range(0, 3))
        {
            Assert.Equal(200, await Deliver(world, webhook.Body, webhook.Signature));
        }

        Assert.Equal(1, await world.Books.Number("SELECT COUNT(*) FROM webhook_inbox"));
        Assert.Equal("UNKNOWN", await world.StateOf("shop"));
        await world.Server.Get<WebhookInbox>().Work(CancellationToken.None);
        await ExpectPaidOnce(world);
    }

    [Fact]
    public async Task A_reversal_lowers_what_was_paid_and_a_full_one_disputes_the_records()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = Cents });
        await world.Run();
        await world.Work();
        var transfer = world.Bank.Truth().Transfers[0].Id;

        Reverse(world, transfer, 1_000);
        var early = world.Bank.TakeWebhooks();
        await DeliverAll(world, early);
        Assert.Equal(("PAID", "50.00", "10.00"), await Standing(world));
        Reverse(world, transfer, 500);
        await DeliverAll(world, [.. world.Bank.TakeWebhooks(), .. early]);
        Assert.Equal(("PAID", "45.00", "15.00"), await Standing(world));
        await world.ExpectCleanBooks();

        Reverse(world, transfer, 4_500);
        await DeliverAll(world, world.Bank.TakeWebhooks());
        Assert.Equal(("DISPUTED", "0.00", "60.00"), await Standing(world));
        Assert.Equal("REVERSED", await world.StateOf("shop"));
        var record = await world.Server.GetJson(PayoutWorld.SharePath("shop"), world.Operator);
        Assert.Equal("", record.GetProperty("stripe_transfer_id").GetString());
        await world.ExpectCleanBooks();

        // Settled and approved again, it is paid again, by another payout.
        await world.Post(200, PayoutWorld.SharePath("shop") + "/resolve", world.Operator, new
        {
            revision = 1,
            reason = "The account was wrong.",
        });
        await world.Approve("shop", 2);
        world.Server.Clock.Now += TimeSpan.FromSeconds(1);
        await world.Run();
        await world.Work();
        Assert.Equal(("PAID", "60.00", "0.00"), await Standing(world));
        Assert.Equal(2, world.Bank.Truth().Transfers.Count);
        await world.ExpectCleanBooks();
    }

    private static async Task<(string?, string?, string?)> Standing(PayoutWorld world)
    {
        var summary = await world.Server.GetJson(
            $"revenue-share/{PayoutWorld.Id("shop")}/summary", world.Operator);
        return (
            await world.StatusOf("shop"),
            summary.GetProperty("total_paid").GetString(),
            summary.GetProperty("pending_balance").GetString());
    }

    private static async Task DeliverAll(PayoutWorld world, IEnumerable<FakeWebhook> webhooks)
    {
        foreach (var webhook in webhooks)
        {
            Assert.Equal(200, await Deliver(world, webhook.Body, webhook.Signature));
        }

        await world.Server.Get<WebhookInbox>().Work(CancellationToken.None);
    }

    internal static void Reverse(PayoutWorld world, string transfer, long cents) =>
        Call(world, $"/v1/transfers/{transfer}/reversals", new() { ["amount"] = $"{cents}" }, null);

    internal static void Pay(PayoutWorld world, string key, string? group, string destination = "acct_1shop") =>
        Call(world, "/v1/transfers", FakeWorld.Order(Cents, destination, group), key);

    private static void Call(PayoutWorld world, string path, Dictionary<string, string> form, string? key) =>
        Assert.Equal(200, world.Bank.Handle(new FakeRequest(
            "POST", path, new Dictionary<string, string>(), form, key, IsAuthorized: true)).Status);

    private static byte[] Sign(PayoutWorld world, string body, out string signature)
    {
        var bytes = Encoding.UTF8.GetBytes(body);
        signature = FakeSignature.Make(world.Bank.WebhookSecret, bytes, world.Server.Clock.Now);
        return bytes;
    }

    private static async Task<int> Deliver(PayoutWorld world, byte[] body, string signature)
    {
        using var request = new HttpRequestMessage(
            HttpMethod.Post, new Uri(world.Server.Origin, "/webhooks/stripe"))
        {
            Content = new ByteArrayContent(body),
        };
        request.Headers.TryAddWithoutValidation("Stripe-Signature", signature);
        return (await world.Server.Send(request)).Status;
    }

    private async Task<PayoutWorld> Begin(FakeFault fault)
    {
        var world = await PayoutWorld.Open(engine, new() { ["shop"] = Cents });
        world.Next(fault);
        await world.Run();
        await world.Work();
        return world;
    }

    private static async Task ExpectPaidOnce(PayoutWorld world)
    {
        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        Assert.Equal("PAID", await world.StatusOf("shop"));
        Assert.Equal(Cents, Assert.Single(world.Bank.Truth().Transfers).AmountCents);
        await world.ExpectCleanBooks();
    }
}

public sealed class SqliteProtocol() : ProtocolContract(Engine.Sqlite);

public sealed class PostgresProtocol() : ProtocolContract(Engine.Postgres);
