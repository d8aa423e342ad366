using System.Text.Json;
using Countinghouse.Ingest;
using Countinghouse.Support;

namespace Countinghouse.Reporting;

/// <summary>Invalid traffic has the names of the rules that found it, and adds up.</summary>
public abstract class InvalidTrafficContract(ServerFixture fixture)
{
    private const string Days = "start_date=2026-08-14&end_date=2026-08-15";

    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Rows_add_up_to_what_was_invalid_whether_rolled_up_or_not()
    {
        var (market, campaign, _) = await Traffic();
        for (var round = 0; round < 2; round++)
        {
            var all = await Read(market, $"organizations/{market.Advertiser}");
            var one = await Read(market, $"campaigns/{campaign}");

            Assert.Equal(JsonValueKind.Null, all.GetProperty("campaign_id").ValueKind);
            Assert.Equal(campaign, one.GetProperty("campaign_id").GetString());
            Assert.Equal((1, 2, 1, 4), Figures(all));
            Assert.Equal((1, 1, 1, 3), Figures(one));
            Assert.Equal(["declared_bot general 0 1", "non_browser_agent general 1 3"], Rows(all));
            Assert.Equal(["declared_bot general 0 1", "non_browser_agent general 1 2"], Rows(one));
            await _server.Get<Rollups>().CatchUpAll(CancellationToken.None);
        }
    }

    [Fact]
    public async Task The_platforms_own_names_the_advertisers_with_the_most()
    {
        var (market, _, _) = await Traffic();
        var key = await _server.NewKey(await _server.NewOrganization("Operator", isOperator: true));
        await _server.Get<Rollups>().CatchUpAll(CancellationToken.None);

        var platform = await _server.GetJson($"reporting/invalid-traffic?{Days}", key);

        var found = platform.GetProperty("organizations").EnumerateArray()
            .Single(item => item.GetProperty("organization_id").GetString() == market.Advertiser.ToString());
        Assert.Equal("Advertiser", found.GetProperty("organization_name").GetString());
        Assert.Equal((1, 2, 1, 4), Figures(found));
        Assert.Equal("62.50", found.GetProperty("invalid_rate").GetString());
        var (_, _, impressions, clicks) = Figures(platform);
        Assert.Equal(impressions, Sum(platform, "impressions"));
        Assert.Equal(clicks, Sum(platform, "clicks"));
        Assert.True(clicks >= 4);
    }

    [Fact]
    public async Task Only_the_advertiser_and_the_operator_may_ask()
    {
        var (market, campaign, _) = await Traffic();

        foreach (var (path, status) in new[]
        {
            ($"organizations/{market.Advertiser}/invalid-traffic", 404),
            ($"campaigns/{campaign}/invalid-traffic", 404),
            ("invalid-traffic", 403),
        })
        {
            Assert.Equal(
                status, (await _server.Send(HttpMethod.Get, $"reporting/{path}", market.RetailerKey)).Status);
        }
    }

    private static (long, long, long, long) Figures(JsonElement answer) => (
        answer.GetProperty("impressions").GetInt64(), answer.GetProperty("clicks").GetInt64(),
        answer.GetProperty("invalid_impressions").GetInt64(), answer.GetProperty("invalid_clicks").GetInt64());

    private static IEnumerable<string> Rows(JsonElement answer) => answer.GetProperty("rows").EnumerateArray().Select(
        row => $"{row.GetProperty("reason")} {row.GetProperty("validity")} {row.GetProperty("impressions")} "
            + row.GetProperty("clicks"));

    private static long Sum(JsonElement answer, string member) =>
        answer.GetProperty("rows").EnumerateArray().Sum(row => row.GetProperty(member).GetInt64());

    private Task<JsonElement> Read(Market market, string whose) =>
        _server.GetJson($"reporting/{whose}/invalid-traffic?{Days}", market.AdvertiserKey);

    /// <summary>Two campaigns with people's and programs' events, one of them on a day that is not asked for.</summary>
    private async Task<(Market Market, string Campaign, string Other)> Traffic()
    {
        _server.Clock.Now = new DateTimeOffset(2026, 8, 15, 12, 0, 0, TimeSpan.Zero);
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(start: "2026-08-01");
        var other = await market.NewCampaign(start: "2026-08-01");
        await market.Click(campaign);
        await market.Click(other);
        foreach (var (where, agent, at) in new[]
        {
            (campaign, "curl/8.5.0", "2026-08-15T11:00:00Z"),
            (campaign, "curl/8.5.0", "2026-08-14T00:00:00Z"),
            (campaign, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
                "2026-08-15T11:00:00Z"),
            (campaign, "curl/8.5.0", "2026-08-13T23:59:59Z"),
            (other, "curl/8.5.0", "2026-08-15T11:00:00Z"),
        })
        {
            Assert.Equal(200, (await market.Click(where, at: at, agent: agent)).Status);
        }

        await market.Impressions(
            new { campaign_id = campaign, client = new { ip = Market.NewShopper(), user_agent = "curl/8.5.0" } },
            new { campaign_id = campaign, client = new { ip = Market.NewShopper(), user_agent = Market.Browser } });
        return (market, campaign, other);
    }
}

public sealed class SqliteInvalidTraffic(SqliteServer server)
    : InvalidTrafficContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresInvalidTraffic(PostgresServer server)
    : InvalidTrafficContract(server), IClassFixture<PostgresServer>;
