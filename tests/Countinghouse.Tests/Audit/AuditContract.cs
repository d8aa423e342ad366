using System.Data.Common;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Audit;

public abstract class AuditContract(Engine engine) : IAsyncLifetime
{
    private TestServer? _server;
    private OrganizationId _shop;
    private string _operator = "";

    private TestServer Server => _server!;

    private string Log => $"organizations/{_shop}/audit-log";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _shop = await Server.NewOrganization("Shop");
        _operator = await Server.NewKey(await Server.NewOrganization("Operator", isOperator: true));
    }

    public async Task DisposeAsync() => await Server.DisposeAsync();

    [Fact]
    public async Task An_entry_says_who_did_what_with_which_key_in_which_request_and_what_differs()
    {
        await Rename("Ünï \"quoted\" \\ \u0001 日本 🛒", "rename-1");

        var entry = (await Entries(Log))[0];
        var key = "key:" + (await Server.Get<ApiKeyStore>().List(await Operator(), default))[0].Id;
        Assert.Equal(
            (2, _shop.ToString(), key, key, "organization.change", $"organization:{_shop}", "rename-1"),
            (entry.GetProperty("entry_no").GetInt32(), Text(entry, "organization_id"), Text(entry, "actor"),
                Text(entry, "credential"), Text(entry, "action"), Text(entry, "subject"), Text(entry, "request_id")));
        Assert.Equal("""{"name":"Shop"}""", entry.GetProperty("before").GetRawText());
        Assert.Equal("Ünï \"quoted\" \\ \u0001 日本 🛒", Text(entry.GetProperty("after"), "name"));
        Assert.Single(entry.GetProperty("after").EnumerateObject());
        Assert.Equal("2026-08-15T12:00:00Z", Text(entry, "at"));
        Assert.Matches("^[0-9a-f]{64}$", Text(entry, "hash"));
        Assert.Empty(await Faults());
    }

    [Fact]
    public async Task What_is_made_has_no_before()
    {
        var entry = Assert.Single(await Entries(Log));

        Assert.Equal(JsonValueKind.Null, entry.GetProperty("before").ValueKind);
        Assert.Equal("Shop", Text(entry.GetProperty("after"), "name"));
        Assert.Equal("program", Text(entry, "actor"));
    }

    [Fact]
    public async Task What_changes_nothing_writes_nothing()
    {
        await Rename("Shop", "same");

        Assert.Single(await Entries(Log));
    }

    [Fact]
    public async Task What_is_refused_leaves_no_entry()
    {
        var campaign = await NewCampaign();
        var before = await Numbers();

        Assert.Equal(409, (await Send(HttpMethod.Post, $"campaigns/{campaign}/pause")).Status);
        Assert.Equal(422, (await Send(HttpMethod.Patch, $"campaigns/{campaign}", new { bid = "0" })).Status);
        Assert.Equal(422, (await Send(
            HttpMethod.Put, $"campaigns/{campaign}/offers", new { offers = new[] { campaign } })).Status);
        Assert.Equal(404, (await Send(
            HttpMethod.Patch, $"organizations/{_shop}/locations/{campaign}", new { name = "x" })).Status);

        Assert.Equal(before, await Numbers());
    }

    [Fact]
    public async Task A_key_is_in_the_trail_without_its_secret()
    {
        var key = await Server.NewKey(_shop);
        var id = (await Server.Get<ApiKeyStore>().List(_shop, default))[0].Id;
        await Server.Get<ApiKeyStore>().Revoke(null, id, default);

        var entries = await Entries(Log);
        Assert.Equal(["api_key.revoke", "api_key.create"], entries.Take(2).Select(entry => Text(entry, "action")));
        Assert.Equal("""{"is_active":true}""", entries[0].GetProperty("before").GetRawText());
        Assert.DoesNotContain(key[4..], string.Concat(entries));
        Assert.DoesNotContain(Convert.ToHexStringLower(CredentialFormat.Hash(key)), string.Concat(entries));
    }

    [Fact]
    public async Task Campaigns_that_a_job_completes_are_in_the_trail_one_by_one()
    {
        var campaigns = new[] { await NewCampaign("2026-08-15"), await NewCampaign("2026-08-15") };
        foreach (var campaign in campaigns)
        {
            await Send(HttpMethod.Post, $"campaigns/{campaign}/activate");
        }

        Server.Clock.Now = Server.Clock.Now.AddDays(1);
        await Server.Get<CampaignScheduleJob>().CompleteEnded(default);

        var entries = await Entries($"{Log}?action=campaign.complete");
        Assert.Equal(
            campaigns.Select(campaign => $"campaign:{campaign}").Order(),
            entries.Select(entry => Text(entry, "subject")).Order());
        Assert.All(entries, entry => Assert.Equal("end_date", Text(entry.GetProperty("after"), "completed_reason")));
        Assert.Empty(await Faults());
    }

    [Fact]
    public async Task The_command_line_is_the_terminal()
    {
        var made = await TestProgram.Run(
            ["organizations", "create", "--name", "Made by hand", .. TestProgram.On(Server.Storage)]);
        Assert.True(made.Code == 0, made.Error);

        var entry = Assert.Single(await Entries($"organizations/{made.Output.Trim()}/audit-log"));
        Assert.Equal(
            ("terminal", "", ""), (Text(entry, "actor"), Text(entry, "credential"), Text(entry, "request_id")));
    }

    [Theory]
    [InlineData("UPDATE audit_entry SET actor = 'nobody'")]
    [InlineData("UPDATE audit_entry SET entry_no = entry_no")]
    [InlineData("DELETE FROM audit_entry")]
    public async Task The_database_refuses_to_change_an_entry(string statement)
    {
        var before = await Server.Database.Contents();

        await Assert.ThrowsAnyAsync<DbException>(() => Execute(statement));

        Assert.Equal(before["audit_entry"], (await Server.Database.Contents())["audit_entry"]);
    }

    [Theory]
    [InlineData("audit_entry", "UPDATE audit_entry SET actor = 'nobody' WHERE entry_no = 2 AND org_id = @org")]
    [InlineData("audit_entry", "UPDATE audit_entry SET at = at + 1 WHERE entry_no = 1 AND org_id = @org")]
    [InlineData("audit_entry", "UPDATE audit_entry SET before_json = '' WHERE entry_no = 3 AND org_id = @org")]
    [InlineData("audit_entry", "UPDATE audit_entry SET prev_hash = hash WHERE entry_no = 2 AND org_id = @org")]
    [InlineData("audit_entry", "UPDATE audit_entry SET hash = prev_hash WHERE entry_no = 2 AND org_id = @org")]
    [InlineData("audit_entry", "UPDATE audit_entry SET entry_no = 9 WHERE entry_no = 3 AND org_id = @org")]
    [InlineData("audit_entry", "DELETE FROM audit_entry WHERE entry_no = 1 AND org_id = @org")]
    [InlineData("audit_entry", "DELETE FROM audit_entry WHERE entry_no = 2 AND org_id = @org")]
    [InlineData("audit_head", "DELETE FROM audit_entry WHERE entry_no = 3 AND org_id = @org")]
    [InlineData("audit_head", "DELETE FROM audit_entry WHERE org_id = @org")]
    [InlineData("audit_head", "DELETE FROM audit_head WHERE org_id = @org")]
    [InlineData("audit_head", "UPDATE audit_head SET entry_no = 2 WHERE org_id = @org")]
    public async Task Verify_finds_what_was_done_to_the_trail_past_the_triggers(string table, string damage)
    {
        await Rename("Second", "r-2");
        await Rename("Third", "r-3");
        Assert.Empty(await Faults());
        await DropTriggers();
        await Server.Database.Write(c => c.Execute(damage, default, ("org", _shop)), default);

        Assert.Contains(await Faults(), found => found.Table == table && found.Organization == _shop);
    }

    [Fact]
    public async Task Verify_misses_a_chain_that_is_gone_altogether()
    {
        Server.Clock.Now += TimeSpan.FromSeconds(1);
        var organization = await Server.NewOrganization("Later");
        Assert.Empty(await Faults());
        await DropTriggers();

        await Server.Database.Write(
            async c =>
            {
                await c.Execute("DELETE FROM audit_entry WHERE org_id = @org", default, ("org", organization));
                await c.Execute("DELETE FROM audit_head WHERE org_id = @org", default, ("org", organization));
            },
            default);

        Assert.Contains(await Faults(), found => found.Table == "audit_head" && found.Organization == organization);
    }

    [Fact]
    public async Task A_chain_without_its_head_takes_no_more()
    {
        await DropTriggers();
        await Server.Database.Write(
            c => c.Execute("DELETE FROM audit_head WHERE org_id = @org", default, ("org", _shop)), default);

        var error = await Assert.ThrowsAsync<InvalidDataException>(() => Server.Database.Write(
            c => Server.Get<AuditTrail>().Record(c, _shop, "a.b", "a:1", null, new { number = 1 }, default), default));

        Assert.Contains("no head", error.Message);
    }

    private async Task DropTriggers()
    {
        foreach (var drop in engine == Engine.Postgres
            ? new[]
            {
                "DROP TRIGGER audit_entry_only_grows ON audit_entry",
                "DROP TRIGGER audit_entry_is_not_emptied ON audit_entry",
                "DROP TRIGGER audit_head_is_not_deleted ON audit_head",
            }
            :
            [
                "DROP TRIGGER audit_entry_is_not_updated", "DROP TRIGGER audit_entry_is_not_deleted",
                "DROP TRIGGER audit_entry_is_not_replaced", "DROP TRIGGER audit_head_is_not_deleted",
            ])
        {
            await Execute(drop);
        }
    }

    [Fact]
    public void The_hash_of_an_entry_is_frozen()
    {
        // Worked out apart from this program: SHA-256 over the hash before, then each part after its length.
        var entry = new AuditEntry(
            new OrganizationId(new Guid("00000000-0000-0000-0000-000000000007")),
            3,
            new Instant(1_786_795_200_000_000),
            new Acting("user:A", "session:B", "r-1"),
            "campaign.change",
            "campaign:C",
            """{"name":"Ä"}""",
            """{"name":"日"}""",
            [.. Enumerable.Range(0, 32).Select(number => (byte)number)],
            []);

        Assert.Equal(
            "3aaf3b82f9ed618c863a4ff77a3b5ac71a7551f7bcd406133fc3284e90ee059e",
            Convert.ToHexStringLower(entry.ExpectedHash()));
    }

    [Fact]
    public async Task Changes_at_once_on_two_nodes_leave_a_chain_without_gaps()
    {
        await using var second = await TestServer.Start(engine, shared: Server.Storage);
        var nodes = new[] { Server, second };

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => nodes[number % 2].Send(
            HttpMethod.Post,
            $"organizations/{_shop}/{(number % 4 < 2 ? "locations" : "campaigns")}",
            _operator,
            number % 4 < 2 ? new { name = $"Shop {number}" } : Campaign(null))));

        Assert.All(answers, answer => Assert.Equal(201, answer.Status));
        Assert.Equal(
            Enumerable.Range(1, 21).Reverse(),
            (await Entries($"{Log}?page_size=100")).Select(entry => entry.GetProperty("entry_no").GetInt32()));
        Assert.Empty(await Faults());
    }

    [Fact]
    public async Task First_changes_at_once_make_one_chain()
    {
        var trail = Server.Get<AuditTrail>();
        var organization = new OrganizationId(NamedId.Create("test/nobody yet"));

        await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => Server.Database.Write(
            c => trail.Record(c, organization, "a.b", $"a:{number}", null, new { number }, default), default))));

        Assert.Empty(await Faults());
        Assert.Equal(8, await Server.Database.Read(
            c => c.Number("SELECT entry_no FROM audit_head WHERE org_id = @org", default, ("org", organization)),
            default));
    }

    [Fact]
    public async Task The_operator_reads_all_chains_and_others_none_but_their_owners_theirs()
    {
        await Send(HttpMethod.Post, "payout-state/stop", new { reason = "Test" });
        var manager = await Server.NewKey(_shop);
        var outsider = await Server.NewKey(await Server.NewOrganization("Outsider"));

        var all = await Entries("audit-log?page_size=100");
        Assert.Contains(all, entry => entry.GetProperty("organization_id").ValueKind == JsonValueKind.Null
            && Text(entry, "action") == "payout_state.stop");
        Assert.Contains(all, entry => Text(entry, "subject") == $"organization:{_shop}");
        Assert.Equal(403, (await Server.Send(HttpMethod.Get, "audit-log", manager)).Status);
        Assert.Equal(403, (await Server.Send(HttpMethod.Get, Log, manager)).Status);
        Assert.Equal(404, (await Server.Send(HttpMethod.Get, Log, outsider)).Status);
        Assert.Equal(401, (await Server.Send(HttpMethod.Get, Log)).Status);
    }

    [Fact]
    public async Task Filters_and_pages_choose_entries_the_newest_first()
    {
        for (var number = 2; number <= 6; number++)
        {
            Server.Clock.Now = Server.Clock.Now.AddDays(1);
            await Rename($"Shop {number}", $"r-{number}");
        }

        Assert.Equal([6, 5, 4, 3, 2, 1], await NumbersOf($"{Log}?page_size=100"));
        Assert.Equal([4, 3], await NumbersOf($"{Log}?page=2&page_size=2"));
        Assert.Equal([5, 4], await NumbersOf($"{Log}?start_date=2026-08-18&end_date=2026-08-19"));
        Assert.Equal([1], await NumbersOf($"audit-log?organization_id={_shop}&action=organization.create"));
        Assert.Equal([6, 5, 4, 3, 2], await NumbersOf($"audit-log?action=organization.change"));
        Assert.Equal([6, 5, 4, 3, 2, 1], await NumbersOf($"audit-log?subject=organization:{_shop}"));
        Assert.Empty(await NumbersOf($"audit-log?actor=key:nobody"));
        var pages = (await Server.GetJson($"{Log}?page_size=4", _operator)).GetProperty("pagination");
        Assert.Equal(
            (6, 2), (pages.GetProperty("total_count").GetInt32(), pages.GetProperty("total_pages").GetInt32()));
        Assert.Equal(422, (await Send(HttpMethod.Get, $"{Log}?start_date=2026-08-18&end_date=2026-08-17")).Status);
    }

    [Theory]
    [InlineData("audit-log")]
    [InlineData("audit-log?action=location.create")]
    [InlineData("organizations/{0}/audit-log")]
    public async Task As_CSV_it_is_all_entries_at_once(string path)
    {
        path = string.Format(null, path, _shop);
        await Server.Database.Write(
            c => Server.Get<AuditTrail>().Record(
                c,
                _shop,
                Enumerable.Range(0, 2_345).Select(
                    number => new AuditChange("location.create", $"=location:{number}", null, new { number })),
                default),
            default);
        await Rename("Other", "-2+3");
        var total = (await Server.GetJson(path, _operator)).GetProperty("pagination").GetProperty("total_count");

        var answer = await Csv(path);

        var lines = answer.Text.Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal((200, "text/csv; charset=utf-8"), (answer.Status, answer.Headers["Content-Type"]));
        Assert.Contains("Accept", answer.Headers["Vary"]);
        Assert.Equal(
            "entry_no,organization_id,at,actor,credential,action,subject,before,after,request_id,hash", lines[0]);
        Assert.Equal(total.GetInt32(), lines.Length - 1);
        Assert.Equal(lines.Length, lines.Distinct().Count());
        Assert.Contains(lines, line => line.Contains(",'=location:7,"));
        Assert.DoesNotContain(lines, line => line.Contains(",=") || line.Contains(",-"));
        Assert.Equal("application/json", (await Send(HttpMethod.Get, path)).Headers["Content-Type"].Split(';')[0]);
    }

    private async Task<OrganizationId> Operator() => (await Server.Database.Read(
        c => c.Query("SELECT org_id FROM organization WHERE is_operator", row => row.Id<OrganizationId>(0), default),
        default))[0];

    private static object Campaign(string? end) =>
        new { name = "Tea", pricing = "cpc", bid = "0.25", budget = "10.00", end_date = end };

    private async Task<string> NewCampaign(string? end = null) =>
        Text((await Send(HttpMethod.Post, $"organizations/{_shop}/campaigns", Campaign(end))).Json, "campaign_id");

    private async Task Rename(string name, string requestId)
    {
        var request = new HttpRequestMessage(HttpMethod.Patch, $"organizations/{_shop}")
        {
            Content = ApiWalk.Json(JsonSerializer.Serialize(new { name })),
        };
        request.Headers.Add(RequestIds.Header, requestId);
        request.Headers.Add(CredentialHandler.Header, _operator);
        Assert.Equal(200, (await Server.Send(request)).Status);
    }

    private Task<Answer> Csv(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add(CredentialHandler.Header, _operator);
        request.Headers.Add("Accept", "text/csv");
        return Server.Send(request);
    }

    private Task<Answer> Send(HttpMethod method, string path, object? body = null) =>
        Server.Send(method, path, _operator, body);

    private async Task<List<JsonElement>> Entries(string path) =>
        [.. (await Server.GetJson(path, _operator)).GetProperty("data").EnumerateArray()];

    private async Task<List<int>> NumbersOf(string path) =>
        [.. (await Entries(path)).Select(entry => entry.GetProperty("entry_no").GetInt32())];

    private Task<List<long>> Numbers() => Server.Database.Read(
        c => c.Query("SELECT entry_no FROM audit_entry ORDER BY org_id, entry_no", row => row.GetInt64(0), default),
        default);

    private async Task<IReadOnlyList<Difference>> Faults() =>
        (await Server.Get<Verifier>().Verify(null, _ => { }, default)).Differences;

    private Task Execute(string statement) => Server.Database.Write(c => c.Execute(statement, default), default);

    private static string Text(JsonElement element, string member) => element.GetProperty(member).GetString()!;
}

public sealed class SqliteAudit() : AuditContract(Engine.Sqlite);

public sealed class PostgresAudit() : AuditContract(Engine.Postgres);
