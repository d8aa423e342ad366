using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>Closing months and setting rates as the operator meets them, on either engine.</summary>
public abstract class SettlementHttpContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _brand;
    private OrganizationId _shop;
    private string _operator = "";
    private string _shopKey = "";
    private string _outsider = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        _brand = await _books.Organization("brand");
        _shop = await _books.Organization("shop");
        _operator = await _server.NewKey(await _books.Organization("platform", isOperator: true));
        _shopKey = await _server.NewKey(_shop);
        _outsider = await _server.NewKey(await _books.Organization("outsider"));
        await _books.Click(_brand, _shop, "2026-06", 2_345_678);
        await _books.Click(_brand, null, "2026-06", 1_000_000);
        await _books.Click(_brand, _shop, "2026-07", 3_000_000);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_dry_run_then_a_close_then_a_repetition_tell_the_same()
    {
        var dry = await Post("settlements", """{"period":"2026-06","dry_run":true}""");
        Assert.Equal(Month("OPEN", "true", "null"), dry);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement"));

        var closed = await Post("settlements", """{"period":"2026-06"}""");
        Assert.Equal(Month("CLOSED", "false", "\"2026-08-15T12:00:00Z\""), closed);
        Assert.Equal(closed, await Post("settlements", """{"period":"2026-06","dry_run":false}"""));

        var list = await _server.GetJson("settlements", _operator);
        Assert.Equal(
            """
            {"period":"2026-06","state":"CLOSED","started_at":"2026-08-15T12:00:00Z",
            "closed_at":"2026-08-15T12:00:00Z","event_count":2,"charge":"3.35","records":
            {"count":1,"gross_revenue":"2.34","platform_fee":"0.35","retailer_share":"1.99"}}
            """.ReplaceLineEndings(""),
            Assert.Single(list.GetProperty("data").EnumerateArray()).GetRawText());
    }

    [Fact]
    public async Task Retailers_come_in_pages()
    {
        for (var index = 0; index < 4; index++)
        {
            await _books.Click(_brand, await _books.Organization($"shop {index}"), "2026-06", 1_000_000);
        }

        foreach (var body in new[] { """{"period":"2026-06","dry_run":true}""", """{"period":"2026-06"}""" })
        {
            var answer = await _server.Send(HttpMethod.Post, "settlements?page=2&page_size=3", _operator, body);
            Assert.Equal(2, answer.Json.GetProperty("retailers").GetProperty("data").GetArrayLength());
            Assert.Equal(5, answer.Json.GetProperty("records").GetProperty("count").GetInt32());
            Assert.Equal("6.34", answer.Json.GetProperty("records").GetProperty("gross_revenue").GetString());
        }
    }

    [Fact]
    public async Task What_cannot_be_closed_is_refused_with_the_reason()
    {
        Assert.Contains("2026-09-04T00:00:00Z", await Refused(409, """{"period":"2026-08"}"""));
        Assert.Contains("2026-06 is still open", await Refused(409, """{"period":"2026-07"}"""));
        Assert.Contains("2026-06 is the first", await Refused(409, """{"period":"2026-05"}"""));
        await Refused(409, """{"period":"9999-12"}""");
        await Refused(409, """{"period":"0001-01"}""");
        await _books.Execute("UPDATE stat_hourly SET clicks = 2 WHERE charge_micro = 1000000");
        Assert.Contains("not equal", await Refused(409, """{"period":"2026-06"}"""));
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM revenue_share"));
    }

    [Theory]
    [InlineData(422, """{"period":"2026-13"}""")]
    [InlineData(422, """{"period":"2026-6"}""")]
    [InlineData(422, """{"period":202606}""")]
    [InlineData(422, """{"period":null}""")]
    [InlineData(422, "{}")]
    [InlineData(422, "[]")]
    [InlineData(422, """{"period":"2026-06","dry_run":"yes"}""")]
    [InlineData(422, """{"period":"2026-06","dryrun":true}""")]
    [InlineData(400, """{"period":""")]
    [InlineData(422, """{"period":"2026-07","organization_id":"WmsG2qe2XXxacqiqo2MfnY"}""")]
    public async Task A_malformed_request_closes_nothing(int status, string body)
    {
        await Refused(status, body);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement"));
    }

    [Fact]
    public async Task Only_the_operator_closes_months_and_sets_rates()
    {
        const string close = """{"period":"2026-06"}""";
        const string rate = """{"effective_month":"2026-09","fee_rate":"0.2"}""";
        await Refused(403, close, _shopKey);
        await Refused(401, close, null);
        await Refused(403, rate, _shopKey, "fee-rates");
        await Refused(403, rate, _shopKey, $"organizations/{_shop}/fee-rates");
        await Refused(404, rate, _outsider, $"organizations/{_shop}/fee-rates");
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "fee-rates", _shopKey)).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "settlements", _shopKey)).Status);
        Assert.Equal(404, (await _server.Send(
            HttpMethod.Get, $"organizations/{_shop}/fee-rates", _outsider)).Status);
        Assert.Equal(422, (await _server.Send(HttpMethod.Get, "settlements?pages=2", _operator)).Status);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement"));
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM fee_rate WHERE effective_period > 202600"));
    }

    [Fact]
    public async Task A_rate_set_for_a_future_month_is_listed_and_may_be_set_anew()
    {
        var own = $"organizations/{_shop}/fee-rates";
        await Post(own, """{"effective_month":"2026-09","fee_rate":"0.2"}""");
        await Post(own, """{"effective_month":"2026-10","fee_rate":"0.125"}""");
        Assert.Equal(
            """
            {"effective_month":"2026-09","fee_rate":"0.18","set_at":"2026-08-15T12:00:00Z","organization_name":"shop"}
            """,
            await Post(own, """{"effective_month":"2026-09","fee_rate":"0.18"}"""));
        await Post("fee-rates", """{"effective_month":"2027-01","fee_rate":"0.100001"}""");

        Assert.Equal(["2026-10 0.125", "2026-09 0.18"], await Rates(own, _shopKey));
        Assert.Equal("2027-01 0.100001", (await Rates("fee-rates", _operator))[0]);
    }

    [Theory]
    [InlineData("""{"effective_month":"2026-08","fee_rate":"0.2"}""")]
    [InlineData("""{"effective_month":"2026-01","fee_rate":"0.2"}""")]
    [InlineData("""{"effective_month":"2026-09","fee_rate":"1.01"}""")]
    [InlineData("""{"effective_month":"2026-09","fee_rate":"-0.1"}""")]
    [InlineData("""{"effective_month":"2026-09","fee_rate":"0.1234567"}""")]
    [InlineData("""{"effective_month":"2026-09","fee_rate":0.2}""")]
    [InlineData("""{"effective_month":"2026-09"}""")]
    [InlineData("""{"effective_month":"2026-09","fee_rate":"0.2","note":"x"}""")]
    public async Task A_rate_for_a_month_that_has_begun_or_no_rate_is_refused(string body)
    {
        await Refused(422, body, _operator, "fee-rates");
        await Refused(422, body, _operator, $"organizations/{_shop}/fee-rates");
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM fee_rate WHERE effective_period > 202600"));
    }

    [Fact]
    public async Task The_next_month_says_what_would_refuse_to_close_it()
    {
        Assert.Equal(
            """
            {"period":"2026-06","first_day":"2026-06-01","last_day":"2026-06-30",
            "closable_from":"2026-07-04T00:00:00Z","is_closable":true,"state":"OPEN","blocks":[]}
            """.ReplaceLineEndings(""),
            (await _server.GetJson("settlements/next", _operator)).GetRawText());

        // One retailer's record is made: the month waits for the others.
        await Post("settlements", $$"""{"period":"2026-06","organization_id":"{{_shop}}"}""");
        Assert.Equal("2026-06 CLOSING True ", await Next());
        await Post("settlements", """{"period":"2026-06"}""");
        Assert.Equal("2026-07 OPEN True ", await Next());
        await Post("settlements", """{"period":"2026-07"}""");
        Assert.Equal("2026-08 OPEN False month_not_over", await Next());

        // What it says is what closing says.
        foreach (var (at, expected) in new[]
        {
            ("2026-08-31T23:59:59Z", "month_not_over"), ("2026-09-01T00:00:00Z", "waits_for_late_events"),
            ("2026-09-03T23:59:59Z", "waits_for_late_events"),
        })
        {
            _server.Clock.Now = DateTimeOffset.Parse(at, System.Globalization.CultureInfo.InvariantCulture);
            Assert.Equal($"2026-08 OPEN False {expected}", await Next());
            Assert.Equal(
                await Refused(409, """{"period":"2026-08"}"""),
                (await _server.GetJson("settlements/next", _operator))
                    .GetProperty("blocks")[0].GetProperty("detail").GetString());
        }

        _server.Clock.Now = new DateTimeOffset(2026, 9, 4, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal("2026-08 OPEN True ", await Next());
        await Post("settlements", """{"period":"2026-08"}""");
        Assert.Equal("2026-09 OPEN False month_not_over", await Next());
    }

    [Fact]
    public async Task Differences_that_a_verification_found_block_the_next_month_until_another_is_clean()
    {
        // The books of this test have no totals of campaigns; that is difference enough.
        var wrong = new VerificationId(NamedId.Create("wrong"));
        await _server.Get<Verifications>().Run(wrong, "test", _ => { }, CancellationToken.None);
        Assert.Equal("2026-06 OPEN False verification_different", await Next());
        await Refused(409, """{"period":"2026-06"}""");
        Assert.Equal("2026-06 CLOSING False verification_different", await Next());

        await _books.Execute("UPDATE verification SET state = 'clean', difference_count = 0");
        Assert.Equal("2026-06 CLOSING True ", await Next());
        await Post("settlements", """{"period":"2026-06"}""");
    }

    [Fact]
    public async Task Without_events_there_is_no_next_month()
    {
        await _books.Execute("DELETE FROM stat_hourly");
        Assert.Equal(
            """{"period":null,"first_day":null,"last_day":null,"closable_from":null,"is_closable":false,"state":null""",
            (await _server.GetJson("settlements/next", _operator)).GetRawText().Split(",\"blocks\"")[0]);
        Assert.Equal("  False no_events", await Next());
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "settlements/next", _shopKey)).Status);
    }

    private async Task<string> Next()
    {
        var next = await _server.GetJson("settlements/next", _operator);
        var blocks = next.GetProperty("blocks").EnumerateArray().Select(block => block.GetProperty("code").GetString());
        return $"{next.GetProperty("period").GetString()} {next.GetProperty("state").GetString()} "
            + $"{next.GetProperty("is_closable").GetBoolean()} {string.Join(' ', blocks)}";
    }

    private string Month(string state, string dryRun, string closedAt) => $$$$"""
        {"period":"2026-06",
        "state":"{{{{state}}}}","dry_run":{{{{dryRun}}}},"closed_at":{{{{closedAt}}}},
        "event_count":2,"charge":"3.35",
        "records":{"count":1,"gross_revenue":"2.34","platform_fee":"0.35","retailer_share":"1.99"},
        "retailers":{"data":[{"organization_id":"{{{{_shop}}}}",
        "share_id":"{{{{CloseStore.ShareOf(_shop, Books.Month("2026-06"))}}}}","gross_revenue":"2.34",
        "platform_fee":"0.35","retailer_share":"1.99","platform_fee_rate":"0.15","organization_name":"shop"}],
        "pagination":{"page":1,"page_size":25,"total_count":1,"total_pages":1,"has_next":false,"has_previous":false}}}
        """.ReplaceLineEndings("");

    private async Task<string> Post(string path, string body)
    {
        var answer = await _server.Send(HttpMethod.Post, path, _operator, body);
        Assert.True(answer.Status == 200, $"{path} {body}: {answer.Status} {answer.Text} {_server.Log}");
        return answer.Text;
    }

    private async Task<List<string>> Rates(string path, string key) =>
    [
        .. (await _server.GetJson(path, key)).GetProperty("data").EnumerateArray().Select(rate =>
            $"{rate.GetProperty("effective_month").GetString()} {rate.GetProperty("fee_rate").GetString()}"),
    ];

    private Task<string> Refused(int status, string body) => Refused(status, body, _operator);

    private async Task<string> Refused(int status, string body, string? key, string path = "settlements")
    {
        var answer = await _server.Send(HttpMethod.Post, path, key, body);
        Assert.True(answer.Status == status, $"{path} {body}: {answer.Status} {answer.Text} {_server.Log}");
        return answer.Json.GetProperty("detail").GetString()!;
    }
}

public sealed class SqliteSettlementHttp() : SettlementHttpContract(Engine.Sqlite);

public sealed class PostgresSettlementHttp() : SettlementHttpContract(Engine.Postgres);
