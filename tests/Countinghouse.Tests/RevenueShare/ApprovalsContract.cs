using System.Text.Json;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>Many records approved by one request, as the operator meets it.</summary>
public abstract class ApprovalsContract(Engine engine) : IAsyncLifetime
{
    private const string Path = "revenue-shares/approvals";

    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _shop;
    private OrganizationId _store;
    private string _operator = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        var brand = await _books.Organization("brand");
        _shop = await _books.Organization("shop");
        _store = await _books.Organization("store");
        _operator = await _server.NewKey(await _books.Organization("platform", isOperator: true));
        foreach (var month in new[] { "2026-03", "2026-04", "2026-05", "2026-06" })
        {
            await _books.Click(brand, _shop, month, 2_000_000);
            await _books.Click(brand, _store, month, 1_000_000);
        }

        await _server.Get<Settlements>().CloseDue("test", CancellationToken.None);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task Each_record_is_judged_by_itself_in_the_order_asked()
    {
        const string ofShop = " WHERE org_id = @shop AND period = ";
        await _books.Execute("UPDATE revenue_share SET revision = 3" + ofShop + 202604, ("shop", _shop));
        await _books.Execute("UPDATE revenue_share SET status = 'DISPUTED'" + ofShop + 202605, ("shop", _shop));
        await _books.Execute(
            "UPDATE revenue_share SET payout_id = @payout" + ofShop + 202606,
            ("shop", _shop),
            ("payout", TestRows.Payout));

        var answer = await Ask(
            One(_shop, "2026-06"),
            One(_shop, "2026-03"),
            One(_shop, "2026-04", revision: 1),
            One(_shop, "2026-05"),
            One(_store, "2026-03"),
            new { organization_id = _store, share_id = Share(_shop, "2026-03"), revision = 1 },
            One(_shop, "2026-03"));

        Assert.Equal(2, answer.GetProperty("approved").GetInt32());
        var results = answer.GetProperty("results").EnumerateArray().ToList();
        Assert.Equal(
            ["being_paid", "approved", "revision_moved", "not_in_state", "approved", "not_found", "not_in_state"],
            results.Select(result => result.GetProperty("outcome").GetString()));
        Assert.Equal(
            ["CALCULATED 1", "APPROVED 1", "CALCULATED 3", "DISPUTED 1", "APPROVED 1", "", "APPROVED 1"],
            results.Select(result => result.GetProperty("record") is { ValueKind: JsonValueKind.Object } record
                ? $"{record.GetProperty("status").GetString()} {record.GetProperty("revision")}"
                : ""));
        Assert.Equal(_shop.ToString(), results[1].GetProperty("organization_id").GetString());
        Assert.Equal(_store.ToString(), results[5].GetProperty("organization_id").GetString());
        Assert.Equal(
            Share(_shop, "2026-06").ToString(),
            results[0].GetProperty("share_id").GetString());

        // What is refused is told in the words of the single approval.
        foreach (var index in new[] { 0, 2, 3, 5, 6 })
        {
            var single = await _server.Send(
                HttpMethod.Post,
                $"revenue-share/{results[index].GetProperty("organization_id")}/"
                    + $"{results[index].GetProperty("share_id")}/approve",
                _operator,
                new { revision = 1 });
            Assert.Equal(single.Json.GetProperty("detail").ToString(), results[index].GetProperty("detail").ToString());
        }

        Assert.Equal("", results[1].GetProperty("detail").GetString());
        Assert.Equal(2, await _books.Number("""
            SELECT COUNT(*) FROM share_transition WHERE to_status = 'APPROVED' AND actor LIKE 'key:%'
            """));
        Assert.Equal(2, await _books.Number("SELECT COUNT(*) FROM audit_entry WHERE action = 'revenue_share.approve'"));
    }

    [Fact]
    public async Task A_repetition_approves_nothing_again_and_under_its_key_gets_the_same_answer()
    {
        var body = Body(One(_shop, "2026-05"), One(_shop, "2026-06"));
        var first = await Keyed(body);
        var second = await Keyed(body);

        Assert.Equal(200, first.Status);
        Assert.Equal(first.Text, second.Text);
        Assert.Equal("true", second.Headers["Idempotency-Replayed"]);
        var other = await _server.Send(HttpMethod.Post, Path, _operator, body);
        Assert.Equal(0, other.Json.GetProperty("approved").GetInt32());
        Assert.All(other.Json.GetProperty("results").EnumerateArray(), result =>
            Assert.Equal("not_in_state", result.GetProperty("outcome").GetString()));
        Assert.Equal(2, await _books.Number("SELECT COUNT(*) FROM share_transition WHERE seq > 1"));
    }

