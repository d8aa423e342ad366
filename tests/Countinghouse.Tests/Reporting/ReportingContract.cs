using System.Globalization;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Reporting;

/// <summary>Reports agree with each other and with what was sent.</summary>
public abstract class ReportingContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task All_reports_tell_the_same_figures()
    {
        var market = await Market.Open(_server);
        var (cpc, cpm) = await ThreeWeeksOfEvents(market);
        var list = await List(market);
        var performance = await Performance(market, "2026-08-01", "2026-08-21");

        // Independent of the product: 21 days of 2 impressions at 0.005 and 1 click at 0.25.
        Assert.Equal("0.21", Item(list, cpm).GetProperty("spend").GetString());
        Assert.Equal("5.25", Item(list, cpc).GetProperty("spend").GetString());
        Assert.Equal("5.46", performance.GetProperty("spend").GetString());
        Assert.Equal(42, performance.GetProperty("impressions").GetInt64());
        Assert.Equal(21, performance.GetProperty("clicks").GetInt64());
        Assert.Equal("50.00", performance.GetProperty("ctr").GetString());
        Assert.Equal("0.26", performance.GetProperty("effective_cpc").GetString());
        Assert.Equal("130.00", performance.GetProperty("effective_cpm").GetString());
        foreach (var granularity in new[] { "hour", "day", "week", "month" })
        {
            var rows = await Rows(market, $"granularity={granularity}&start_date=2026-08-01&end_date=2026-08-21");
            Assert.Equal(42, rows.Sum(row => row.GetProperty("impressions").GetInt64()));
            Assert.Equal(21, rows.Sum(row => row.GetProperty("clicks").GetInt64()));
            Assert.Equal(546, rows.Sum(row => Cents(row, "spend")));
        }

        foreach (var group in new[] { "campaign", "location", "offer", "retailer" })
        {
            var rows = await Rows(market, $"group_by={group}&start_date=2026-08-01&end_date=2026-08-21");
            Assert.Equal(42, rows.Sum(row => row.GetProperty("impressions").GetInt64()));

            // Half a cent a day is printed as a whole one where impressions without an offer have rows of their own.
            Assert.Equal(group == "campaign" ? 546 : 567, rows.Sum(row => Cents(row, "spend")));
            Assert.Equal(5_460_000, rows.Sum(row => row.GetProperty("spend_micros").GetInt64()));
        }
    }

    [Fact]
    public async Task Weeks_begin_on_Monday_and_months_on_the_first()
    {
        var market = await Market.Open(_server);
        await ThreeWeeksOfEvents(market);

        var weeks = await Rows(market, "granularity=week&start_date=2026-08-01&end_date=2026-08-21");
        var months = await Rows(market, "granularity=month&start_date=2026-08-01&end_date=2026-08-21");

        Assert.Equal(
            ["2026-07-27T00:00:00Z", "2026-08-03T00:00:00Z", "2026-08-10T00:00:00Z", "2026-08-17T00:00:00Z"],
            weeks.Select(row => row.GetProperty("start").GetString()!));
        Assert.Equal([2, 7, 7, 5], weeks.Select(row => (int)row.GetProperty("clicks").GetInt64()));
        Assert.Equal("2026-08-01T00:00:00Z", Assert.Single(months).GetProperty("start").GetString());
    }

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("campaign", "Campaign,Campaign", 0)]
    [InlineData("offer", ",Offer 1,Offer 2", 1)]
    [InlineData("location", ",Shop", 1)]
    [InlineData("retailer", ",Retailer", 1)]
    public async Task All_days_are_one_row_a_group_which_has_its_name(string group, string names, int unnamed)
    {
        var market = await Market.Open(_server);
        await ThreeWeeksOfEvents(market);
        const string days = "granularity=all&start_date=2026-08-01&end_date=2026-08-21";

        var rows = await Rows(market, group.Length == 0 ? days : $"{days}&group_by={group}");

        Assert.Equal(
            names, string.Join(',', rows.Select(row => row.GetProperty("group_name").GetString()).Order()));
        Assert.Equal(unnamed, rows.Count(row => group.Length > 0
            && row.GetProperty("group_id").ValueKind == JsonValueKind.Null));
        Assert.Equal(42, rows.Sum(row => row.GetProperty("impressions").GetInt64()));
        Assert.Equal(5_460_000, rows.Sum(row => row.GetProperty("spend_micros").GetInt64()));
        Assert.All(rows, row =>
        {
            Assert.Equal("2026-08-01T00:00:00Z", row.GetProperty("start").GetString());
            Assert.Equal("open", row.GetProperty("state").GetString());
        });
    }

    [Fact]
    public async Task A_row_for_all_days_is_final_when_the_last_of_them_is()
    {
        var market = await Market.Open(_server);
        await ThreeWeeksOfEvents(market);
        await _server.Database.Write(
            c => c.Execute(
                """
                INSERT INTO billing_period (org_id, period, state, closed_at, event_count, charge_micro)
                VALUES (@org, 202608, 'CLOSED', 1, 0, 0)
                """,
                default,
                ("org", market.Advertiser)),
            default);

        var all = await Rows(market, "granularity=all&start_date=2026-08-01&end_date=2026-08-31");
        var longer = await Rows(market, "granularity=all&start_date=2026-08-01&end_date=2026-09-01");

        Assert.Equal("final", Assert.Single(all).GetProperty("state").GetString());
        Assert.Equal("open", Assert.Single(longer).GetProperty("state").GetString());
    }

    [Fact]
    public async Task A_campaigns_series_is_its_own()
    {
        var market = await Market.Open(_server);
        var (cpc, _) = await ThreeWeeksOfEvents(market);

        var series = await _server.GetJson(
            $"reporting/campaigns/{cpc}/performance?start_date=2026-08-01&end_date=2026-08-21", market.AdvertiserKey);

        Assert.Equal(cpc, series.GetProperty("campaign_id").GetString());
        Assert.Equal(21, series.GetProperty("rows").GetArrayLength());
        Assert.All(series.GetProperty("rows").EnumerateArray(), row =>
        {
            Assert.Equal("0.25", row.GetProperty("spend").GetString());
            Assert.Equal("open", row.GetProperty("state").GetString());
        });
    }

    [Fact]
    public async Task Csv_has_the_figures_of_json()
    {
        var market = await Market.Open(_server);
        await ThreeWeeksOfEvents(market);
        const string query = "start_date=2026-08-01&end_date=2026-08-21&group_by=offer";
        var request = new HttpRequestMessage(HttpMethod.Get, SeriesPath(market, query));
        request.Headers.Add(CredentialHandler.Header, market.AdvertiserKey);
        request.Headers.Add("Accept", "text/csv");

        var csv = await _server.Send(request);
        var json = await Rows(market, query);

        Assert.StartsWith("text/csv", csv.Headers["Content-Type"], StringComparison.Ordinal);
        var lines = csv.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var names = lines[0].Split(',');
        Assert.Equal(json.Count, lines.Length - 1);
        for (var row = 0; row < json.Count; row++)
        {
            Assert.Equal(
                names.Select(name => json[row].GetProperty(name).ToString()), lines[row + 1].Split(','));
        }
    }

    [Fact]
    public async Task A_tag_holds_until_a_figure_changes()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        foreach (var path in new[]
        {
            $"reporting/organizations/{market.Advertiser}/campaigns",
            $"reporting/organizations/{market.Advertiser}/performance",
            $"reporting/campaigns/{campaign}/summary",
        })
        {
            var first = await Ask(path, null);
            var tag = first.Headers["ETag"];
            var same = await Ask(path, tag);
            Assert.Equal(304, same.Status);
            Assert.Equal("", same.Text);

            await market.Click(campaign);
            var changed = await Ask(path, tag);
            Assert.Equal(200, changed.Status);
            Assert.NotEqual(tag, changed.Headers["ETag"]);
        }

        Task<Answer> Ask(string path, string? tag)
        {
            var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Add(CredentialHandler.Header, market.AdvertiserKey);
            if (tag is not null)
            {
                request.Headers.Add("If-None-Match", tag);
            }

            return _server.Send(request);
        }
    }

    [Theory]
    [InlineData("", "Beta,Alpha 50%,alpha_two")]
    [InlineData("?q=ALPHA", "Alpha 50%,alpha_two")]
    [InlineData("?q=%25", "Alpha 50%")]
    [InlineData("?q=_", "alpha_two")]
    [InlineData("?status=draft", "Beta")]
    [InlineData("?status=draft&q=alpha", "")]
    public async Task The_list_can_be_filtered_and_is_newest_first(string query, string names)
    {
        var market = await Market.Open(_server);
        foreach (var (name, activate) in new[] { ("alpha_two", true), ("Alpha 50%", true), ("Beta", false) })
        {
            await market.NewCampaign(name: name, activate: activate);
            _server.Clock.Now = _server.Clock.Now.AddSeconds(1);
        }

        var list = await _server.GetJson(
            $"reporting/organizations/{market.Advertiser}/campaigns{query}", market.AdvertiserKey);

        Assert.Equal(
            names,
            string.Join(
                ',', list.GetProperty("campaigns").EnumerateArray().Select(c => c.GetProperty("name").GetString())));
    }

    [Theory]
    [InlineData("performance?start_date=2026-08-02&end_date=2026-08-01")]
    [InlineData("performance?start_date=yesterday")]
    [InlineData("performance/series?granularity=hour&start_date=2026-07-01&end_date=2026-08-01")]
    [InlineData("performance/series?start_date=2025-01-01&end_date=2026-08-01")]
    [InlineData("performance/series?granularity=minute")]
    [InlineData("performance/series?grup_by=offer")]
    [InlineData("campaigns?status=running")]
    [InlineData("campaigns?start_date=2026-08-02&end_date=2026-08-01")]
    public async Task Questions_that_make_no_sense_are_refused(string path)
    {
        var market = await Market.Open(_server);

        var answer = await _server.Send(
            HttpMethod.Get, $"reporting/organizations/{market.Advertiser}/{path}", market.AdvertiserKey);

        Assert.Equal(422, answer.Status);
    }

    [Fact]
    public async Task Foreign_reports_do_not_exist()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        foreach (var path in new[]
        {
            $"reporting/organizations/{market.Advertiser}/campaigns",
            $"reporting/organizations/{market.Advertiser}/performance",
            $"reporting/organizations/{market.Advertiser}/performance/series",
            $"reporting/campaigns/{campaign}/summary",
            $"reporting/campaigns/{campaign}/performance",
        })
        {
            Assert.Equal(404, (await _server.Send(HttpMethod.Get, path, market.RetailerKey)).Status);
        }
    }

    private static string SeriesPath(Market market, string query) =>
        $"reporting/organizations/{market.Advertiser}/performance/series?{query}";

    private static long Cents(JsonElement row, string member) => long.Parse(
        row.GetProperty(member).GetString()!.Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);

    private static JsonElement Item(JsonElement list, string campaign) => list.GetProperty("campaigns").EnumerateArray()
        .Single(item => item.GetProperty("campaign_id").GetString() == campaign);

    /// <summary>Each day of three weeks: a click on one campaign, two impressions of another, at odd hours.</summary>
    private static async Task<(string Cpc, string Cpm)> ThreeWeeksOfEvents(Market market)
    {
        market.Server.Clock.Now = new DateTimeOffset(2026, 8, 22, 0, 0, 0, TimeSpan.Zero);
        await market.Server.Database.Write(
            c => c.Execute("UPDATE ingest_head SET fenced_through = 202606", default), default);
        var cpc = await market.NewCampaign(bid: "0.25", start: "2026-08-01");
        var cpm = await market.NewCampaign("cpm", "5.00", start: "2026-08-01");
        for (var day = 1; day <= 21; day++)
        {
            var hour = day * 7 % 24;
            var at = string.Create(CultureInfo.InvariantCulture, $"2026-08-{day:00}T{hour:00}:59:59.999Z");
            Assert.Equal(200, (await market.Click(cpc, offer: market.Offers[day % 2], at: at)).Status);
            await market.Impressions(
                new { campaign_id = cpm, offer_id = market.Offers[0], occurred_at = at },
                new { campaign_id = cpm, occurred_at = at });
        }

        return (cpc, cpm);
    }

    private async Task<List<JsonElement>> Rows(Market market, string query) =>
    [
        .. (await _server.GetJson(SeriesPath(market, query), market.AdvertiserKey))
            .GetProperty("rows").EnumerateArray(),
    ];

    private Task<JsonElement> List(Market market) =>
        _server.GetJson($"reporting/organizations/{market.Advertiser}/campaigns", market.AdvertiserKey);

    private async Task<JsonElement> Performance(Market market, string start, string end) => (await _server.GetJson(
        $"reporting/organizations/{market.Advertiser}/performance?start_date={start}&end_date={end}",
        market.AdvertiserKey)).GetProperty("totals");
}

public sealed class SqliteReporting(SqliteServer server) : ReportingContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresReporting(PostgresServer server) : ReportingContract(server), IClassFixture<PostgresServer>;
