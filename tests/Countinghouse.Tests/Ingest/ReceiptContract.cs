using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;

namespace Countinghouse.Ingest;

public abstract class ReceiptContract(Engine engine)
{
    [Fact]
    public async Task A_charged_click_has_a_receipt_for_both_parties_and_nobody_else()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        var id = market.NewEventId();
        await market.Click(campaign, eventId: id, offer: market.Offers[0]);
        await market.Click(campaign, eventId: id, offer: market.Offers[0]);
        var outsider = await server.NewOrganization("Outsider");

        var receipt = await server.GetJson($"organizations/{market.Advertiser}/events/{id}", market.AdvertiserKey);
        var shared = await server.GetJson($"organizations/{market.Retailer}/events/{id}", market.RetailerKey);
        var foreign = await server.Send(
            HttpMethod.Get, $"organizations/{outsider}/events/{id}", await server.NewKey(outsider));

        Assert.Equal(receipt.ToString(), shared.ToString());
        Assert.Equal(404, foreign.Status);
        Assert.Equal("accepted", receipt.GetProperty("outcome").GetString());
        Assert.Equal("click", receipt.GetProperty("kind").GetString());
        Assert.Equal(500_000, receipt.GetProperty("charge_micros").GetInt64());
        Assert.Equal(market.Retailer.ToString(), receipt.GetProperty("retailer_id").GetString());
        Assert.Equal("2026-08-15", receipt.GetProperty("billing_day").GetString());
        Assert.Equal(64, receipt.GetProperty("batch_hash").GetString()!.Length);
        Assert.Null(receipt.GetProperty("reason").GetString());
        Assert.Null(receipt.GetProperty("revenue_share_id").GetString());
    }

    [Fact]
    public async Task A_receipt_names_the_rule_and_says_why_an_event_was_free()
    {
        await using var server = await TestServer.Start(engine);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(budget: "0.50");
        var (bot, charged, free) = (market.NewEventId(), market.NewEventId(), market.NewEventId());
        await market.Click(campaign, eventId: bot, agent: "curl/8.5.0");
        await market.Click(campaign, eventId: charged);
        await market.Click(campaign, eventId: free);

        Assert.Equal(("invalid", "non_browser_agent"), await Outcome(market, bot));
        Assert.Equal(("accepted", null), await Outcome(market, charged));
        Assert.Equal(("unbilled", "not_running"), await Outcome(market, free));
    }

    [Fact]
    public async Task Receipts_outlast_the_memory_of_ids_and_a_restart()
    {
        await using var database = await TestDatabase.Create(engine);
        var ids = new List<string>();
        Market market;
        await using (var server = await TestServer.Start(engine, shared: database, configure: SmallMemory))
        {
            market = await Market.Open(server);
            var campaign = await market.NewCampaign();
            for (var number = 0; number < 12; number++)
            {
                ids.Add(number % 2 == 0 ? market.NewEventId() : Guid.CreateVersion7(server.Clock.Now).ToString());
                await market.Click(campaign, eventId: ids[^1]);
                await server.MakeRuns();
            }

            Assert.NotEqual(0, await database.Database.Read(
                c => c.Number("SELECT COUNT(*) FROM id_run", default), default));
            Assert.Equal(200, (await market.Click(campaign, eventId: ids[0])).Status);
            Assert.Equal(12, (await market.Summary(campaign)).GetProperty("clicks").GetInt32());
            Assert.Equal(409, (await market.Click(campaign, eventId: ids[0], offer: market.Offers[0])).Status);
        }

        await using var again = await TestServer.Start(engine, shared: database, configure: SmallMemory);
        foreach (var id in ids)
        {
            var receipt = await again.GetJson($"organizations/{market.Advertiser}/events/{id}", market.AdvertiserKey);
            Assert.Equal("accepted", receipt.GetProperty("outcome").GetString());
        }
    }

    [Fact]
    public async Task The_same_shopper_is_paid_for_once_in_the_window()
    {
        await using var server = await TestServer.Start(engine, configure: builder =>
        {
            builder.Configuration["Ingest:ClickWindowSeconds"] = "3600";
            builder.Configuration["Ingest:ImpressionWindowSeconds"] = "60";
        });
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        var (first, second, later) = (market.NewEventId(), market.NewEventId(), market.NewEventId());
        await ClickOf("198.51.100.1", first);
        await ClickOf("198.51.100.2", second);
        server.Clock.Now = server.Clock.Now.AddSeconds(3_601);
        await ClickOf("198.51.100.3", later);

        Assert.Equal(("accepted", null), await Outcome(market, first));
        Assert.Equal(("invalid", "repeated_click"), await Outcome(market, second));
        Assert.Equal(("accepted", null), await Outcome(market, later));

        // Neighbours in one small network with one agent are one client.
        Task<Answer> ClickOf(string address, string id) => server.Send(
            HttpMethod.Post,
            "ads/click",
            market.AdvertiserKey,
            new { campaign_id = campaign, event_id = id, client = new { ip = address, user_agent = Market.Browser } });
    }

    [Fact]
    public async Task Shoppers_whose_address_is_unknown_are_not_taken_for_one()
    {
        await using var server = await TestServer.Start(
            engine, configure: builder => builder.Configuration["Ingest:ClickWindowSeconds"] = "3600");
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();

        foreach (var address in new[] { null, "999.1.1.0", "999.1.1.1" })
        {
            var answer = await server.Send(HttpMethod.Post, "ads/click", market.AdvertiserKey, new
            {
                campaign_id = campaign,
                client = new { ip = address, user_agent = Market.Browser },
            });
            Assert.Equal(200, answer.Status);
        }

        Assert.Equal(3, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task A_full_queue_refuses_loudly_and_keeps_nothing_of_what_it_refused()
    {
        await using var server = await TestServer.Start(
            engine, configure: builder => builder.Configuration["Ingest:QueuedEventsMax"] = "1000");
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign(pricing: "cpm", bid: "1.00");
        var items = Enumerable.Range(0, 1000).Select(_ => new { campaign_id = campaign }).ToArray();
        var (locked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var holder = server.Database.Write(
            async connection =>
            {
                await connection.Execute("UPDATE ingest_head SET config_version = config_version", default);
                locked.SetResult();
                await release.Task;
            },
            default);
        await locked.Task;
        var waiting = server.Send(
            HttpMethod.Post, "ads/impressions", market.AdvertiserKey, new { impressions = items });
        while (server.Get<EventWriter>().Queued < 1000)
        {
            await Task.Delay(10);
        }

        var refused = await server.Send(
            HttpMethod.Post, "ads/click", market.AdvertiserKey, new { campaign_id = campaign });
        release.SetResult();
        await holder;

        Assert.Equal(503, refused.Status);
        Assert.True(refused.Headers.ContainsKey("Retry-After"));
        Assert.Equal(1000, (await waiting).Json.GetProperty("accepted").GetInt32());
        var summary = await market.Summary(campaign);
        Assert.Equal(
            (1000, 0), (summary.GetProperty("impressions").GetInt32(), summary.GetProperty("clicks").GetInt32()));
    }

    private static void SmallMemory(WebApplicationBuilder builder) => builder.Configuration["Ingest:HotIdsMax"] = "4";

    private static async Task<(string?, string?)> Outcome(Market market, string id)
    {
        var receipt = await market.Server.GetJson(
            $"organizations/{market.Advertiser}/events/{id}", market.AdvertiserKey);
        return (receipt.GetProperty("outcome").GetString(), receipt.GetProperty("reason").GetString());
    }
}

public sealed class SqliteReceipt() : ReceiptContract(Engine.Sqlite);

public sealed class PostgresReceipt() : ReceiptContract(Engine.Postgres);