    [Fact]
    public async Task Many_requests_and_single_approvals_at_once_approve_each_record_once()
    {
        var all = new[] { "2026-03", "2026-04", "2026-05", "2026-06" }
            .SelectMany(month => new[] { One(_shop, month), One(_store, month) }).ToArray();
        var many = Enumerable.Range(0, 4).Select(number =>
            Ask([.. number % 2 == 0 ? all : all.Reverse()])).ToList();
        var single = new[] { "2026-03", "2026-06" }.Select(month => _server.Send(
            HttpMethod.Post,
            $"revenue-share/{_shop}/{Share(_shop, month)}/approve",
            _operator,
            new { revision = 1 })).ToList();

        var approved = (await Task.WhenAll(many)).Sum(answer => answer.GetProperty("approved").GetInt32());
        var alone = (await Task.WhenAll(single)).Count(answer => answer.Status == 200);

        Assert.Equal(8, approved + alone);
        Assert.Equal(8, await _books.Number("SELECT COUNT(*) FROM revenue_share WHERE status = 'APPROVED'"));
        Assert.Equal(8, await _books.Number("SELECT COUNT(*) FROM share_transition WHERE seq > 1"));
        Assert.Equal(8, await _books.Number("SELECT COUNT(*) FROM audit_entry WHERE action = 'revenue_share.approve'"));
    }

    [Fact]
    public async Task A_malformed_list_is_refused_whole_with_every_fault()
    {
        var share = Share(_shop, "2026-06").ToString();
        var answer = await _server.Send(HttpMethod.Post, Path, _operator, new
        {
            approvals = new object[]
            {
                One(_shop, "2026-06"),
                new { organization_id = "x", share_id = share, revision = 0 },
                new { share_id = share, revision = 1, reason = "x" },
                7,
            },
            note = "x",
        });

        Assert.Equal(422, answer.Status);
        Assert.Equal(
            [
                "approvals[1].organization_id", "approvals[1].revision", "approvals[2].organization_id",
                "approvals[2].reason", "approvals[3]", "note",
            ],
            answer.Json.GetProperty("errors").EnumerateArray()
                .Select(error => error.GetProperty("field").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(422, (await _server.Send(HttpMethod.Post, Path, _operator, Body())).Status);
        Assert.Equal(
            422,
            (await _server.Send(
                HttpMethod.Post,
                Path,
                _operator,
                Body([.. Enumerable.Repeat(One(_shop, "2026-06"), ApprovalList.RecordsMax + 1)]))).Status);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM share_transition WHERE seq > 1"));
    }

    [Fact]
    public async Task Only_the_operator_approves()
    {
        var answer = await _server.Send(
            HttpMethod.Post, Path, await _server.NewKey(_shop), Body(One(_shop, "2026-06")));
        Assert.Equal(403, answer.Status);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM share_transition WHERE seq > 1"));
    }

    private async Task<JsonElement> Ask(params object[] approvals)
    {
        var answer = await _server.Send(HttpMethod.Post, Path, _operator, Body(approvals));
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}\n{_server.Log}");
        return answer.Json;
    }

    private Task<Answer> Keyed(string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Path)
        {
            Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add(Access.CredentialHandler.Header, _operator);
        request.Headers.Add(Idempotency.Header, "approvals-1");
        return _server.Send(request);
    }

    private static ShareId Share(OrganizationId retailer, string month) =>
        CloseStore.ShareOf(retailer, Books.Month(month));

    private static string Body(params object[] approvals) =>
        JsonSerializer.Serialize(new { approvals }, WireJson.Options);

    private static object One(OrganizationId retailer, string month, int revision = 1) => new
    {
        organization_id = retailer,
        share_id = Share(retailer, month),
        revision,
    };
}

public sealed class SqliteApprovals() : ApprovalsContract(Engine.Sqlite);

public sealed class PostgresApprovals() : ApprovalsContract(Engine.Postgres);
