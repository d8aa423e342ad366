using Countinghouse.Support;

namespace Countinghouse.Campaigns;

/// <summary>A campaign's life over HTTP.</summary>
public abstract class CampaignContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_campaign_goes_through_its_states()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(activate: false);

        foreach (var (action, status) in new[]
        {
            ("activate", "active"), ("pause", "paused"), ("activate", "active"), ("complete", "completed"),
            ("activate", "active"), ("pause", "paused"), ("archive", "archived"),
        })
        {
            var after = await market.Post($"campaigns/{campaign}/{action}", market.AdvertiserKey);
            Assert.Equal(status, after.GetProperty("status").GetString());
            Assert.Equal(
                status == "completed" ? "manual" : null, after.GetProperty("completed_reason").GetString());
        }
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("complete")]
    public async Task What_a_state_does_not_allow_is_a_conflict_that_says_so(string action)
    {
        var market = await Market.Open(_server);
        var draft = await market.NewCampaign(activate: false);

        var answer = await _server.Send(HttpMethod.Post, $"campaigns/{draft}/{action}", market.AdvertiserKey);

        Assert.Equal(409, answer.Status);
        Assert.Contains("draft", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Activation_needs_days_and_budget_left()
    {
        var market = await Market.Open(_server);
        var over = await market.NewCampaign(start: "2026-08-01", end: "2026-08-14", activate: false);
        var poor = await market.NewCampaign(bid: "1.00", budget: "0.99", activate: false);

        foreach (var campaign in new[] { over, poor })
        {
            var answer = await _server.Send(HttpMethod.Post, $"campaigns/{campaign}/activate", market.AdvertiserKey);
            Assert.Equal(409, answer.Status);
        }
    }

    [Fact]
    public async Task Everything_wrong_with_new_terms_is_said_at_once()
    {
        var market = await Market.Open(_server);

        var answer = await _server.Send(
            HttpMethod.Post,
            $"organizations/{market.Advertiser}/campaigns",
            market.AdvertiserKey,
            new
            {
                name = "",
                pricing = "cpx",
                bid = "0.1234567",
                budget = 5,
                start_date = "2026-13-01",
                offers = new[] { "x" },
                colour = "red",
            });

        Assert.Equal(422, answer.Status);
        Assert.Equal(
            ["bid", "budget", "colour", "name", "offers[0]", "pricing", "start_date"],
            answer.Json.GetProperty("errors").EnumerateArray()
                .Select(error => error.GetProperty("field").GetString()!)
                .Order());
    }

    [Theory]
    [InlineData("cpm", "0.0005", "10.00", null, "bid")]
    [InlineData("cpc", "0", "10.00", null, "bid")]
    [InlineData("cpc", "0.10", "-1", null, "budget")]
    [InlineData("cpc", "0.10", "10.00", "0.05", "daily_budget")]
    [InlineData("cpc", "0.10", "1000000000.01", null, "budget")]
    public async Task Terms_that_cannot_be_charged_exactly_are_refused(
        string pricing, string bid, string budget, string? daily, string field)
    {
        var market = await Market.Open(_server);

        var answer = await _server.Send(
            HttpMethod.Post,
            $"organizations/{market.Advertiser}/campaigns",
            market.AdvertiserKey,
            new { name = "C", pricing, bid, budget, daily_budget = daily });

        Assert.Equal(422, answer.Status);
        Assert.Equal(field, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task A_patch_changes_what_it_names_and_null_is_a_value()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(daily: "5.00", end: "2026-12-31");

        var changed = (await _server.Send(
            HttpMethod.Patch,
            $"campaigns/{campaign}",
            market.AdvertiserKey,
            "{\"bid\":\"0.7\",\"daily_budget\":null}")).Json;

        Assert.Equal("0.70", changed.GetProperty("bid").GetString());
        Assert.Null(changed.GetProperty("daily_budget").GetString());
        Assert.Equal("2026-12-31", changed.GetProperty("end_date").GetString());
        Assert.Equal("Campaign", changed.GetProperty("name").GetString());
        await market.Click(campaign);
        Assert.Equal("0.70", (await market.Summary(campaign)).GetProperty("spend").GetString());
    }

    [Fact]
    public async Task Offers_are_replaced_all_at_once_or_not_at_all()
    {
        var market = await Market.Open(_server, offers: 3);
        var campaign = await market.NewCampaign();
        var path = $"campaigns/{campaign}/offers";

        var refused = await _server.Send(
            HttpMethod.Put,
            path,
            market.AdvertiserKey,
            new { offers = new[] { market.Offers[0], "WmsG2qe2XXxacqiqo2MfnY" } });
        Assert.Equal(422, refused.Status);
        Assert.Equal("offers[1]", refused.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Equal(3, (await market.Campaign(campaign)).GetProperty("offers").GetArrayLength());

        await _server.Send(HttpMethod.Put, path, market.AdvertiserKey, new { offers = new[] { market.Offers[0] } });
        Assert.Equal(1, (await market.Campaign(campaign)).GetProperty("offers").GetArrayLength());
        Assert.Equal(422, (await market.Click(campaign, offer: market.Offers[1])).Status);
        Assert.Equal(200, (await market.Click(campaign, offer: market.Offers[0])).Status);
    }

    [Fact]
    public async Task An_archived_campaign_cannot_be_changed()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(activate: false);
        await market.Post($"campaigns/{campaign}/archive", market.AdvertiserKey);
        var before = (await market.Campaign(campaign)).ToString();

        foreach (var (method, path, body) in new (HttpMethod, string, object?)[]
        {
            (HttpMethod.Patch, "", new { name = "New" }),
            (HttpMethod.Put, "/offers", new { offers = Array.Empty<string>() }),
            (HttpMethod.Post, "/budget", new { amount = "1.00" }),
            (HttpMethod.Post, "/activate", null),
        })
        {
            var answer = await _server.Send(method, $"campaigns/{campaign}{path}", market.AdvertiserKey, body);
            Assert.Equal(409, answer.Status);
        }

        Assert.Equal(before, (await market.Campaign(campaign)).ToString());
    }

    [Fact]
    public async Task A_campaign_whose_end_date_passed_is_completed()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(end: "2026-08-15");
        var now = _server.Clock.Now;
        try
        {
            _server.Clock.Now = now.AddDays(1);
            await _server.Get<CampaignScheduleJob>().CompleteEnded(CancellationToken.None);
        }
        finally
        {
            _server.Clock.Now = now;
        }

        var completed = await market.Campaign(campaign);
        Assert.Equal("completed", completed.GetProperty("status").GetString());
        Assert.Equal("end_date", completed.GetProperty("completed_reason").GetString());
    }
}

public sealed class SqliteCampaign(SqliteServer server) : CampaignContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresCampaign(PostgresServer server) : CampaignContract(server), IClassFixture<PostgresServer>;
