using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Support;

namespace Countinghouse.Reporting;

/// <summary>The overview of campaigns: its figures, its orders, its pages.</summary>
public abstract class CampaignOverviewContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_campaign_has_its_terms_its_budget_and_the_figures_of_the_days()
    {
        var market = await ThreeCampaigns();

        var answer = await Overview(market, "start_date=2026-08-13&end_date=2026-08-15&sort=name");
        var alpha = answer.GetProperty("data")[0];

        Assert.Equal("2026-08-13", answer.GetProperty("start_date").GetString());
        Assert.Equal("2026-08-15", answer.GetProperty("end_date").GetString());
        Assert.Equal(3, answer.GetProperty("pagination").GetProperty("total_count").GetInt32());
        Assert.Equal("alpha", alpha.GetProperty("name").GetString());
        Assert.Equal("active", alpha.GetProperty("status").GetString());
        Assert.Equal("cpc", alpha.GetProperty("pricing").GetString());
        Assert.Equal("0.25", alpha.GetProperty("bid").GetString());
        Assert.Equal("2026-08-01", alpha.GetProperty("start_date").GetString());
        Assert.Equal(JsonValueKind.Null, alpha.GetProperty("end_date").ValueKind);
        Assert.Equal("40.00", alpha.GetProperty("budget").GetString());
        Assert.Equal("0.75", alpha.GetProperty("lifetime_spend").GetString());
        Assert.Equal("39.25", alpha.GetProperty("remaining_budget").GetString());
        Assert.Equal(4, alpha.GetProperty("impressions").GetInt64());
        Assert.Equal(2, alpha.GetProperty("clicks").GetInt64());
        Assert.Equal("0.50", alpha.GetProperty("spend").GetString());
        Assert.Equal("50.00", alpha.GetProperty("ctr").GetString());
        Assert.Equal("0.25", alpha.GetProperty("effective_cpc").GetString());
        Assert.Equal("125.00", alpha.GetProperty("effective_cpm").GetString());
        Assert.Equal(0, alpha.GetProperty("invalid_impressions").GetInt64());
        Assert.Equal(1, alpha.GetProperty("invalid_clicks").GetInt64());
        Assert.Equal([250_000, 0, 250_000], Daily(alpha));
    }

    [Fact]
    public async Task Days_are_left_out_of_long_spans_and_are_zeros_where_nothing_happened()
    {
        var market = await ThreeCampaigns();

        var @long = await Overview(market, "start_date=2026-05-01&end_date=2026-08-15");
        var quiet = await Overview(market, "start_date=2026-05-01&end_date=2026-08-08");

        Assert.All(@long.GetProperty("data").EnumerateArray(), item => Assert.Empty(Daily(item)));
        Assert.All(
            quiet.GetProperty("data").EnumerateArray(), item => Assert.Equal(new long[100], Daily(item)));
        Assert.All(
            quiet.GetProperty("data").EnumerateArray(),
            item => Assert.Equal("0.00", item.GetProperty("spend").GetString()));
    }

    [Theory]
    [InlineData("", "charlie,Bravo,alpha")]
    [InlineData("order=asc", "alpha,Bravo,charlie")]
    [InlineData("sort=name", "alpha,Bravo,charlie")]
    [InlineData("sort=name&order=desc", "charlie,Bravo,alpha")]
    [InlineData("sort=status&order=asc", "charlie,alpha,Bravo")]
    [InlineData("sort=budget", "Bravo,alpha,charlie")]
    [InlineData("sort=remaining", "Bravo,alpha,charlie")]
    [InlineData("sort=spend", "alpha,Bravo,charlie")]
    [InlineData("sort=impressions", "Bravo,alpha,charlie")]
    [InlineData("sort=clicks&order=asc", "charlie,Bravo,alpha")]
    [InlineData("sort=ctr", "alpha,Bravo,charlie")]
    [InlineData("sort=effective_cpc", "alpha,Bravo,charlie")]
    [InlineData("sort=name&page=2&page_size=2", "charlie")]
    [InlineData("sort=spend&page=2&page_size=1", "Bravo")]
    [InlineData("sort=spend&page=4&page_size=1", "")]
    [InlineData("status=draft", "charlie")]
    [InlineData("q=A&sort=clicks", "alpha,Bravo,charlie")]
    [InlineData("q=R&sort=name", "Bravo,charlie")]
    public async Task Campaigns_come_in_the_order_asked_for(string query, string names)
    {
        var market = await ThreeCampaigns();

        var answer = await Overview(market, query);

        Assert.Equal(
            names,
            string.Join(
                ',', answer.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("name").GetString())));
    }

    [Fact]
    public async Task It_agrees_with_the_list_whether_rolled_up_or_not()
    {
        var market = await ThreeCampaigns();
        const string days = "start_date=2026-08-01&end_date=2026-08-15";
        var list = await _server.GetJson(
            $"reporting/organizations/{market.Advertiser}/campaigns?{days}", market.AdvertiserKey);

        for (var round = 0; round < 2; round++)
        {
            var overview = await Overview(market, days);
            foreach (var (item, other) in list.GetProperty("campaigns").EnumerateArray()
                .Zip(overview.GetProperty("data").EnumerateArray()))
            {
                foreach (var member in new[] { "campaign_id", "impressions", "clicks", "spend", "ctr" })
                {
                    Assert.Equal(item.GetProperty(member).ToString(), other.GetProperty(member).ToString());
                }
            }

            await _server.Get<Ingest.Rollups>().CatchUpAll(CancellationToken.None);
        }
    }

    [Theory]
    [InlineData("sort=price")]
    [InlineData("order=up")]
    [InlineData("start_date=2026-08-02&end_date=2026-08-01")]
    [InlineData("page_size=101")]
    [InlineData("srt=name")]
    public async Task Questions_that_make_no_sense_are_refused(string query)
    {
        var market = await Market.Open(_server);

        Assert.Equal(422, (await _server.Send(HttpMethod.Get, Path(market, query), market.AdvertiserKey)).Status);
    }

    [Fact]
    public async Task A_tag_holds_until_a_figure_changes()
    {
        var market = await ThreeCampaigns();
        var first = await Ask(null);
        var tag = first.Headers["ETag"];

        Assert.Equal(304, (await Ask(tag)).Status);
        await market.Click(first.Json.GetProperty("data")[1].GetProperty("campaign_id").GetString()!);
        Assert.Equal(200, (await Ask(tag)).Status);

        Task<Answer> Ask(string? known)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, Path(market, ""));
            request.Headers.Add(CredentialHandler.Header, market.AdvertiserKey);
            if (known is not null)
            {
                request.Headers.Add("If-None-Match", known);
            }

            return _server.Send(request);
        }
    }

    private static string Path(Market market, string query) =>
        $"reporting/organizations/{market.Advertiser}/campaigns/overview?{query}";

    private static IEnumerable<long> Daily(JsonElement item) =>
        item.GetProperty("daily_spend_micros").EnumerateArray().Select(day => day.GetInt64());

    private Task<JsonElement> Overview(Market market, string query) =>
        _server.GetJson(Path(market, query), market.AdvertiserKey);

    /// <summary>
    /// alpha: active, 3 clicks of 0.25 and 4 impressions, and a click by a program; Bravo: paused, 1 click of 0.20 and
    /// 5 impressions; charlie: a draft without events.
    /// </summary>
    private async Task<Market> ThreeCampaigns()
    {
        _server.Clock.Now = new DateTimeOffset(2026, 8, 15, 12, 0, 0, TimeSpan.Zero);
        var market = await Market.Open(_server);
        var alpha = await market.NewCampaign(bid: "0.25", budget: "40.00", start: "2026-08-01", name: "alpha");
        _server.Clock.Now = _server.Clock.Now.AddSeconds(1);
        var bravo = await market.NewCampaign(bid: "0.20", budget: "50.00", start: "2026-08-01", name: "Bravo");
        _server.Clock.Now = _server.Clock.Now.AddSeconds(1);
        await market.NewCampaign(budget: "30.00", start: "2026-08-01", name: "charlie", activate: false);
        foreach (var at in new[] { "2026-08-12T23:59:59.999Z", "2026-08-13T00:00:00Z", "2026-08-15T11:00:00Z" })
        {
            Assert.Equal(200, (await market.Click(alpha, at: at)).Status);
        }

        await market.Click(alpha, at: "2026-08-15T11:00:00Z", agent: "curl/8.5.0");
        await market.Click(bravo, at: "2026-08-14T11:00:00Z");
        await market.Impressions([.. Enumerable.Repeat(new { campaign_id = alpha }, 4)]);
        await market.Impressions([.. Enumerable.Repeat(new { campaign_id = bravo }, 5)]);
        await market.Post($"campaigns/{bravo}/pause", market.AdvertiserKey);
        return market;
    }
}

public sealed class SqliteCampaignOverview(SqliteServer server)
    : CampaignOverviewContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresCampaignOverview(PostgresServer server)
    : CampaignOverviewContract(server), IClassFixture<PostgresServer>;
