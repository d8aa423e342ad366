using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>What an advertiser may rely on: never a cent too much, never a click free while there was budget.</summary>
public abstract class BudgetContract(Engine engine)
{
    [Fact]
    public async Task A_budget_is_spent_to_its_last_price_and_completes_the_campaign()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.30", budget: "1.00");

        for (var click = 0; click < 5; click++)
        {
            Assert.Equal(200, (await market.Click(campaign)).Status);
        }

        var summary = await market.Summary(campaign);
        Assert.Equal("0.90", summary.GetProperty("spend").GetString());
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        Assert.Equal(5, summary.GetProperty("clicks").GetInt64());
        Assert.Equal(2, summary.GetProperty("unbilled_clicks").GetInt64());
        Assert.Equal(
            "budget_exhausted", (await market.Campaign(campaign)).GetProperty("completed_reason").GetString());
    }

    [Fact]
    public async Task A_top_up_reopens_nothing_until_the_campaign_is_activated()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.50", budget: "0.50");
        var free = market.NewEventId();
        await market.Click(campaign);
        await market.Click(campaign, free);

        await market.Post($"campaigns/{campaign}/budget", market.AdvertiserKey, new { amount = "1.00" });
        await market.Click(campaign);
        Assert.Equal("0.50", (await market.Summary(campaign)).GetProperty("spend").GetString());

        await market.Post($"campaigns/{campaign}/activate", market.AdvertiserKey);
        await market.Click(campaign, free);
        Assert.Equal("0.50", (await market.Summary(campaign)).GetProperty("spend").GetString());

        await market.Click(campaign);
        Assert.Equal("1.00", (await market.Summary(campaign)).GetProperty("spend").GetString());
        Assert.Equal(4, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task A_daily_budget_pauses_charging_until_the_next_day_and_nothing_else()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.40", budget: "10.00", daily: "1.00");
        for (var click = 0; click < 4; click++)
        {
            await market.Click(campaign);
        }

        var today = await market.Summary(campaign);
        Assert.Equal("0.80", today.GetProperty("spend").GetString());
        Assert.Equal("active", today.GetProperty("status").GetString());

        server.Clock.Now = server.Clock.Now.AddDays(1);
        await market.Click(campaign);
        Assert.Equal("1.20", (await market.Summary(campaign)).GetProperty("spend").GetString());
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(3)]
    [InlineData(400)]
    public async Task A_day_that_a_clock_enters_again_goes_on_where_it_was(int days)
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.40", budget: "10.00", daily: "1.00", start: "2026-01-01");
        var here = server.Clock.Now;
        foreach (var offset in new[] { 0, days, 0, days, 0 })
        {
            server.Clock.Now = here.AddDays(offset);
            for (var click = 0; click < 3; click++)
            {
                Assert.Equal(200, (await market.Click(campaign)).Status);
            }
        }

        // Two days, two clicks each.
        Assert.Equal("1.60", (await market.Summary(campaign)).GetProperty("spend").GetString());
        await server.Get<Rollups>().CatchUpAll(default);
        Assert.Empty((await server.Get<Verifier>().Verify(market.Advertiser, _ => { }, default)).Differences);
    }

    [Fact]
    public async Task A_bid_above_what_remains_completes_the_campaign()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.30", budget: "1.00");
        var draft = await market.NewCampaign(bid: "0.30", budget: "1.00", activate: false);
        await market.Click(campaign);

        var raised = await server.Send(
            HttpMethod.Patch, $"campaigns/{campaign}", market.AdvertiserKey, new { bid = "0.71" });
        var untouched = await server.Send(
            HttpMethod.Patch, $"campaigns/{draft}", market.AdvertiserKey, new { bid = "1.01" });

        Assert.Equal("completed", raised.Json.GetProperty("status").GetString());
        Assert.Equal("budget_exhausted", raised.Json.GetProperty("completed_reason").GetString());
        Assert.Equal("draft", untouched.Json.GetProperty("status").GetString());
        Assert.Equal(raised.Text, (await market.Campaign(campaign)).GetRawText());
    }

    [Fact]
    public async Task An_impression_costs_exactly_a_thousandth()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign("cpm", "4.275", "0.10");

        var batch = Enumerable.Range(0, 30).Select(_ => (object)new { campaign_id = campaign }).ToArray();
        await market.Impressions(batch);

        // 0.004275 a piece: 23 fit into ten cents, and 0.098325 prints as 0.10.
        var charged = await server.Database.Read(
            c => c.Number("SELECT MAX(spent_micro) FROM campaign_budget", default), default);
        Assert.Equal(23 * 4275, charged);
        Assert.Equal("completed", (await market.Summary(campaign)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Many_senders_at_once_spend_exactly_the_budget()
    {
        await using var server = await TestServer.Start(engine);
        await using var second = engine == Engine.Postgres
            ? await TestServer.Start(engine, server.Clock, shared: server.Storage)
            : null;
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(bid: "0.10", budget: "15.00");
        var nodes = new[] { server, second ?? server };

        await Parallel.ForEachAsync(
            Enumerable.Range(0, 400),
            new ParallelOptions { MaxDegreeOfParallelism = 32 },
            async (number, _) =>
            {
                // Every tenth is an event that another one sends at the same time, to the other node.
                var id = number % 10 == 1 ? Event(number - 1) : Event(number);
                var answer = await nodes[number % 2].Send(HttpMethod.Post, "ads/click", market.AdvertiserKey, new
                {
                    campaign_id = campaign,
                    event_id = id,
                    client = new { ip = "198.51.100.7", user_agent = Market.Browser },
                });
                Assert.True(answer.Status == 200, answer.Text);
            });

        var summary = await market.Summary(campaign);
        Assert.Equal("15.00", summary.GetProperty("spend").GetString());
        Assert.Equal(360, summary.GetProperty("clicks").GetInt64());
        Assert.Equal(210, summary.GetProperty("unbilled_clicks").GetInt64());
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        await TheBatchesAreAChain(server, market.Advertiser);

        string Event(int number) => Guid.Parse(
            $"0198ac00-0000-4000-8000-{number.ToString("x12", CultureInfo.InvariantCulture)}").ToString();
    }

    [Fact]
    public async Task Events_of_a_fenced_month_count_on_the_day_they_are_received()
    {
        await using var server = await TestServer.Start(engine);
        server.Clock.Now = new DateTimeOffset(2026, 8, 4, 12, 0, 0, TimeSpan.Zero);
        var market = await Market.Open(server);
        await server.Database.Write(
            c => c.Execute("UPDATE ingest_head SET fenced_through = 202606", default), default);
        var campaign = await market.NewCampaign(start: "2026-07-01");
        await market.Click(campaign, at: "2026-07-31T10:00:00Z");
        await server.Database.Write(
            c => c.Execute("UPDATE ingest_head SET fenced_through = 202607", default), default);
        await market.Click(campaign, at: "2026-07-31T11:00:00Z");

        await server.Get<Rollups>().CatchUpAll(default);
        var hours = await server.Database.Read(
            c => c.Query("SELECT hour FROM stat_hourly ORDER BY hour", row => row.GetInt32(0), default), default);

        Assert.Equal([2026073110, 2026080412], hours);
    }

    private static async Task TheBatchesAreAChain(TestServer server, OrganizationId advertiser)
    {
        var batches = await server.Database.Read(
            c => c.Query(
                "SELECT batch_no, prev_hash, hash FROM ingest_batch WHERE org_id = @org ORDER BY batch_no",
                row => (Number: row.GetInt64(0), Previous: row.Bytes(1), Hash: row.Bytes(2)),
                default,
                ("org", advertiser)),
            default);
        var previous = new byte[32];
        var number = 0L;
        foreach (var batch in batches)
        {
            Assert.Equal(++number, batch.Number);
            Assert.Equal(previous, batch.Previous);
            previous = batch.Hash;
        }

        Assert.Equal(number, await server.Database.Read(
            c => c.Number("SELECT batch_no FROM ingest_head WHERE org_id = @org", default, ("org", advertiser)),
            default));
    }
}

public sealed class SqliteBudget() : BudgetContract(Engine.Sqlite);

public sealed class PostgresBudget() : BudgetContract(Engine.Postgres);
