using System.Diagnostics;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Credentials;

public abstract class KeysOverHttpContract(ServerFixture fixture) : IAsyncLifetime
{
    private readonly TestServer _server = fixture.Server;
    private OrganizationId _organization;
    private string _manager = "";

    private string Keys => $"organizations/{_organization}/api-keys";

    public async Task InitializeAsync()
    {
        _organization = await _server.NewOrganization("Keys");
        _manager = await _server.NewKey(_organization);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_new_key_is_shown_once_and_opens_the_api()
    {
        var answer = await _server.Send(HttpMethod.Post, Keys, _manager, new
        {
            kind = "csb",
            role = "readonly",
            name = "Web shop",
            description = "Reads reports",
            expires_at = "2999-01-31T00:00:00Z",
            rate_limit_per_minute = 7,
            rate_limit_per_day = 70,
            metadata = new { team = "shop" },
        });

        Assert.Equal((201, "no-store"), (answer.Status, answer.Headers["Cache-Control"]));
        var (key, id) = (Text(answer, "key"), Text(answer, "key_id"));
        Assert.Equal($"{HttpOptions.BasePath}/{Keys}/{id}", answer.Headers["Location"]);
        var read = await _server.GetJson($"{Keys}/{id}", _manager);
        Assert.False(read.TryGetProperty("key", out _));
        Assert.Equal(
            answer.Json.EnumerateObject().Where(member => member.Name != "key").Select(member => member.ToString()),
            read.EnumerateObject().Select(member => member.ToString()));
        Assert.Equal("""{"team":"shop"}""", read.GetProperty("metadata").GetRawText());
        Assert.StartsWith("key:", read.GetProperty("created_by").GetString(), StringComparison.Ordinal);
        var used = await _server.Send(HttpMethod.Get, $"organizations/{_organization}", key);
        Assert.Equal((200, "7"), (used.Status, used.Headers["RateLimit-Limit"]));
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, Keys, key)).Status);
        await _server.AssertStoredNowhere(key);
    }

    [Fact]
    public async Task The_list_has_every_key_of_the_organization_and_no_other()
    {
        await _server.NewKey(await _server.NewOrganization("Other"));
        await Create("csb", "editor");

        var roles = new List<string>();
        foreach (var page in new[] { 1, 2 })
        {
            var list = await _server.GetJson($"{Keys}?page_size=1&page={page}", _manager);
            Assert.Equal(2, list.GetProperty("pagination").GetProperty("total_count").GetInt32());
            roles.Add(Assert.Single(list.GetProperty("data").EnumerateArray()).GetProperty("role").GetString()!);
        }

        Assert.Equal(["editor", "manager"], roles.Order());
    }

    [Fact]
    public async Task Sending_again_makes_no_second_key_and_shows_none()
    {
        var body = new { kind = "csb", role = "editor", name = "Once" };
        var header = (Idempotency.Header, "make-key-1");

        var first = await _server.Send(CredentialWorld.Request(
            HttpMethod.Post, Keys, body, (CredentialHandler.Header, _manager), header));
        var again = await _server.Send(CredentialWorld.Request(
            HttpMethod.Post, Keys, body, (CredentialHandler.Header, _manager), header));

        Assert.Equal((201, 201), (first.Status, again.Status));
        Assert.Equal(Text(first, "key_id"), Text(again, "key_id"));
        Assert.False(again.Json.TryGetProperty("key", out _));
        await _server.AssertStoredNowhere(Text(first, "key"));
    }

    [Fact]
    public async Task A_change_takes_effect_and_leaves_the_rest()
    {
        var (id, key) = await Create("csb", "readonly");

        var changed = await _server.Send(HttpMethod.Patch, $"{Keys}/{id}", _manager, new
        {
            rate_limit_per_minute = 2,
            role = "editor",
            metadata = new { a = "1" },
        });

        Assert.Equal((200, "Key", "editor"), (changed.Status, Text(changed, "name"), Text(changed, "role")));
        var statuses = new List<int>();
        for (var i = 0; i < 3; i++)
        {
            statuses.Add((await _server.Send(HttpMethod.Get, $"organizations/{_organization}", key)).Status);
        }

        Assert.Equal([200, 200, 429], statuses);
        var trail = await _server.Trail($"api_key:{id}");
        Assert.Equal(["api_key.create", "api_key.change"], trail.Select(entry => entry.Action));
        Assert.Equal(
            """{"role":"readonly","rate_limit_per_minute":0,"metadata":{}}""", trail[1].Before);
        Assert.Equal(
            """{"role":"editor","rate_limit_per_minute":2,"metadata":{"a":"1"}}""", trail[1].After);
        Assert.StartsWith("key:", trail[1].Actor, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"expires_at": "2001-01-31T00:00:00Z"}""", "expires_at")]
    [InlineData("""{"rate_limit_per_minute": -1}""", "rate_limit_per_minute")]
    [InlineData("""{"rate_limit_per_day": 1000000001}""", "rate_limit_per_day")]
    [InlineData("""{"name": " "}""", "name")]
    [InlineData("""{"role": "owner"}""", "role")]
    [InlineData("""{"kind": "cpk"}""", "kind")]
    [InlineData("""{"key": "csb_x"}""", "key")]
    [InlineData("""{"allowed_origins": ["https://shop.example"]}""", "allowed_origins")]
    public async Task A_change_that_cannot_be_changes_nothing(string patch, string field)
    {
        var (id, _) = await Create("csb", "readonly");
        var before = (await _server.Send(HttpMethod.Get, $"{Keys}/{id}", _manager)).Text;

        var answer = await _server.Send(HttpMethod.Patch, $"{Keys}/{id}", _manager, patch);

        Assert.Equal(422, answer.Status);
        Assert.Equal(field, answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Equal(before, (await _server.Send(HttpMethod.Get, $"{Keys}/{id}", _manager)).Text);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_everywhere_within_five_seconds_and_never_changes_again()
    {
        await using var other = await TestServer.Start(_server.Engine, shared: _server.Storage);
        var (id, key) = await Create("csb", "readonly");
        var path = $"organizations/{_organization}";
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, path, key)).Status);
        Assert.Equal(200, (await other.Send(HttpMethod.Get, path, key)).Status);

        var revoked = await _server.Send(HttpMethod.Post, $"{Keys}/{id}/revoke", _manager);

        Assert.Equal(200, revoked.Status);
        Assert.False(revoked.Json.GetProperty("is_active").GetBoolean());
        Assert.Equal(401, (await _server.Send(HttpMethod.Get, path, key)).Status);
        var since = Stopwatch.StartNew();
        while ((await other.Send(HttpMethod.Get, path, key)).Status != 401)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), "The other node still takes the revoked key.");
            await Task.Delay(100);
        }

        Assert.Equal(200, (await _server.Send(HttpMethod.Post, $"{Keys}/{id}/revoke", _manager)).Status);
        Assert.Equal(409, (await _server.Send(
            HttpMethod.Patch, $"{Keys}/{id}", _manager, new { name = "Again" })).Status);
        Assert.Equal(409, (await _server.Send(HttpMethod.Post, $"{Keys}/{id}/rotate", _manager, new { })).Status);
        Assert.Equal(
            ["api_key.create", "api_key.revoke"],
            (await _server.Trail($"api_key:{id}")).Select(entry => entry.Action));
    }

    [Fact]
    public async Task A_replaced_key_is_refused_at_once_and_the_new_one_has_its_settings()
    {
        var (id, key) = await Create("csb", "readonly", perMinute: 9);

        var answer = await _server.Send(HttpMethod.Post, $"{Keys}/{id}/rotate", _manager, new { });

        Assert.Equal(201, answer.Status);
        Assert.NotEqual(id, Text(answer, "key_id"));
        Assert.Equal(("readonly", "Key", 9), (
            Text(answer, "role"), Text(answer, "name"), answer.Json.GetProperty("rate_limit_per_minute").GetInt32()));
        Assert.Equal(401, (await _server.Send(HttpMethod.Get, "organizations", key)).Status);
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, "organizations", Text(answer, "key"))).Status);
        var rotated = (await _server.Trail($"api_key:{id}"))[^1];
        Assert.Equal("api_key.rotate", rotated.Action);
        Assert.Contains(Text(answer, "key_id"), rotated.After, StringComparison.Ordinal);
        await _server.AssertStoredNowhere(Text(answer, "key"));
    }

    [Theory]
    [InlineData(60, null, 60)]
    [InlineData(60, 30, 30)]
    [InlineData(60, 90, 60)]
    public async Task With_an_overlap_both_keys_are_good_until_it_is_over_and_never_longer(
        int overlap, int? lasting, int ended)
    {
        await using var server = await TestServer.Start(_server.Engine);
        var organization = await server.NewOrganization("Overlap");
        var manager = await server.NewKey(organization);
        var expires = lasting is { } seconds ? Instant.Of(server.Clock.Now.AddSeconds(seconds)) : (Instant?)null;
        var old = await server.Get<ApiKeyStore>().Create(
            new NewApiKey(organization, KeyKind.Csb, Role.Readonly, "Old", expires), CancellationToken.None);

        var answer = await server.Send(
            HttpMethod.Post,
            $"organizations/{organization}/api-keys/{old.Stored!.Id}/rotate",
            manager,
            new { overlap_seconds = overlap });

        Assert.Equal(201, answer.Status);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, "organizations", Text(answer, "key"))).Status);
        server.Clock.Now = server.Clock.Now.AddSeconds(ended).AddMicroseconds(-1);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, "organizations", old.Key)).Status);
        server.Clock.Now = server.Clock.Now.AddMicroseconds(1);
        Assert.Equal(401, (await server.Send(HttpMethod.Get, "organizations", old.Key)).Status);
    }

    [Fact]
    public async Task A_key_that_has_expired_is_not_replaced()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var organization = await server.NewOrganization("Expired");
        var manager = await server.NewKey(organization);
        var old = await server.Get<ApiKeyStore>().Create(
            new NewApiKey(
                organization, KeyKind.Csb, Role.Readonly, "Old", Instant.Of(server.Clock.Now.AddSeconds(1))),
            CancellationToken.None);
        server.Clock.Now = server.Clock.Now.AddSeconds(1);

        var answer = await server.Send(
            HttpMethod.Post, $"organizations/{organization}/api-keys/{old.Stored!.Id}/rotate", manager, new { });

        Assert.Equal(409, answer.Status);
    }

    [Fact]
    public async Task Another_organizations_key_does_not_exist()
    {
        var other = await _server.NewOrganization("Other");
        var foreign = await _server.Get<ApiKeyStore>().Create(
            new NewApiKey(other, KeyKind.Csb, Role.Readonly, "Theirs"), CancellationToken.None);
        var path = $"{Keys}/{foreign.Stored!.Id}";

        Assert.Equal(404, (await _server.Send(HttpMethod.Get, path, _manager)).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Patch, path, _manager, new { name = "Mine" })).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Post, path + "/revoke", _manager)).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Post, path + "/rotate", _manager, new { })).Status);
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, "organizations", foreign.Key)).Status);
    }

    [Fact]
    public async Task Nobody_makes_or_changes_a_key_that_may_do_more_than_they_may()
    {
        var client = await _server.NewClient(
            _organization, _manager, "manager", "members:write", "advertising:read", "revenue:read", "events:write");
        var token = await _server.NewToken(client);
        var (managers, _) = await Create("csb", "manager");
        object Wanted(string kind, string role) => new { kind, role, name = "Wanted" };

        async Task<int> Post(string path, object body) =>
            (await _server.WithToken(token, HttpMethod.Post, path, body)).Status;

        Assert.Equal(201, await Post(Keys, Wanted("csb", "readonly")));
        Assert.Equal(201, await Post(Keys, Wanted("cpk", "manager")));
        Assert.Equal(403, await Post(Keys, Wanted("csb", "editor")));
        Assert.Equal(403, await Post(Keys, Wanted("csb", "manager")));
        Assert.Equal(403, await Post($"{Keys}/{managers}/rotate", new { }));
        Assert.Equal(403, (await _server.WithToken(
            token, HttpMethod.Patch, $"{Keys}/{managers}", new { name = "Mine" })).Status);
        var own = await _server.WithToken(token, HttpMethod.Post, Keys, Wanted("csb", "readonly"));
        Assert.Equal(403, (await _server.WithToken(
            token, HttpMethod.Patch, $"{Keys}/{Text(own, "key_id")}", new { role = "editor" })).Status);

        var narrow = await _server.NewToken(client, "members:write advertising:read revenue:read");
        Assert.Equal(403, (await _server.WithToken(narrow, HttpMethod.Post, Keys, Wanted("csb", "readonly"))).Status);
        var without = await _server.NewToken(client, "advertising:read");
        Assert.Equal(403, (await _server.WithToken(without, HttpMethod.Get, Keys)).Status);
    }

    [Fact]
    public async Task A_managers_token_without_the_platforms_scope_makes_no_managers_key_of_the_operator()
    {
        var platform = await _server.NewOrganization("Platform", isOperator: true);
        var key = await _server.NewKey(platform);
        string[] all = [.. ScopeWords.All.Where(word => word is not ("platform:operate" or "organization:write"))];
        var token = await _server.NewToken(await _server.NewClient(platform, key, "manager", all));
        var body = new { kind = "csb", role = "manager", name = "More" };

        var answer = await _server.WithToken(
            token, HttpMethod.Post, $"organizations/{platform}/api-keys", body);

        Assert.Equal(403, answer.Status);
    }

    [Fact]
    public async Task An_owner_of_too_many_keys_gets_no_more()
    {
        var organization = await _server.NewOrganization("Many");
        var store = _server.Get<ApiKeyStore>();
        var manager = await _server.NewKey(organization);
        await _server.Database.Write(
            async connection =>
            {
                for (var i = 1; i < ApiKeyStore.ActiveKeysMax; i++)
                {
                    await Storage.Sql.Execute(
                        connection,
                        """
                        INSERT INTO api_key (key_id, org_id, kind, role, name, hash, is_active, rate_limit_per_minute,
                                             rate_limit_per_day, created_at)
                        VALUES (@key, @org, 'csb', 'readonly', 'k', @hash, TRUE, 0, 0, 0)
                        """,
                        CancellationToken.None,
                        ("key", NamedId.Create($"test/{organization}/key {i}")),
                        ("org", organization),
                        ("hash", NamedId.Create($"test/{organization}/hash {i}").ToByteArray()));
                }
            },
            CancellationToken.None);

        var answer = await _server.Send(
            HttpMethod.Post,
            $"organizations/{organization}/api-keys",
            manager,
            new { kind = "csb", role = "readonly", name = "One more" });

        Assert.Equal(409, answer.Status);
        var stored = await store.List(organization, CancellationToken.None);
        var path = $"organizations/{organization}/api-keys/{stored[0].Id}/rotate";
        Assert.Equal(409, (await _server.Send(HttpMethod.Post, path, manager, new { overlap_seconds = 60 })).Status);
        Assert.Equal(201, (await _server.Send(HttpMethod.Post, path, manager, new { })).Status);
        Assert.Equal(ApiKeyStore.ActiveKeysMax + 1, (await store.List(organization, CancellationToken.None)).Count);
    }

    [Theory]
    [InlineData("csb", 300, 10_000)]
    [InlineData("cpk", 100, 10_000)]
    public async Task Limits_above_the_platforms_default_are_the_operators_to_give(string kind, int minute, int day)
    {
        var platform = await _server.NewKey(await _server.NewOrganization("Platform", isOperator: true));
        object Body(int perMinute, int perDay) => new
        {
            kind,
            role = "readonly",
            name = "Key",
            rate_limit_per_minute = perMinute,
            rate_limit_per_day = perDay,
        };
        object Patch(int perMinute, int perDay) =>
            new { rate_limit_per_minute = perMinute, rate_limit_per_day = perDay };

        await AboveDefault(HttpMethod.Post, Keys, Body(minute + 1, day + 1));
        var made = await _server.Send(HttpMethod.Post, Keys, _manager, Body(minute, day));
        Assert.True(made.Status == 201, made.Text);
        var path = $"{Keys}/{Text(made, "key_id")}";
        await AboveDefault(HttpMethod.Patch, path, Patch(minute + 1, day + 1));

        // What the operator has given may stay, or become less; not more.
        Assert.Equal(200, (await _server.Send(HttpMethod.Patch, path, platform, Patch(minute * 4, day * 4))).Status);
        Assert.Equal(200, (await _server.Send(HttpMethod.Patch, path, _manager, new { name = "Other" })).Status);
        await AboveDefault(HttpMethod.Patch, path, Patch((minute * 4) + 1, (day * 4) + 1));
        Assert.Equal(200, (await _server.Send(HttpMethod.Patch, path, _manager, Patch(minute * 3, day * 3))).Status);
        await AboveDefault(HttpMethod.Patch, path, Patch(minute * 4, day * 4));
        Assert.Equal(201, (await _server.Send(HttpMethod.Post, Keys, platform, Body(minute + 1, day + 1))).Status);
    }

    private async Task AboveDefault(HttpMethod method, string path, object body)
    {
        var answer = await _server.Send(method, path, _manager, body);
        Assert.True(answer.Status == 422, answer.Text);
        Assert.Equal(
            ["rate_limit_per_day", "rate_limit_per_minute"],
            answer.Json.GetProperty("errors").EnumerateArray()
                .Select(error => error.GetProperty("field").GetString()).Order());
    }

    private async Task<(string Id, string Key)> Create(string kind, string role, int perMinute = 0)
    {
        var answer = await _server.Send(
            HttpMethod.Post, Keys, _manager, new { kind, role, name = "Key", rate_limit_per_minute = perMinute });
        Assert.True(answer.Status == 201, answer.Text);
        return (Text(answer, "key_id"), Text(answer, "key"));
    }

    private static string Text(Answer answer, string member) =>
        answer.Json.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : throw new InvalidOperationException($"No {member} in {answer.Text}");
}

public sealed class SqliteKeysOverHttp(SqliteServer fixture)
    : KeysOverHttpContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresKeysOverHttp(PostgresServer fixture)
    : KeysOverHttpContract(fixture), IClassFixture<PostgresServer>;
