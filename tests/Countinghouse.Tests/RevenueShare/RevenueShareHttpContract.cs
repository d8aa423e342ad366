using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>Revenue share as clients meet it, on either engine.</summary>
public abstract class RevenueShareHttpContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _brand;
    private OrganizationId _shop;
    private OrganizationId _store;
    private string _operator = "";
    private string _shopKey = "";
    private string _outsider = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        _brand = await _books.Organization("brand");
        _shop = await _books.Organization("shop");
        _store = await _books.Organization("store");
        _operator = await _server.NewKey(await _books.Organization("platform", isOperator: true));
        _shopKey = await _server.NewKey(_shop);
        _outsider = await _server.NewKey(await _books.Organization("outsider"));
        await _books.Click(_brand, _shop, "2026-05", 1_000_000);
        await _books.Click(_brand, _shop, "2026-06", 2_345_678);
        await _books.Click(_brand, _store, "2026-06", 500_000);
        await _books.Click(_brand, _shop, "2026-07", 3_000_000);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_list_shows_every_member_with_the_latest_month_first()
    {
        await CloseAll();

        var list = await _server.GetJson($"revenue-share/{_shop}", _shopKey);

        var data = list.GetProperty("data");
        Assert.Equal(
            ["2026-07-01", "2026-06-01", "2026-05-01"],
            data.EnumerateArray().Select(record => record.GetProperty("period_start").GetString()));
        var id = CloseStore.ShareOf(_shop, Books.Month("2026-06"));
        Assert.Equal(
            $$"""
            {"id":"{{id}}","period_start":"2026-06-01","period_end":"2026-06-30","gross_revenue":"2.34",
            "platform_fee":"0.35","retailer_share":"1.99","platform_fee_rate":"0.15","status":"CALCULATED",
            "paid_at":null,"stripe_transfer_id":"","metadata":{},"revision":1,"payout_id":null}
            """.ReplaceLineEndings(""),
            data[1].GetRawText());
        var detail = await _server.Send(HttpMethod.Get, $"revenue-share/{_shop.Value}/{id.Value}", _shopKey);
        Assert.Equal(data[1].GetRawText(), detail.Text);
    }

    [Fact]
    public async Task Pages_of_the_list_add_up_and_bad_ones_are_refused()
    {
        await CloseAll();

        var last = await _server.GetJson($"revenue-share/{_shop}?page=2&page_size=2&whatever=1", _shopKey);
        Assert.Equal("2026-05-01", Assert.Single(last.GetProperty("data").EnumerateArray())
            .GetProperty("period_start").GetString());
        Assert.Equal(
            """{"page":2,"page_size":2,"total_count":3,"total_pages":2,"has_next":false,"has_previous":true}""",
            last.GetProperty("pagination").GetRawText());
        Assert.Empty((await _server.GetJson($"revenue-share/{_shop}?page=9", _shopKey)).GetProperty("data")
            .EnumerateArray());
        await Refused(422, HttpMethod.Get, $"revenue-share/{_shop}?page=0&page_size=101", _shopKey);
    }

    [Fact]
    public async Task The_summary_says_what_was_earned_paid_and_is_owed()
    {
        await _books.Location(_shop, "one", active: true);
        await _books.Location(_shop, "two", active: true);
        await _books.Location(_shop, "three", active: false);
        await CloseAll();
        await _books.Execute("""
            UPDATE revenue_share SET status = 'PAID', paid_at = 1785585600000000, payout_id = @payout,
                   stripe_transfer_id = 'tr_1' WHERE org_id = @org AND period = 202605
            """, ("org", _shop), ("payout", TestRows.Payout));
        foreach (var row in TestRows.PayoutsOf9().Where(row => row.Table is "payout_run" or "payout"))
        {
            var moved = row.Table == "payout_run"
                ? row
                : row.With(
                    ("org_id", _shop), ("state", "SUCCEEDED"), ("transfer_id", "tr_1"), ("settled_at", TestRows.Noon));
            await _server.Database.Write(moved.Insert, CancellationToken.None);
        }

        var answer = await _server.Send(HttpMethod.Get, $"revenue-share/{_shop}/summary", _shopKey);

        Assert.Equal(
            $$"""
            {"organization_id":"{{_shop}}","total_earned":"5.39","total_paid":"0.85","pending_balance":"4.54",
            "active_locations":2}
            """.ReplaceLineEndings(""),
            answer.Text);
        var paid = await _server.GetJson($"revenue-share/{_shop}/{Share("2026-05")}", _shopKey);
        Assert.Equal("PAID", paid.GetProperty("status").GetString());
        Assert.Equal("2026-08-01T12:00:00Z", paid.GetProperty("paid_at").GetString());
        Assert.Equal("tr_1", paid.GetProperty("stripe_transfer_id").GetString());
    }

    [Fact]
    public async Task A_retailer_without_records_has_an_empty_list_and_zeros()
    {
        Assert.Equal(0, (await _server.GetJson($"revenue-share/{_shop}", _shopKey))
            .GetProperty("pagination").GetProperty("total_count").GetInt32());
        Assert.Equal("0.00", (await _server.GetJson($"revenue-share/{_shop}/summary", _shopKey))
            .GetProperty("total_earned").GetString());
    }

    [Fact]
    public async Task Records_are_shown_to_those_who_may_see_them()
    {
        await CloseAll();
        var editor = await _server.NewKey(_shop, role: Role.Editor);
        var reader = await _server.NewKey(_shop, role: Role.Readonly);
        var publishable = await _server.NewKey(_shop, KeyKind.Cpk);
        foreach (var end in new[] { "", "/summary", $"/{Share("2026-05")}" })
        {
            var path = $"revenue-share/{_shop}{end}";
            await _server.GetJson(path, reader);
            await _server.GetJson(path, _operator);
            await Refused(403, HttpMethod.Get, path, editor);
            await Refused(403, HttpMethod.Get, path, publishable);
            await Refused(404, HttpMethod.Get, path, _outsider);
            await Refused(401, HttpMethod.Get, path, null);
        }
    }

    [Fact]
    public async Task Records_of_others_and_unknown_ones_are_not_found_and_malformed_ids_refused()
    {
        await CloseAll();
        var others = CloseStore.ShareOf(_store, Books.Month("2026-06"));

        await Refused(404, HttpMethod.Get, $"revenue-share/{_shop}/{others}", _shopKey);
        await Refused(404, HttpMethod.Get, $"revenue-share/{_shop}/{NamedId.Create("none")}", _shopKey);
        await Refused(422, HttpMethod.Get, $"revenue-share/{_shop}/nonsense", _shopKey);
        await Refused(404, HttpMethod.Post, $"revenue-share/{_shop}/{others}/approve", _operator, """{"revision":1}""");
    }

    [Fact]
    public async Task Approving_moves_the_record_once_and_leaves_a_trail()
    {
        await CloseAll();
        var path = $"revenue-share/{_shop}/{Share("2026-06")}/approve";

        var approved = await _server.Send(HttpMethod.Post, path, _operator, new { revision = 1 });

        Assert.Equal(200, approved.Status);
        Assert.Equal("APPROVED", approved.Json.GetProperty("status").GetString());
        Assert.Contains("APPROVED", await Refused(409, HttpMethod.Post, path, _operator, """{"revision":1}"""));
        Assert.Equal(1, await _books.Number("""
            SELECT COUNT(*) FROM share_transition
            WHERE seq = 2 AND from_status = 'CALCULATED' AND to_status = 'APPROVED' AND actor LIKE 'key:%'
            """));
        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM revenue_share WHERE status = 'APPROVED'"));
    }

    [Fact]
    public async Task Two_operators_approving_at_once_approve_once()
    {
        await CloseAll();
        var path = $"revenue-share/{_shop}/{Share("2026-06")}/approve";

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ =>
            _server.Send(HttpMethod.Post, path, _operator, new { revision = 1 })));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(5, answers.Count(answer => answer.Status == 409));
        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM share_transition WHERE seq > 1"));
    }

    [Fact]
    public async Task An_approval_of_what_has_changed_or_by_whom_may_not_changes_nothing()
    {
        await CloseAll();
        await _books.Execute("UPDATE revenue_share SET revision = 2 WHERE org_id = @org", ("org", _shop));
        var path = $"revenue-share/{_shop}/{Share("2026-06")}/approve";

        Assert.Contains("now 2", await Refused(409, HttpMethod.Post, path, _operator, """{"revision":1}"""));
        await Refused(403, HttpMethod.Post, path, _shopKey, """{"revision":2}""");
        await Refused(404, HttpMethod.Post, path, _outsider, """{"revision":2}""");
        await Refused(422, HttpMethod.Post, path, _operator, """{"revision":0}""");
        await Refused(422, HttpMethod.Post, path, _operator, """{"revision":2,"reason":"x"}""");
        await Refused(422, HttpMethod.Post, path, _operator, "{}");
        await Refused(400, HttpMethod.Post, path, _operator, "{");
        Assert.Equal(4, await _books.Number("SELECT COUNT(*) FROM revenue_share WHERE status = 'CALCULATED'"));
        Assert.Equal(4, await _books.Number("SELECT COUNT(*) FROM share_transition"));
    }

    private ShareId Share(string month) => CloseStore.ShareOf(_shop, Books.Month(month));

    private Task<CloseOutcome?> CloseAll() => _server.Get<Settlements>().CloseDue("test", CancellationToken.None);

    /// <summary>Expects a refusal; returns its detail.</summary>
    private async Task<string> Refused(
        int status, HttpMethod method, string path, string? key, string? body = null)
    {
        var answer = await _server.Send(method, path, key, body);
        Assert.True(answer.Status == status, $"{method} {path} {body}: {answer.Status} {answer.Text} {_server.Log}");
        Assert.Equal(status, answer.Json.GetProperty("status").GetInt32());
        return answer.Json.GetProperty("detail").GetString()!;
    }
}

public sealed class SqliteRevenueShareHttp() : RevenueShareHttpContract(Engine.Sqlite);

public sealed class PostgresRevenueShareHttp() : RevenueShareHttpContract(Engine.Postgres);
