using Countinghouse.Access;
using Countinghouse.Support;

namespace Countinghouse.Credentials;

public abstract class BoundKeysContract(ServerFixture fixture)
{
    private const string Shop = "https://shop.example";

    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData(Shop, true)]
    [InlineData("HTTPS://Shop.Example", true)]
    [InlineData("http://shop.example", false)]
    [InlineData("https://shop.example:444", false)]
    [InlineData("https://shop.example.evil.example", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public async Task A_publishable_key_bound_to_pages_is_good_from_these_alone(string? origin, bool isGood)
    {
        var key = await NewKey(Shop, "https://www.shop.example");
        var request = CredentialWorld.Request(
            HttpMethod.Post, "ads/click", new { }, (CredentialHandler.Header, key));
        if (origin is not null)
        {
            request.Headers.TryAddWithoutValidation("Origin", origin);
        }

        var answer = await _server.Send(request);

        // What is good comes to the event, which is none.
        Assert.Equal(isGood ? 422 : 403, answer.Status);
    }

    [Fact]
    public async Task A_page_that_is_not_one_of_them_can_read_why_and_asks_first_as_ever()
    {
        var key = await NewKey(Shop);
        var asked = await _server.Send(CredentialWorld.Request(
            HttpMethod.Options,
            "ads/click",
            null,
            ("Origin", "https://evil.example"),
            ("Access-Control-Request-Method", "POST"),
            ("Access-Control-Request-Headers", "x-api-key")));
        var refused = await _server.Send(CredentialWorld.Request(
            HttpMethod.Post,
            "ads/click",
            new { },
            (CredentialHandler.Header, key),
            ("Origin", "https://evil.example")));

        Assert.Equal((204, "*"), (asked.Status, asked.Headers["Access-Control-Allow-Origin"]));
        Assert.Equal((403, "*"), (refused.Status, refused.Headers["Access-Control-Allow-Origin"]));
    }

    [Fact]
    public async Task A_key_bound_to_no_page_is_good_from_any_and_binding_it_takes_effect()
    {
        var organization = await _server.NewOrganization("Pages");
        var manager = await _server.NewKey(organization);
        var keys = $"organizations/{organization}/api-keys";
        var made = await _server.Send(
            HttpMethod.Post, keys, manager, new { kind = "cpk", role = "readonly", name = "Page" });
        var (id, key) = (
            made.Json.GetProperty("key_id").GetString(), made.Json.GetProperty("key").GetString()!);

        Assert.Equal(422, (await _server.Send(HttpMethod.Post, "ads/click", key, new { })).Status);
        var bound = await _server.Send(
            HttpMethod.Patch, $"{keys}/{id}", manager, new { allowed_origins = new[] { "https://SHOP.example" } });
        Assert.Equal("""["https://shop.example"]""", bound.Json.GetProperty("allowed_origins").GetRawText());
        Assert.Equal(403, (await _server.Send(HttpMethod.Post, "ads/click", key, new { })).Status);
    }

    [Fact]
    public async Task Your_own_keys_follow_your_memberships_up_to_their_role()
    {
        var organization = await _server.NewOrganization("Mine");
        var session = await _server.SignIn(organization, "editor");
        var path = $"organizations/{organization}";

        var made = await _server.Send(
            session, HttpMethod.Post, "users/me/api-keys", new { role = "readonly", name = "Laptop" });

        Assert.True(made.Status == 201, made.Text);
        var (id, key) = (made.Json.GetProperty("key_id").GetString(), made.Json.GetProperty("key").GetString()!);
        Assert.Equal(("csu", null, $"user:{session.User}"), (
            made.Json.GetProperty("kind").GetString(),
            made.Json.GetProperty("organization_id").GetString(),
            made.Json.GetProperty("created_by").GetString()));
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, path + "/campaigns", key)).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Post, path + "/campaigns", key, new { })).Status);
        Assert.Equal(200, (await _server.Send(
            session, HttpMethod.Patch, $"users/me/api-keys/{id}", new { role = "manager" })).Status);
        Assert.Equal(422, (await _server.Send(HttpMethod.Post, path + "/campaigns", key, new { })).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, path + "/api-keys", key)).Status);

        var rotated = await _server.Send(
            session, HttpMethod.Post, $"users/me/api-keys/{id}/rotate", new { overlap_seconds = 0 });
        Assert.Equal(201, rotated.Status);
        Assert.Equal(401, (await _server.Send(HttpMethod.Get, path, key)).Status);
        var next = rotated.Json.GetProperty("key_id").GetString();
        Assert.Equal(200, (await _server.Send(
            session, HttpMethod.Post, $"users/me/api-keys/{next}/revoke")).Status);
        Assert.Equal(401, (await _server.Send(
            HttpMethod.Get, path, rotated.Json.GetProperty("key").GetString())).Status);
        var list = await _server.Send(session, HttpMethod.Get, "users/me/api-keys");
        Assert.Equal(2, list.Json.GetProperty("pagination").GetProperty("total_count").GetInt32());
        await _server.AssertStoredNowhere(key);
    }

    [Fact]
    public async Task Your_own_keys_are_yours_alone_and_need_you_at_the_browser()
    {
        var organization = await _server.NewOrganization("Private");
        var (mine, theirs) = (
            await _server.SignIn(organization, "owner"), await _server.SignIn(organization, "owner"));
        var body = new { role = "manager", name = "Laptop" };
        var made = await _server.Send(mine, HttpMethod.Post, "users/me/api-keys", body);
        var (id, key) = (made.Json.GetProperty("key_id").GetString(), made.Json.GetProperty("key").GetString()!);

        Assert.Equal(404, (await _server.Send(
            theirs, HttpMethod.Post, $"users/me/api-keys/{id}/revoke")).Status);
        Assert.Equal(404, (await _server.Send(
            theirs, HttpMethod.Patch, $"users/me/api-keys/{id}", new { name = "Mine" })).Status);
        Assert.Equal(404, (await _server.Send(
            theirs, HttpMethod.Post, $"organizations/{organization}/api-keys/{id}/revoke")).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Post, "users/me/api-keys", key, body)).Status);
        Assert.Equal(403, (await _server.Send(
            mine with { Token = theirs.Token }, HttpMethod.Post, "users/me/api-keys", body)).Status);
        Assert.Equal(422, (await _server.Send(
            mine, HttpMethod.Post, "users/me/api-keys", new { role = "manager", name = "x", kind = "csb" })).Status);
        Assert.Equal(422, (await _server.Send(
            mine, HttpMethod.Patch, $"users/me/api-keys/{id}", new { allowed_origins = new[] { Shop } })).Status);
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, "organizations", key)).Status);
    }

    private async Task<string> NewKey(params string[] origins)
    {
        var organization = await _server.NewOrganization("Pages");
        var made = await _server.Send(
            HttpMethod.Post,
            $"organizations/{organization}/api-keys",
            await _server.NewKey(organization),
            new { kind = "cpk", role = "readonly", name = "Page", allowed_origins = origins });
        Assert.True(made.Status == 201, made.Text);
        return made.Json.GetProperty("key").GetString()!;
    }
}

