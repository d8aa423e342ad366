using Countinghouse.FakeStripe;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Paying retailers, as the operator and the retailer meet it, on either engine.</summary>
public abstract class PayoutContract(Engine engine)
{
    [Fact]
    public async Task A_confirmed_run_pays_what_was_seen_and_everybody_can_see_it()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 12_345, ["store"] = 6_000 });
        var key = await world.Server.NewKey(PayoutWorld.Id("shop"));

        var run = await world.Run();
        Assert.Equal("READY", await world.StateOf("shop"));
        await world.Work();

        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        var moved = world.Bank.Truth().Transfers;
        Assert.Equal([6_000, 12_345], moved.Select(transfer => transfer.AmountCents).Order());
        var transfer = moved.Single(one => one.AmountCents == 12_345);
        Assert.Equal(PayoutWorld.AccountOf("shop"), transfer.Destination);
        var record = await world.Server.GetJson(PayoutWorld.SharePath("shop"), key);
        Assert.Equal("PAID", record.GetProperty("status").GetString());
        Assert.Equal(transfer.Id, record.GetProperty("stripe_transfer_id").GetString());
        Assert.Equal("2026-08-15T12:00:00Z", record.GetProperty("paid_at").GetString());
        var summary = await world.Server.GetJson($"revenue-share/{PayoutWorld.Id("shop")}/summary", key);
        Assert.Equal("123.45", summary.GetProperty("total_paid").GetString());
        Assert.Equal("0.00", summary.GetProperty("pending_balance").GetString());
        var seen = await world.Server.GetJson(await world.PayoutPath("shop"), key);
        Assert.Equal("OK", seen.GetProperty("attempts")[0].GetProperty("outcome").GetString());
        Assert.Equal("123.45", seen.GetProperty("items")[0].GetProperty("amount").GetString());
        Assert.Equal("shop", seen.GetProperty("payout").GetProperty("organization_name").GetString());
        Assert.Equal(["shop", "store"], await Names(world, "payouts"));
        Assert.Equal(["shop"], await Names(world, $"payouts?organization_id={PayoutWorld.Id("shop")}&state=SUCCEEDED"));
        Assert.Equal(["shop"], await Names(world, $"payouts?organization_id={PayoutWorld.Id("shop")}&run_id={run}"));
        Assert.Empty(await Names(world, $"payouts?run_id={PayoutWorld.Id("shop")}"));
        Assert.Equal(["shop", "store"], await Names(world, $"payout-runs/{run}/plan"));
        var history = (await world.Server.GetJson(PayoutWorld.SharePath("shop") + "/history", key)).GetProperty("data");
        Assert.Equal("PAID", history[2].GetProperty("to_status").GetString());
        var state = await world.Server.GetJson($"payout-runs/{run}", world.Operator);
        Assert.Equal(("CONFIRMED", 2, "183.45"), (
            state.GetProperty("state").GetString(),
            state.GetProperty("payout_count").GetInt32(),
            state.GetProperty("amount").GetString()));
        var trial = await world.Server.GetJson("ledger/trial-balance", world.Operator);
        var balances = trial.GetProperty("accounts").EnumerateArray().ToDictionary(
            account => account.GetProperty("account").GetString()!,
            account => account.GetProperty("balance").GetString());
        Assert.Equal(("0.00", "0.00", "-183.45"), (balances["PAYABLE"], balances["CLEARING"], balances["BANK"]));
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task Nobody_is_paid_below_the_minimum_on_hold_without_a_destination_or_without_a_second_person()
    {
        await using var world = await PayoutWorld.Open(
            engine, new() { ["small"] = 4_999, ["held"] = 9_000, ["nowhere"] = 9_000, ["shop"] = 5_000 });
        await world.Books.Execute(
            "UPDATE payout_account SET provider = NULL, destination = '' WHERE org_id = @org",
            ("org", PayoutWorld.Id("nowhere")));
        await world.Post(
            200,
            $"organizations/{PayoutWorld.Id("held")}/payout-account/hold",
            world.Operator,
            new { reason = "The address is being looked into." });

        var preview = await world.Post(201, "payout-runs", world.Operator, new { });

        var run = preview.GetProperty("run_id").GetString();
        var fingerprint = preview.GetProperty("fingerprint").GetString();
        var plan = (await world.Server.GetJson($"payout-runs/{run}/plan", world.Operator)).GetProperty("data");
        Assert.Equal(
            ["BELOW_MINIMUM", "NO_DESTINATION", "ON_HOLD", "PLANNED"],
            plan.EnumerateArray().Select(row => row.GetProperty("outcome").GetString()).Order());
        var same = await world.Post(409, $"payout-runs/{run}/confirm", world.Operator, new { fingerprint });
        Assert.Contains("Another of the operator's", same.GetProperty("detail").GetString());
        await world.Post(
            409, $"payout-runs/{run}/confirm", world.Second, new { fingerprint = new string('0', 64) });
        await world.Post(403, "payout-runs", await world.Server.NewKey(PayoutWorld.Id("shop")), new { });
        await world.Post(200, $"payout-runs/{run}/confirm", world.Second, new { fingerprint });
        await world.Post(409, $"payout-runs/{run}/confirm", world.Second, new { fingerprint });
        await world.Post(409, $"payout-runs/{run}/cancel", world.Second);
        await world.Work();

        Assert.Equal(5_000, Assert.Single(world.Bank.Truth().Transfers).AmountCents);
        var other = await world.Post(201, "payout-runs", world.Operator, new { });
        await world.Post(200, $"payout-runs/{other.GetProperty("run_id").GetString()}/cancel", world.Operator);
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task One_operator_is_enough_where_the_settings_say_so()
    {
        await using var world = await PayoutWorld.Open(
            engine, new() { ["shop"] = 700 }, ("SecondPerson", "false"), ("MinimumUsd", "7"));
        var preview = await world.Post(201, "payout-runs", world.Operator, new { });

        await world.Post(
            200,
            $"payout-runs/{preview.GetProperty("run_id").GetString()}/confirm",
            world.Operator,
            new { fingerprint = preview.GetProperty("fingerprint").GetString() });
        await world.Work();

        Assert.Single(world.Bank.Truth().Transfers);
    }

    [Fact]
    public async Task What_has_changed_since_the_preview_is_not_paid_by_it()
    {
        await using var world = await PayoutWorld.Open(
            engine, new() { ["shop"] = 6_000, ["moved"] = 6_000, ["held"] = 6_000 });
        var preview = await world.Post(201, "payout-runs", world.Operator, new { });
        var run = preview.GetProperty("run_id").GetString();
        await world.Post(200, PayoutWorld.SharePath("shop") + "/dispute", world.Operator, new
        {
            revision = 1,
            reason = "Wrong",
        });
        await world.SetAccount(PayoutWorld.Id("moved"), "stripe", "acct_1other");
        await world.Post(200, $"organizations/{PayoutWorld.Id("held")}/payout-account/hold", world.Operator, new
        {
            reason = "Wait",
        });

        await world.Post(200, $"payout-runs/{run}/confirm", world.Second, new
        {
            fingerprint = preview.GetProperty("fingerprint").GetString(),
        });
        await world.Work();

        var plan = (await world.Server.GetJson($"payout-runs/{run}/plan", world.Operator)).GetProperty("data");
        Assert.All(plan.EnumerateArray(), row => Assert.Equal("CHANGED", row.GetProperty("outcome").GetString()));
        Assert.Empty(world.Bank.Truth().Transfers);
    }

    [Fact]
    public async Task A_record_in_a_payout_cannot_be_disputed_until_that_is_over()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        var key = await world.Server.NewKey(PayoutWorld.Id("shop"));
        await world.Run();
        object dispute = new { revision = 1, reason = "Wrong" };

        var refused = await world.Post(409, PayoutWorld.SharePath("shop") + "/dispute", key, dispute);
        Assert.Contains("payout that is under way", refused.GetProperty("detail").GetString());
        await world.Post(200, await world.PayoutPath("shop") + "/cancel", world.Operator);
        Assert.Equal("CANCELLED", await world.StateOf("shop"));
        await world.Post(409, await world.PayoutPath("shop") + "/cancel", world.Operator);
        await world.Post(200, PayoutWorld.SharePath("shop") + "/dispute", key, dispute);

        await world.Work();
        Assert.Empty(world.Bank.Truth().Transfers);
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task A_hold_keeps_back_what_is_not_sent_yet_and_a_stop_everything()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        await world.Run();
        var account = $"organizations/{PayoutWorld.Id("shop")}/payout-account";

        await world.Post(200, account + "/hold", world.Operator, new { reason = "Wait" });
        await world.Pass(TimeSpan.FromHours(1));
        Assert.Equal("READY", await world.StateOf("shop"));
        await world.Post(200, "payout-state/stop", world.Operator, new { reason = "An audit" });
        await world.Post(200, account + "/release", world.Operator);
        await world.Pass(TimeSpan.FromHours(1));
        Assert.Equal("READY", await world.StateOf("shop"));
        var stopped = await world.Server.GetJson("payout-state", world.Operator);
        Assert.Equal("An audit", stopped.GetProperty("reason").GetString());
        await world.Post(200, "payout-state/resume", world.Operator);
        await world.Pass(TimeSpan.FromHours(1));

        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        Assert.Single(world.Bank.Truth().Transfers);
    }

    [Fact]
    public async Task A_payout_that_is_refused_for_good_fails_and_its_records_are_paid_by_another()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        world.Next(FakeFault.Insufficient);
        await world.Run();
        await world.Work();

        var failed = await world.PayoutOf("shop");
        Assert.Equal(("FAILED", "balance_insufficient"), (
            failed.GetProperty("state").GetString(), failed.GetProperty("failure").GetString()));
        Assert.Equal("APPROVED", await world.StatusOf("shop"));
        await world.ExpectCleanBooks();
        world.Server.Clock.Now += TimeSpan.FromSeconds(1);
        await world.Run();
        await world.Work();

        Assert.Equal("SUCCEEDED", await world.StateOf("shop"));
        Assert.Single(world.Bank.Truth().Transfers);
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task A_destination_is_asked_for_before_it_is_taken()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        var path = $"organizations/{PayoutWorld.Id("shop")}/payout-account";

        foreach (var bad in new[] { "acct_missing1", "acct_closed1", "bank", "acct_1/../x" })
        {
            var refused = await world.Put(422, path, new { provider = "stripe", destination = bad });
            Assert.Equal("destination", refused.GetProperty("errors")[0].GetProperty("field").GetString());
        }

        await world.Put(422, path, new { provider = "manual", destination = "two\nlines" });
        await world.Put(422, path, new { provider = "paypal", destination = "acct_12345" });
        world.Bank.SetFaults(world.Bank.Faults with
        {
            Rates = new Dictionary<FakeFault, double> { [FakeFault.ListError] = 1 },
        });
        await world.Put(503, path, new { provider = "stripe", destination = "acct_12345" });
        var stored = await world.Server.GetJson(path, world.Operator);
        Assert.Equal(PayoutWorld.AccountOf("shop"), stored.GetProperty("destination").GetString());
    }

    [Fact]
    public async Task A_bank_run_is_read_from_a_file_and_marked_paid_failed_or_returned_by_hand()
    {
        await using var world = await PayoutWorld.Open(
            engine, new() { ["shop"] = 6_000, ["store"] = 7_000, ["mill"] = 8_000 });
        foreach (var name in new[] { "shop", "store", "mill" })
        {
            await world.SetAccount(PayoutWorld.Id(name), "manual", $"=DE00 {name}");
        }

        var run = await world.Run();
        var file = await world.Server.Send(HttpMethod.Get, $"payout-runs/{run}/bank-file", world.Operator);
        Assert.Equal(4, file.Text.Trim().Split('\n').Length);
        Assert.Contains("'=DE00 store,70.00,USD", file.Text);
        await world.Post(200, $"organizations/{PayoutWorld.Id("store")}/payout-account/hold", world.Operator, new
        {
            reason = "Fraud",
        });
        file = await world.Server.Send(HttpMethod.Get, $"payout-runs/{run}/bank-file", world.Operator);
        Assert.DoesNotContain("DE00 store", file.Text);
        await world.Post(200, "payout-state/stop", world.Operator, new { reason = "An audit" });
        file = await world.Server.Send(HttpMethod.Get, $"payout-runs/{run}/bank-file", world.Operator);
        Assert.Single(file.Text.Trim().Split('\n'));
        await world.Post(200, "payout-state/resume", world.Operator);
        await world.Post(200, $"organizations/{PayoutWorld.Id("store")}/payout-account/release", world.Operator);
        await world.Pass(TimeSpan.FromDays(3));
        Assert.Equal("SENDING", await world.StateOf("shop"));

        await world.Post(200, await world.PayoutPath("shop") + "/paid", world.Operator, new { reference = "B-1" });
        await world.Post(409, await world.PayoutPath("shop") + "/paid", world.Operator, new { reference = "B-2" });
        await world.Post(409, await world.PayoutPath("mill") + "/paid", world.Operator, new { reference = "B-1" });
        await world.Post(422, await world.PayoutPath("mill") + "/paid", world.Operator, new { reference = "B\n3" });
        await world.Post(200, await world.PayoutPath("store") + "/failed", world.Operator, new { reason = "No such" });
        await world.Post(200, await world.PayoutPath("mill") + "/paid", world.Operator, new { reference = "B-3" });
        await world.Post(409, await world.PayoutPath("store") + "/returned", world.Operator, new { amount = "1.00" });
        await world.Post(409, await world.PayoutPath("mill") + "/returned", world.Operator, new { amount = "80.01" });
        await world.Post(422, await world.PayoutPath("mill") + "/returned", world.Operator, new { amount = "0.00" });
        await world.Post(200, await world.PayoutPath("mill") + "/returned", world.Operator, new { amount = "80.00" });

        Assert.Equal(("PAID", "APPROVED", "DISPUTED"), (
            await world.StatusOf("shop"), await world.StatusOf("store"), await world.StatusOf("mill")));
        var paid = await world.Server.GetJson(PayoutWorld.SharePath("shop"), world.Operator);
        Assert.Equal("", paid.GetProperty("stripe_transfer_id").GetString());
        Assert.Equal("B-1", (await world.PayoutOf("shop")).GetProperty("transfer_id").GetString());
        Assert.StartsWith("key:", (await world.PayoutOf("shop")).GetProperty("settled_by").GetString());
        var history = await world.Server.GetJson(PayoutWorld.SharePath("mill") + "/history", world.Operator);
        Assert.All(
            history.GetProperty("data").EnumerateArray().Skip(1),
            change => Assert.StartsWith("key:", change.GetProperty("actor").GetString()));
        var left = await world.Server.Send(HttpMethod.Get, $"payout-runs/{run}/bank-file", world.Operator);
        Assert.Single(left.Text.Trim().Split('\n'));
        Assert.Empty(world.Bank.Truth().Transfers);
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task Two_workers_on_the_same_payouts_send_each_once()
    {
        var shops = Enumerable.Range(0, 20).ToDictionary(number => $"shop{number}", _ => 6_000L);
        await using var world = await PayoutWorld.Open(engine, shops);
        await world.Run();

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.Worker.RunDue(CancellationToken.None)));
        await world.Work();

        var truth = world.Bank.Truth();
        Assert.Equal(20, truth.Transfers.Count);
        Assert.Equal(20, truth.Transfers.Select(transfer => transfer.TransferGroup).Distinct().Count());
        Assert.Equal(20, truth.Requests["create_transfer"]);
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task Two_confirmations_and_two_makers_at_once_make_each_payout_once()
    {
        var shops = Enumerable.Range(0, 10).ToDictionary(number => $"shop{number}", _ => 6_000L);
        await using var world = await PayoutWorld.Open(engine, shops);
        var previews = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ =>
            world.Post(201, "payout-runs", world.Operator, new { })));

        await Task.WhenAll(previews.Select(preview => world.Post(
            200,
            $"payout-runs/{preview.GetProperty("run_id").GetString()}/confirm",
            world.Second,
            new { fingerprint = preview.GetProperty("fingerprint").GetString() })));
        await world.Server.Get<PayoutRunStore>().Reserve(CancellationToken.None);
        await world.Work();

        Assert.Equal(10, world.Bank.Truth().Transfers.Count);
        Assert.Equal(10, await world.Books.Number("SELECT COUNT(*) FROM payout"));
        await world.ExpectCleanBooks();
    }

    [Fact]
    public async Task A_payout_nets_what_corrections_took()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 6_000 });
        await world.Books.Execute(
            """
            INSERT INTO revenue_share (org_id, share_id, period, event_gross_micro, adjustment_micro, carry_in_micro,
                carry_out_micro, gross_cents, fee_cents, share_cents, fee_ppm, status, revision, payout_id, paid_at,
                stripe_transfer_id, metadata, created_at, updated_at)
            VALUES (@org, @share, 202607, 0, -9000000, 0, 0, -900, 0, -900, 0, 'APPROVED', 1, NULL, NULL, '', '{}', 1,
                    1)
            """,
            ("org", PayoutWorld.Id("shop")),
            ("share", new ShareId(NamedId.Create("negative"))));

        await world.Run();
        await world.Work();

        Assert.Equal(5_100, Assert.Single(world.Bank.Truth().Transfers).AmountCents);
        var summary = await world.Server.GetJson(
            $"revenue-share/{PayoutWorld.Id("shop")}/summary", world.Operator);
        Assert.Equal(("51.00", "51.00", "0.00"), (
            summary.GetProperty("total_earned").GetString(),
            summary.GetProperty("total_paid").GetString(),
            summary.GetProperty("pending_balance").GetString()));
    }

    private static async Task<IEnumerable<string?>> Names(PayoutWorld world, string path) =>
        (await world.Server.GetJson(path, world.Operator)).GetProperty("data").EnumerateArray()
            .Select(item => item.GetProperty("organization_name").GetString()).Order();
}

public sealed class SqlitePayouts() : PayoutContract(Engine.Sqlite);

public sealed class PostgresPayouts() : PayoutContract(Engine.Postgres);
