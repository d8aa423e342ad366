using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>Disputes, notes, lines and history of a record, as clients meet them.</summary>
public abstract class DisputesContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _shop;
    private string _operator = "";
    private string _shopKey = "";
    private string _path = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        var brand = await _books.Organization("brand");
        _shop = await _books.Organization("shop");
        _operator = await _server.NewKey(await _books.Organization("platform", isOperator: true));
        _shopKey = await _server.NewKey(_shop);
        await _books.Click(brand, _shop, "2026-06", 2_345_678, location: "a");
        await _books.Click(brand, _shop, "2026-06", 1_000_001, location: "b");
        await _books.Click(brand, _shop, "2026-06", 999_999, campaign: "other", location: "b");
        await _server.Get<Settlements>().CloseDue("test", CancellationToken.None);
        _path = $"revenue-share/{_shop}/{CloseStore.ShareOf(_shop, Books.Month("2026-06"))}";
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_disputed_record_is_settled_as_a_new_revision_and_all_of_it_is_told()
    {
        Assert.Equal(("APPROVED", 1), await Do("approve", _operator, 1));
        Assert.Equal(("DISPUTED", 1), await Do("dispute", _shopKey, 1, "Half of the clicks were ours."));
        Assert.Contains("DISPUTED", await Refused(409, "approve", _operator, 1));
        Assert.Contains("DISPUTED", await Refused(409, "dispute", _shopKey, 1, "Again"));
        Assert.Equal(("CALCULATED", 2), await Do("resolve", _operator, 1, "They were a shopper's."));
        Assert.Contains("now 2", await Refused(409, "approve", _operator, 1));
        Assert.Contains("DISPUTED", await Refused(409, "resolve", _operator, 2, "Again"));
        Assert.Equal(("APPROVED", 2), await Do("approve", _operator, 2));

        var history = (await _server.GetJson(_path + "/history", _shopKey)).GetProperty("data");
        Assert.Equal(
            [
                "1:->CALCULATED ", "2:CALCULATED->APPROVED ", "3:APPROVED->DISPUTED Half of the clicks were ours.",
                "4:DISPUTED->CALCULATED They were a shopper's.", "5:CALCULATED->APPROVED ",
            ],
            history.EnumerateArray().Select(change =>
                $"{change.GetProperty("number")}:{change.GetProperty("from_status")}->"
                + $"{change.GetProperty("to_status")} {change.GetProperty("reason")}"));
        Assert.All(history.EnumerateArray().Skip(1), change =>
            Assert.StartsWith("key:", change.GetProperty("actor").GetString()));
    }

    [Fact]
    public async Task A_dispute_by_whom_may_not_or_of_what_was_paid_changes_nothing()
    {
        await Refused(403, "dispute", await _server.NewKey(_shop, role: Role.Editor), 1, "No");
        await Refused(403, "dispute", await _server.NewKey(_shop, role: Role.Readonly), 1, "No");
        await Refused(404, "dispute", await _server.NewKey(await _books.Organization("outsider")), 1, "No");
        await Refused(422, "dispute", _shopKey, 1, "");
        await Refused(422, "dispute", _shopKey, 1);
        await Refused(409, "dispute", _shopKey, 2, "No");
        await Refused(403, "resolve", _shopKey, 1, "No");
        await _books.Execute(
            "UPDATE revenue_share SET status = 'PAID', paid_at = 1, payout_id = @payout WHERE org_id = @org",
            ("org", _shop),
            ("payout", NamedId.Create("payout")));
        await Refused(409, "dispute", _shopKey, 1, "No");
        await Refused(409, "dispute", _operator, 1, "No");

        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM share_transition"));
    }

    [Fact]
    public async Task A_retailer_and_two_operators_at_once_move_the_record_one_step_at_a_time()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => number % 2 == 0
            ? _server.Send(HttpMethod.Post, _path + "/approve", _operator, new { revision = 1 })
            : _server.Send(HttpMethod.Post, _path + "/dispute", _shopKey, new { revision = 1, reason = "No" })));

        var moved = answers.Count(answer => answer.Status == 200);
        Assert.InRange(moved, 1, 2);
        Assert.Equal(12 - moved, answers.Count(answer => answer.Status == 409));
        Assert.Equal(moved, await _books.Number("SELECT MAX(seq) - 1 FROM share_transition"));
        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM revenue_share WHERE status = 'DISPUTED'"));
    }

    [Fact]
    public async Task Notes_are_merged_by_the_operator_and_nothing_else_can_be_edited()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Patch(
            200, _operator, new { metadata = new Dictionary<string, string> { [$"k{number}"] = "v" } })));
        await Patch(200, _operator, new { metadata = new Dictionary<string, string> { ["k0"] = "", ["k1"] = "w" } });
        await Patch(403, _shopKey, new { metadata = new Dictionary<string, string>() });
        await Patch(422, _operator, new { retailer_share = "9.00" });
        await Patch(422, _operator, new { metadata = new Dictionary<string, string> { [new string('k', 41)] = "v" } });

        var record = await _server.GetJson(_path, _shopKey);
        Assert.Equal(
            """{"k1":"w","k2":"v","k3":"v","k4":"v","k5":"v","k6":"v","k7":"v"}""",
            JsonSerializer.Serialize(new SortedDictionary<string, string>(
                record.GetProperty("metadata").Deserialize<Dictionary<string, string>>()!, StringComparer.Ordinal)));
        Assert.Equal("3.69", record.GetProperty("retailer_share").GetString());
    }

    [Fact]
    public async Task The_lines_say_what_the_record_is_made_of_to_the_micro()
    {
        var lines = await _server.GetJson(_path + "/lines?page_size=2", _shopKey);
        var rest = await _server.GetJson(_path + "/lines?page_size=2&page=2", _shopKey);

        var all = lines.GetProperty("data").EnumerateArray().Concat(rest.GetProperty("data").EnumerateArray()).ToList();
        Assert.Equal([1, 2, 3], all.Select(line => line.GetProperty("line_no").GetInt32()));
        Assert.All(all, line => Assert.Equal("2026-06", line.GetProperty("origin_month").GetString()));
        Assert.Equal(4_345_678, all.Sum(line => line.GetProperty("amount_micros").GetInt64()));
        Assert.Equal(
            ["1.00", "1.00", "2.35"], all.Select(line => line.GetProperty("amount").GetString()).Order());
        var unknown = $"revenue-share/{_shop}/{NamedId.Create("none")}";
        Assert.Equal(404, (await _server.Send(HttpMethod.Get, unknown + "/lines", _shopKey)).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Get, unknown + "/history", _shopKey)).Status);
    }

    private async Task<(string? Status, int Revision)> Do(
        string action, string key, int revision, string? reason = null)
    {
        var answer = await Send(action, key, revision, reason);
        Assert.True(answer.Status == 200, answer.Text);
        return (answer.Json.GetProperty("status").GetString(), answer.Json.GetProperty("revision").GetInt32());
    }

    private async Task<string> Refused(int status, string action, string key, int revision, string? reason = null)
    {
        var answer = await Send(action, key, revision, reason);
        Assert.True(answer.Status == status, answer.Text);
        return answer.Json.GetProperty("detail").GetString()!;
    }

    private Task<Answer> Send(string action, string key, int revision, string? reason) => _server.Send(
        HttpMethod.Post, $"{_path}/{action}", key, reason is null ? new { revision } : new { revision, reason });

    private async Task Patch(int status, string key, object body)
    {
        var answer = await _server.Send(HttpMethod.Patch, _path, key, body);
        Assert.True(answer.Status == status, answer.Text);
    }
}

public sealed class SqliteDisputes() : DisputesContract(Engine.Sqlite);

public sealed class PostgresDisputes() : DisputesContract(Engine.Postgres);