public sealed class SqliteBoundKeys(SqliteServer fixture) : BoundKeysContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresBoundKeys(PostgresServer fixture)
    : BoundKeysContract(fixture), IClassFixture<PostgresServer>;

public sealed class ApiKeyRulesTests
{
    [Theory]
    [InlineData("https://shop.example", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("https://SHOP.example:8443", true)]
    [InlineData("https://192.0.2.1", true)]
    [InlineData("https://[2001:db8::1]", true)]
    [InlineData("https://xn--bcher-kva.example", true)]
    [InlineData("https://bücher.example", false)]
    [InlineData("https://shop.example/", false)]
    [InlineData("https://shop.example/path", false)]
    [InlineData("https://shop.example?x", false)]
    [InlineData("https://shop.example:443", false)]
    [InlineData("https://user@shop.example", false)]
    [InlineData("https://*.shop.example", false)]
    [InlineData("https://a b", false)]
    [InlineData("https://", false)]
    [InlineData("shop.example", false)]
    [InlineData("ftp://shop.example", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("file:///etc", false)]
    [InlineData("null", false)]
    [InlineData("*", false)]
    [InlineData("", false)]
    public void An_origin_is_what_a_browser_would_send(string text, bool isOrigin) =>
        Assert.Equal(isOrigin, ApiKeyRules.IsOrigin(text));
}
