using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>The records of all retailers, as the operator meets them.</summary>
public abstract class ShareListContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _shop;
    private OrganizationId _store;
    private string _operator = "";
    private string _shopKey = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        var brand = await _books.Organization("brand");
        _shop = await _books.Organization("Tea 100% Ähre");
        _store = await _books.Organization("Coffee_store");
        _operator = await _server.NewKey(await _books.Organization("platform", isOperator: true));
        _shopKey = await _server.NewKey(_shop);
        await _books.Click(brand, _shop, "2026-05", 1_000_000);
        await _books.Click(brand, _shop, "2026-06", 2_345_678);
        await _books.Click(brand, _store, "2026-06", 500_000);
        await _server.Get<Settlements>().CloseDue("test", CancellationToken.None);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Every_retailers_records_come_the_latest_month_first_then_the_newest_retailer()
    {
        var data = await List("");

        var order = new[] { _shop, _store }.OrderByDescending(id => id.Value.ToString()).ToArray();
        Assert.Equal(
            [$"2026-06-01 {order[0]}", $"2026-06-01 {order[1]}", $"2026-05-01 {_shop}"],
            data.Select(item => $"{Text(item, "period_start")} {Text(item, "organization_id")}"));
        var own = await _server.GetJson($"revenue-share/{_shop}/{Share("2026-05")}", _operator);
        var item = data[2];
        Assert.All(own.EnumerateObject(), member =>
            Assert.Equal(member.Value.GetRawText(), item.GetProperty(member.Name).GetRawText()));
        Assert.Equal("Tea 100% Ähre", Text(item, "organization_name"));
        Assert.Equal(JsonValueKind.Null, item.GetProperty("dispute_reason").ValueKind);
        Assert.Equal(own.EnumerateObject().Count() + 3, item.EnumerateObject().Count());
    }

    [Theory]
    [InlineData("?period=2026-05", 1)]
    [InlineData("?period=2026-04", 0)]
    [InlineData("?status=CALCULATED", 3)]
    [InlineData("?status=PAID", 0)]
    [InlineData("?q=TEA", 2)]
    [InlineData("?q=100%25 Ä", 2)]
    [InlineData("?q=%25", 2)]
    [InlineData("?q=e_s", 1)]
    [InlineData("?q=f_e", 0)]
    [InlineData("?q=tea&period=2026-06&status=CALCULATED", 1)]
    [InlineData("?q=", 3)]
    public async Task Status_month_and_name_narrow_the_list(string query, int count)
    {
        Assert.Equal(count, (await List(query)).Count);
        var page = (await _server.GetJson($"revenue-shares{query}", _operator)).GetProperty("pagination");
        Assert.Equal(count, page.GetProperty("total_count").GetInt32());
    }

    [Fact]
    public async Task Pages_add_up()
    {
        var all = await List("");
        var pages = new[] { await List("?page_size=2"), await List("?page_size=2&page=2") };
        Assert.Equal(all.Select(item => item.GetRawText()), pages.SelectMany(page => page).Select(i => i.GetRawText()));
        Assert.Empty(await List("?page=3&page_size=2"));
    }

    [Fact]
    public async Task What_is_disputed_says_why_and_for_how_long_it_is()
    {
        var path = $"revenue-share/{_shop}/{Share("2026-06")}";
        await Done(path + "/dispute", new { revision = 1, reason = "First" });
        await Done(path + "/resolve", new { revision = 1, reason = "Settled" });
        await Done(path + "/dispute", new { revision = 2, reason = "Second" });

        var item = Assert.Single(await List("?status=DISPUTED"));
        Assert.Equal("Second", Text(item, "dispute_reason"));

        await Done(path + "/resolve", new { revision = 2, reason = "Settled" });
        Assert.Empty(await List("?status=DISPUTED"));
        Assert.DoesNotContain(
            await List(""), one => one.GetProperty("dispute_reason").ValueKind != JsonValueKind.Null);
    }

    [Fact]
    public async Task Bad_questions_are_refused_and_retailers_may_not_ask()
    {
        var bad = await _server.Send(
            HttpMethod.Get, "revenue-shares?status=paid&period=2026&page_size=0&name=x", _operator);
        Assert.Equal(422, bad.Status);
        Assert.Equal(
            ["name", "page_size", "period", "status"],
            bad.Json.GetProperty("errors").EnumerateArray().Select(error => Text(error, "field")).Order());
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "revenue-shares", _shopKey)).Status);
        Assert.Equal(401, (await _server.Send(HttpMethod.Get, "revenue-shares")).Status);
    }

    private async Task Done(string path, object body)
    {
        var answer = await _server.Send(HttpMethod.Post, path, _operator, body);
        Assert.True(answer.Status == 200, answer.Text);
    }

    private async Task<List<JsonElement>> List(string query) =>
        [.. (await _server.GetJson($"revenue-shares{query}", _operator)).GetProperty("data").EnumerateArray()];

    private ShareId Share(string month) => CloseStore.ShareOf(_shop, Books.Month(month));

    private static string Text(JsonElement item, string member) => item.GetProperty(member).GetString()!;
}

public sealed class SqliteShareList() : ShareListContract(Engine.Sqlite);

public sealed class PostgresShareList() : ShareListContract(Engine.Postgres);
