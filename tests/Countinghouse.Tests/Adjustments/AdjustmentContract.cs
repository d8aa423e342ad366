using System.Text.Json;
using Countinghouse.Ingest;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Adjustments;

/// <summary>What was charged is given back once, to the micro, to whom it belongs, on either engine.</summary>
public abstract class AdjustmentContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Market _market = null!;
    private string _operator = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _market = await Market.Open(_server);
        _operator = await _server.NewKey(await _server.NewOrganization("Platform", isOperator: true));
    }

    public async Task DisposeAsync()
    {
        var verified = await _server.Get<Verifier>().Verify(null, _ => { }, default);
        await _server.DisposeAsync();
        Assert.Empty(verified.Differences);
    }

    [Fact]
    public async Task The_charge_of_an_event_is_given_back_once()
    {
        var campaign = await _market.NewCampaign(bid: "0.50");
        var clicked = await Click(campaign, _market.Offers[0]);
        await Click(campaign, _market.Offers[1]);

        var done = await Adjust(200, campaign, "events", new { event_id = clicked, reason = "A test" });
        Assert.Equal(
            """{"count":1,"amount":"-0.50","amount_micros":-500000,"dry_run":false}""", done.GetRawText());
        Assert.Contains("before", Detail(
            await Adjust(409, campaign, "events", new { event_id = clicked, reason = "Again" })));

        var summary = await _market.Summary(campaign);
        Assert.Equal("0.50", summary.GetProperty("spend").GetString());
        Assert.Equal("99.50", summary.GetProperty("remaining_budget").GetString());
        Assert.Equal(2, summary.GetProperty("clicks").GetInt64());
        var range = "start_date=2026-08-01&end_date=2026-08-31";
        var performance = await _server.GetJson(
            $"reporting/organizations/{_market.Advertiser}/performance?{range}", _market.AdvertiserKey);
        Assert.Equal("0.50", performance.GetProperty("totals").GetProperty("spend").GetString());
        var series = await _server.GetJson(
            $"reporting/campaigns/{campaign}/performance?{range}&granularity=month&group_by=offer",
            _market.AdvertiserKey);
        Assert.Equal(
            [0L, 500_000L],
            series.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("spend_micros").GetInt64())
                .Order());
        var listed = await _server.GetJson($"campaigns/{campaign}/adjustments", _market.AdvertiserKey);
        var adjustment = Assert.Single(listed.GetProperty("data").EnumerateArray());
        Assert.Equal("EVENT", adjustment.GetProperty("kind").GetString());
        Assert.Equal("A test", adjustment.GetProperty("reason").GetString());
        Assert.Equal(_market.Retailer.ToString(), adjustment.GetProperty("retailer_id").GetString());
    }

    [Fact]
    public async Task What_was_not_charged_is_not_given_back_and_only_the_operator_does_it()
    {
        var campaign = await _market.NewCampaign(bid: "0.50", budget: "0.60");
        var other = await _market.NewCampaign();
        var paid = await Click(campaign);
        var free = await Click(campaign);

        foreach (var id in new[] { free, _market.NewEventId() })
        {
            await Adjust(422, campaign, "events", new { event_id = id, reason = "A test" });
        }

        await Adjust(422, other, "events", new { event_id = paid, reason = "Of another campaign" });
        await Adjust(422, campaign, "events", new { event_id = paid });
        await Adjust(422, campaign, "events", new { event_id = paid, reason = " " });
        await Adjust(422, campaign, "events", new { event_id = paid, reason = "A test", amount = "1.00" });
        await Adjust(422, campaign, "days", Days("2026-08-16", "2026-08-20", "1"));
        await Adjust(422, campaign, "days", Days("2026-08-15", "2026-08-14", "1"));
        await Adjust(422, campaign, "days", Days("2026-06-01", "2026-09-01", "1"));
        await Adjust(422, campaign, "days", Days("2026-08-15", "2026-08-15", "0"));
        await Adjust(422, campaign, "days", Days("2026-08-15", "2026-08-15", "1.1"));
        await Adjust(422, campaign, "amounts", Amount("0.00"));
        await Adjust(422, campaign, "amounts", Amount("-0.10", day: "2026-07-31"));
        await Adjust(409, campaign, "amounts", Amount("-0.51"));
        await Adjust(409, campaign, "amounts", Amount("0.01"));
        foreach (var (status, key) in new[]
        {
            (403, _market.AdvertiserKey), (404, _market.RetailerKey), (401, "csb_nonsense"),
        })
        {
            await Adjust(status, campaign, "events", new { event_id = paid, reason = "A test" }, key);
        }

        Assert.Equal("0.50", (await _market.Summary(campaign)).GetProperty("spend").GetString());
        Assert.Equal(0, await Number("SELECT COUNT(*) FROM adjustment"));
    }

    [Fact]
    public async Task A_part_of_some_days_is_given_back_offer_by_offer_and_the_rest_later()
    {
        var campaign = await _market.NewCampaign(bid: "0.333333");
        await Click(campaign, _market.Offers[0]);
        await Click(campaign, _market.Offers[0]);
        await Click(campaign, _market.Offers[1]);
        await Click(campaign);
        _server.Clock.Now = _server.Clock.Now.AddDays(1);
        await Click(campaign);

        var preview = await Adjust(200, campaign, "days", Days("2026-08-15", "2026-08-16", "0.25", dryRun: true));
        Assert.Equal(0, await Number("SELECT COUNT(*) FROM adjustment"));
        var done = await Adjust(200, campaign, "days", Days("2026-08-15", "2026-08-16", "0.25"));

        // 666666, 333333, 333333 and 333333, a quarter each, rounded down.
        Assert.Equal(-(166_666 + (3 * 83_333)), done.GetProperty("amount_micros").GetInt64());
        Assert.Equal(done.GetProperty("amount_micros").GetInt64(), preview.GetProperty("amount_micros").GetInt64());
        Assert.Equal(4, done.GetProperty("count").GetInt32());
        await Adjust(200, campaign, "days", Days("2026-08-01", "2026-08-31", "1"));
        Assert.Equal("0.00", (await _market.Summary(campaign)).GetProperty("spend").GetString());
        await Adjust(422, campaign, "days", Days("2026-08-01", "2026-08-31", "1"));
        await Adjust(409, campaign, "amounts", Amount("-0.01"));
    }

    [Fact]
    public async Task A_credit_gives_budget_back_and_is_taken_back_only_as_far_as_the_budget_goes()
    {
        var campaign = await _market.NewCampaign(bid: "0.50", budget: "1.00");
        await Click(campaign);
        await Click(campaign);
        Assert.Equal("completed", (await _market.Campaign(campaign)).GetProperty("status").GetString());

        await Adjust(200, campaign, "amounts", Amount("-0.60"));
        Assert.Equal("completed", (await _market.Campaign(campaign)).GetProperty("status").GetString());
        await _market.Post($"campaigns/{campaign}/activate", _market.AdvertiserKey);
        await Adjust(409, campaign, "amounts", Amount("0.20"));
        await Click(campaign);

        var summary = await _market.Summary(campaign);
        Assert.Equal("0.90", summary.GetProperty("spend").GetString());
        Assert.Equal("completed", summary.GetProperty("status").GetString());
        await Adjust(409, campaign, "amounts", Amount("0.20"));
        await Adjust(200, campaign, "amounts", Amount("0.10"));
        Assert.Equal("1.00", (await _market.Summary(campaign)).GetProperty("spend").GetString());
    }

    [Fact]
    public async Task Corrections_at_once_give_back_no_more_than_there_is()
    {
        var campaign = await _market.NewCampaign(bid: "0.50");
        var clicked = await Click(campaign, _market.Offers[0]);

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => (number % 3) switch
        {
            0 => Send(campaign, "events", new { event_id = clicked, reason = "A test" }, _operator),
            1 => Send(campaign, "days", Days("2026-08-15", "2026-08-15", "1"), _operator),
            _ => Send(campaign, "days", Days("2026-08-15", "2026-08-15", "0.5"), _operator),
        }));

        Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { 200, 409, 422 }));
        Assert.InRange(await Number("SELECT -SUM(amount_micro) FROM adjustment"), 1, 500_000);
        Assert.Equal(
            await Number("SELECT -SUM(amount_micro) FROM adjustment"),
            await Number("SELECT credited_micro FROM campaign_budget"));
    }

    [Fact]
    public async Task What_concerns_a_closed_month_re_rates_it_in_the_next_record_and_its_reports_stay()
    {
        await SetRate("2026-09", "0.2");
        var campaign = await _market.NewCampaign(bid: "1.111111");
        var august = new List<string>();
        for (var number = 0; number < 3; number++)
        {
            august.Add(await Click(campaign, _market.Offers[0]));
        }

        _server.Clock.Now = new DateTimeOffset(2026, 9, 4, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(CloseOutcome.Closed, await Close("2026-08"));
        await Adjust(200, campaign, "events", new { event_id = august[0], reason = "Not a shopper" });
        await Click(campaign, _market.Offers[0]);
        await Click(campaign, _market.Offers[1]);
        _server.Clock.Now = new DateTimeOffset(2026, 10, 4, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal(CloseOutcome.Closed, await Close("2026-09"));

        // August: 333 cents at 15 %, then 222; September: 222 cents at 20 % of its own 222.4444.
        var records = (await _server.GetJson($"revenue-share/{_market.Retailer}", _market.RetailerKey))
            .GetProperty("data");
        Assert.Equal(("3.33", "0.49", "2.84"), Amounts(records[1]));
        Assert.Equal(("1.11", "0.28", "0.83"), Amounts(records[0]));
        Assert.Equal(4_444, await Number("SELECT carry_out_micro FROM revenue_share WHERE period = 202609"));
        var lines = await _server.GetJson(
            $"revenue-share/{_market.Retailer}/{records[0].GetProperty("id")}/lines", _market.RetailerKey);
        Assert.Equal(
            [("EVENTS", "2026-09", 2_222_222L), ("ADJUSTMENT", "2026-08", -1_111_111L)],
            lines.GetProperty("data").EnumerateArray().Select(line => (
                line.GetProperty("kind").GetString(),
                line.GetProperty("origin_month").GetString(),
                line.GetProperty("amount_micros").GetInt64())));
        foreach (var (month, spend, state) in new[] { ("08", "3.33", "final"), ("09", "1.11", "final") })
        {
            var series = await _server.GetJson(
                $"reporting/organizations/{_market.Advertiser}/performance/series?start_date=2026-{month}-01"
                + $"&end_date=2026-{month}-28&granularity=month",
                _market.AdvertiserKey);
            var row = Assert.Single(series.GetProperty("rows").EnumerateArray());
            Assert.Equal((spend, state), (row.GetProperty("spend").GetString(), row.GetProperty("state").GetString()));
        }
    }

    [Fact]
    public async Task What_concerns_an_open_month_lowers_its_own_record_and_one_of_nothing_is_shown()
    {
        var campaign = await _market.NewCampaign(bid: "0.50");
        var clicked = await Click(campaign, _market.Offers[0]);
        _server.Clock.Now = new DateTimeOffset(2026, 9, 2, 0, 0, 0, TimeSpan.Zero);
        await Adjust(200, campaign, "events", new { event_id = clicked, reason = "In time" });
        _server.Clock.Now = new DateTimeOffset(2026, 9, 4, 0, 0, 0, TimeSpan.Zero);

        Assert.Equal(CloseOutcome.Closed, await Close("2026-08"));

        var record = Assert.Single((await _server.GetJson($"revenue-share/{_market.Retailer}", _market.RetailerKey))
            .GetProperty("data").EnumerateArray());
        Assert.Equal(("0.00", "0.00", "0.00"), Amounts(record));
        Assert.Equal(202608, await Number("SELECT applied_period FROM adjustment"));
        Assert.Equal(2026081512, await Number("SELECT booked_hour FROM adjustment"));
    }

    private static (string?, string?, string?) Amounts(JsonElement record) => (
        record.GetProperty("gross_revenue").GetString(),
        record.GetProperty("platform_fee").GetString(),
        record.GetProperty("retailer_share").GetString());

    private static object Days(string start, string end, string fraction, bool dryRun = false) =>
        new { start_date = start, end_date = end, fraction, reason = "A test", dry_run = dryRun };

    private static object Amount(string amount, string day = "2026-08-15") =>
        new { amount, date = day, reason = "A test" };

    private static string Detail(JsonElement problem) => problem.GetProperty("detail").GetString()!;

    private async Task SetRate(string month, string rate) => await _market.Post(
        $"organizations/{_market.Retailer}/fee-rates", _operator, new { effective_month = month, fee_rate = rate });

    private async Task<CloseOutcome> Close(string month) =>
        (await _server.Get<Settlements>().Close(Books.Month(month), "test", dryRun: false, default)).Outcome;

    private async Task<string> Click(string campaign, string? offer = null)
    {
        var answer = await _market.Click(campaign, offer: offer);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("event_id").GetString()!;
    }

    private Task<Answer> Send(string campaign, string what, object body, string key) =>
        _server.Send(HttpMethod.Post, $"campaigns/{campaign}/adjustments/{what}", key, body);

    private async Task<JsonElement> Adjust(
        int status, string campaign, string what, object body, string? key = null)
    {
        var answer = await Send(campaign, what, body, key ?? _operator);
        Assert.True(answer.Status == status, $"{answer.Text}\n{_server.Log}");
        return answer.Json;
    }

    private async Task<long> Number(string sql) =>
        (await _server.Database.Read(connection => connection.Number(sql, default), default))!.Value;
}

public sealed class SqliteAdjustments() : AdjustmentContract(Engine.Sqlite);

public sealed class PostgresAdjustments() : AdjustmentContract(Engine.Postgres);
