using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Where a retailer's money stands, as the retailer meets it.</summary>
public abstract class PayoutOutlookContract(Engine engine)
{
    [Fact]
    public async Task It_follows_the_money_from_the_record_to_the_bank()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 12_345 });
        Assert.Equal(
            $$"""
            {"organization_id":"{{PayoutWorld.Id("shop")}}","total_earned":"123.45","total_paid":"0.00",
            "pending_balance":"123.45","waiting_for_approval":"0.00","approved":"123.45","disputed":"0.00",
            "in_transfer":"0.00","minimum":"50.00","next_payout_on":"2026-09-10","next_payout_amount":"123.45",
            "blocks":[]}
            """.ReplaceLineEndings(""),
            (await Read(world)).GetRawText());

        await world.Run();
        Assert.Equal("0.00 0.00 0.00 123.45 | nothing_approved", Short(await Read(world)));

        await world.Work();
        var paid = await Read(world);
        Assert.Equal("0.00 0.00 0.00 0.00 | nothing_approved", Short(paid));
        Assert.Equal("123.45 0.00", $"{Text(paid, "total_paid")} {Text(paid, "pending_balance")}");
        Assert.Equal(JsonValueKind.Null, paid.GetProperty("next_payout_on").ValueKind);
        Assert.Equal("0.00", Text(paid, "next_payout_amount"));
    }

    [Fact]
    public async Task It_follows_a_dispute_and_sums_like_the_summary()
    {
        await using var world = await PayoutWorld.Open(engine, new() { ["shop"] = 12_345 });
        var path = PayoutWorld.SharePath("shop");
        await Done(world, path + "/dispute", new { revision = 1, reason = "No" });
        Assert.Equal("0.00 0.00 123.45 0.00 | nothing_approved", Short(await Read(world)));

        await Done(world, path + "/resolve", new { revision = 1, reason = "Yes" });
        var outlook = await Read(world);
        Assert.Equal("123.45 0.00 0.00 0.00 | nothing_approved", Short(outlook));
        var summary = await world.Server.GetJson(
            $"revenue-share/{PayoutWorld.Id("shop")}/summary", world.Operator);
        Assert.All(
            ["total_earned", "total_paid", "pending_balance"],
            member => Assert.Equal(Text(summary, member), Text(outlook, member)));
    }

    [Fact]
    public async Task Whatever_keeps_the_money_is_named()
    {
        await using var world = await PayoutWorld.Open(
            engine, new() { ["shop"] = 12_345, ["small"] = 4_999 }, ("PayDay", "20"));
        Assert.Equal("2026-08-20", Text(await Read(world), "next_payout_on"));
        Assert.Equal("0.00 49.99 0.00 0.00 | below_minimum", Short(await Read(world, "small")));

        await Done(world, $"organizations/{PayoutWorld.Id("shop")}/payout-account/hold", new { reason = "Look" });
        Assert.Equal("0.00 123.45 0.00 0.00 | on_hold", Short(await Read(world)));
        await Done(world, "payout-state/stop", new { reason = "Look" });
        Assert.Equal("0.00 123.45 0.00 0.00 | on_hold payouts_stopped", Short(await Read(world)));
        await world.Books.Execute("DELETE FROM payout_account");
        Assert.Equal(
            "0.00 49.99 0.00 0.00 | below_minimum no_payout_account payouts_stopped",
            Short(await Read(world, "small")));
    }

    [Fact]
    public async Task The_retailer_sees_its_own_and_a_newcomer_zeros()
    {
        await using var world = await PayoutWorld.Open(engine, []);
        var shop = await world.Books.Organization("shop");
        var path = $"organizations/{shop}/payout-outlook";

        var own = await world.Server.GetJson(path, await world.Server.NewKey(shop));

        Assert.Equal("0.00 0.00 0.00 0.00 | nothing_approved no_payout_account", Short(own));
        var outsider = await world.Server.NewKey(await world.Books.Organization("outsider"));
        Assert.Equal(404, (await world.Server.Send(HttpMethod.Get, path, outsider)).Status);
        Assert.Equal(422, (await world.Server.Send(HttpMethod.Get, path + "?x=1", world.Operator)).Status);
    }

    private static Task<JsonElement> Read(PayoutWorld world, string name = "shop") => world.Server.GetJson(
        $"organizations/{PayoutWorld.Id(name)}/payout-outlook", world.Operator);

    private static async Task Done(PayoutWorld world, string path, object body)
    {
        var answer = await world.Server.Send(HttpMethod.Post, path, world.Operator, body);
        Assert.True(answer.Status == 200, answer.Text);
    }

    private static string Short(JsonElement outlook) =>
        string.Join(
            ' ',
            new[] { "waiting_for_approval", "approved", "disputed", "in_transfer" }.Select(one => Text(outlook, one)))
        + " | " + string.Join(
            ' ', outlook.GetProperty("blocks").EnumerateArray().Select(block => Text(block, "code")));

    private static string Text(JsonElement item, string member) => item.GetProperty(member).GetString()!;
}

public sealed class SqlitePayoutOutlook() : PayoutOutlookContract(Engine.Sqlite);

public sealed class PostgresPayoutOutlook() : PayoutOutlookContract(Engine.Postgres);

/// <summary>What keeps money from going, and when it is meant to go: the pure rules.</summary>
public sealed class PayoutOutlookRulesTests
{
    [Theory]
    [InlineData("2026-08-15", 10, "2026-09-10")]
    [InlineData("2026-08-15", 15, "2026-08-15")]
    [InlineData("2026-08-15", 16, "2026-08-16")]
    [InlineData("2026-12-11", 10, "2027-01-10")]
    [InlineData("2028-02-29", 28, "2028-03-28")]
    [InlineData("2026-02-01", 1, "2026-02-01")]
    public void The_next_pay_day_is_today_at_the_earliest(string today, int payDay, string next)
    {
        Assert.True(UtcDay.TryParse(today, out var day));
        Assert.Equal(next, PayoutRules.NextPayDay(day, payDay).ToString());
    }

    [Fact]
    public void A_plan_pays_exactly_those_whom_nothing_blocks()
    {
        foreach (var isOnHold in new[] { false, true })
        {
            foreach (var hasDestination in new[] { false, true })
            {
                foreach (var cents in new[] { -1, 0, 4_999, 5_000 })
                {
                    var payable = new Payable(1, new Cents(cents), isOnHold, hasDestination);
                    Assert.Equal(
                        PayoutRules.Blocks(payable, new Cents(5_000)).Count == 0,
                        PayoutRules.Plan(payable, new Cents(5_000)) == PlanOutcome.Planned);
                }
            }
        }
    }
}
