using System.Diagnostics;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;

namespace Countinghouse.Credentials;

public abstract class OAuthContract(ServerFixture fixture) : IAsyncLifetime
{
    private const string Grant = "grant_type=client_credentials";

    private readonly TestServer _server = fixture.Server;
    private OrganizationId _organization;
    private string _manager = "";
    private TestClient _client = null!;

    private string Clients => $"organizations/{_organization}/oauth-clients";

    private string Authorization => CredentialWorld.Basic(_client.Id, _client.Secret);

    public async Task InitializeAsync()
    {
        _organization = await _server.NewOrganization("Programs");
        _manager = await _server.NewKey(_organization);
        _client = await _server.NewClient(
            _organization, _manager, "editor", "advertising:read", "campaigns:write", "revenue:read");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_gets_a_token_by_either_way_of_naming_itself(bool byBasic)
    {
        var answer = byBasic
            ? await _server.Form("token", Grant, Authorization)
            : await _server.Form("token", $"{Grant}&client_id={_client.Id}&client_secret={_client.Secret}");

        Assert.Equal((200, "no-store"), (answer.Status, answer.Headers["Cache-Control"]));
        Assert.Equal(
            ["access_token", "token_type", "expires_in", "scope"],
            answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.Equal("Bearer", answer.Json.GetProperty("token_type").GetString());
        Assert.Equal(3600, answer.Json.GetProperty("expires_in").GetInt32());
        Assert.Equal(
            "advertising:read revenue:read campaigns:write", answer.Json.GetProperty("scope").GetString());
        var token = answer.Json.GetProperty("access_token").GetString()!;
        Assert.Equal(200, (await _server.WithToken(token, HttpMethod.Get, "organizations")).Status);
        await _server.AssertStoredNowhere(token);
        await _server.AssertStoredNowhere(_client.Secret);
    }

    [Fact]
    public async Task A_token_does_what_it_was_asked_for_and_what_its_clients_role_allows()
    {
        var campaigns = $"organizations/{_organization}/campaigns";
        var shares = $"revenue-share/{_organization}";
        var body = new { name = "Tea", pricing = "cpc", bid = "0.25", budget = "100.00" };
        var reader = await _server.NewToken(_client, "advertising:read");
        var writer = await _server.NewToken(_client);

        Assert.Equal(200, (await _server.WithToken(reader, HttpMethod.Get, campaigns)).Status);
        Assert.Equal(403, (await _server.WithToken(reader, HttpMethod.Post, campaigns, body)).Status);
        Assert.Equal(201, (await _server.WithToken(writer, HttpMethod.Post, campaigns, body)).Status);

        // The scope is there, and an editor may not.
        Assert.Equal(403, (await _server.WithToken(writer, HttpMethod.Get, shares)).Status);
        var foreign = await _server.NewOrganization("Foreign");
        Assert.Equal(404, (await _server.WithToken(
            writer, HttpMethod.Get, $"organizations/{foreign}/campaigns")).Status);
    }

    [Fact]
    public async Task A_token_is_good_for_an_hour_and_then_swept()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var organization = await server.NewOrganization("Hour");
        var client = await server.NewClient(
            organization, await server.NewKey(organization), "editor", "advertising:read");
        var token = await server.NewToken(client);

        server.Clock.Now = server.Clock.Now.AddHours(1).AddMicroseconds(-1);
        Assert.Equal(200, (await server.WithToken(token, HttpMethod.Get, "organizations")).Status);
        Assert.Equal(0, await server.Get<AccessTokenStore>().Sweep(CancellationToken.None));
        server.Clock.Now = server.Clock.Now.AddMicroseconds(1);
        Assert.Equal(401, (await server.WithToken(token, HttpMethod.Get, "organizations")).Status);
        var asked = await server.Form(
            "introspect", "token=" + token, CredentialWorld.Basic(client.Id, client.Secret));
        Assert.Equal("""{"active":false}""", asked.Text);
        Assert.Equal(1, await server.Get<AccessTokenStore>().Sweep(CancellationToken.None));
    }

    [Fact]
    public async Task Every_fault_of_a_request_for_a_token_has_OAuths_own_answer()
    {
        var wrong = CredentialWorld.Basic(_client.Id, CredentialFormat.Create(CredentialFormat.ClientSecret));
        var nobody = CredentialWorld.Basic(new ClientId(NamedId.Create("test/nobody")).ToString(), _client.Secret);
        var both = $"{Grant}&client_id={_client.Id}&client_secret={_client.Secret}";
        foreach (var (status, error, form, authorization) in new (int, string, string, string?)[]
        {
            (401, "invalid_client", Grant, null),
            (401, "invalid_client", Grant, wrong),
            (401, "invalid_client", Grant, nobody),
            (401, "invalid_client", Grant, "Basic !!!"),
            (401, "invalid_client", Grant, "Basic " + Convert.ToBase64String("no colon"u8)),
            (401, "invalid_client", Grant, "Bearer " + _client.Secret),
            (401, "invalid_client", $"{Grant}&client_id={_client.Id}", null),
            (401, "invalid_client", $"{Grant}&client_id=nonsense&client_secret={_client.Secret}", null),
            (401, "invalid_client", $"{Grant}&client_id={_client.Id}&client_secret=%ff", null),
            (400, "invalid_request", $"{Grant}&client_id={_client.Id}&client_secret=%00", null),
            (400, "invalid_request", both, Authorization),
            (400, "invalid_request", $"{Grant}&client_id=other", Authorization),
            (400, "invalid_request", "", Authorization),
            (400, "invalid_request", "grant_type=", Authorization),
            (400, "invalid_request", $"{Grant}&{Grant}", Authorization),
            (400, "invalid_request", $"{Grant}&x=1&x=2", Authorization),
            (400, "invalid_request", $"{Grant}&scope={new string('a', 2_001)}", Authorization),
            (400, "invalid_request", string.Join('&', Enumerable.Range(0, 21).Select(i => $"a{i}=1")), Authorization),
            (400, "unsupported_grant_type", "grant_type=password", Authorization),
            (400, "unsupported_grant_type", "grant_type=%ff%fe", Authorization),
            (400, "invalid_scope", $"{Grant}&scope=nonsense", Authorization),
            (400, "invalid_scope", $"{Grant}&scope=%20", Authorization),
            (400, "invalid_scope", $"{Grant}&scope=advertising:read+members:write", Authorization),
        })
        {
            await _server.Form("token", form, authorization).Refused(status, error);
        }

        Assert.Equal(200, (await _server.Form("token", $"{Grant}&client_id={_client.Id}&x=1", Authorization)).Status);
    }

    [Theory]
    [InlineData("GET", null, 405)]
    [InlineData("PUT", OAuthForm.MediaType, 405)]
    [InlineData("POST", "application/json", 400)]
    [InlineData("POST", "multipart/form-data; boundary=x", 400)]
    [InlineData("POST", "nonsense", 400)]
    [InlineData("POST", null, 400)]
    public async Task Another_method_or_media_type_is_refused_in_OAuths_form(string method, string? type, int status)
    {
        foreach (var endpoint in new[] { "token", "revoke", "introspect" })
        {
            var request = CredentialWorld.Request(
                new HttpMethod(method), "/oauth/" + endpoint, null, ("Authorization", Authorization));
            if (method != "GET")
            {
                request.Content = new ByteArrayContent("grant_type=client_credentials&token=x"u8.ToArray());
                request.Content.Headers.TryAddWithoutValidation("Content-Type", type);
            }

            await _server.Send(request).Refused(status, "invalid_request");
        }
    }

    [Fact]
    public async Task Past_the_limit_of_an_address_the_answer_is_OAuths_too()
    {
        await using var server = await TestServer.Start(
            _server.Engine, configure: builder => builder.Configuration[TestServer.SignInLimit] = "2");
        var organization = await server.NewOrganization("Limited");
        var manager = await server.NewKey(organization);
        var client = await server.NewClient(organization, manager, "readonly", "advertising:read");
        var authorization = CredentialWorld.Basic(client.Id, client.Secret);

        await server.Form("token", Grant).Refused(401, "invalid_client");
        Assert.Equal(200, (await server.Form("token", Grant, authorization)).Status);
        await server.Form("token", Grant, authorization).Refused(429, "temporarily_unavailable");
        await server.Form("introspect", "token=x", authorization).Refused(429, "temporarily_unavailable");
        Assert.Equal(200, (await server.Send(HttpMethod.Get, "organizations", manager)).Status);
    }

    [Fact]
    public async Task A_client_has_so_many_tokens_and_one_more_ends_the_oldest()
    {
        await using var server = await TestServer.Start(
            _server.Engine, shared: _server.Storage, configure: b => b.Configuration["OAuth:TokensPerClientMax"] = "2");
        var tokens = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            server.Clock.Now = server.Clock.Now.AddSeconds(1);
            tokens.Add(await server.NewToken(_client));
            Assert.Equal(200, (await server.WithToken(tokens[i], HttpMethod.Get, "organizations")).Status);
        }

        Assert.Equal(401, (await server.WithToken(tokens[0], HttpMethod.Get, "organizations")).Status);
        Assert.Equal(200, (await server.WithToken(tokens[1], HttpMethod.Get, "organizations")).Status);
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => server.NewToken(_client)));
        var left = await server.Database.Read(
            connection => connection.Number(
                "SELECT COUNT(*) FROM access_token WHERE client_id = @client",
                CancellationToken.None,
                ("client", Id(_client))),
            CancellationToken.None);
        Assert.Equal(2, left);
    }

    [Fact]
    public async Task A_client_ends_its_own_tokens_and_no_others()
    {
        var other = await _server.NewClient(_organization, _manager, "readonly", "advertising:read");
        var (mine, theirs) = (await _server.NewToken(_client), await _server.NewToken(other));
        Assert.Equal(200, (await _server.WithToken(mine, HttpMethod.Get, "organizations")).Status);

        var ended = await _server.Form("revoke", $"token={mine}&token_type_hint=refresh_token", Authorization);

        Assert.Equal((200, ""), (ended.Status, ended.Text));
        Assert.Equal(401, (await _server.WithToken(mine, HttpMethod.Get, "organizations")).Status);
        Assert.Equal(200, (await _server.Form("revoke", "token=" + mine, Authorization)).Status);
        Assert.Equal(200, (await _server.Form("revoke", "token=nonsense", Authorization)).Status);

        // Another's token goes on, and the answer does not say that it is good.
        var others = await _server.Form("revoke", "token=" + theirs, Authorization);
        Assert.Equal((ended.Status, ended.Text), (others.Status, others.Text));
        await _server.Form("revoke", "token=", Authorization).Refused(400, "invalid_request");
        await _server.Form("revoke", "token=" + theirs).Refused(401, "invalid_client");
        Assert.Equal(200, (await _server.WithToken(theirs, HttpMethod.Get, "organizations")).Status);
    }

    [Fact]
    public async Task A_token_that_was_ended_is_refused_on_every_node_within_five_seconds()
    {
        await using var other = await TestServer.Start(_server.Engine, shared: _server.Storage);
        var token = await _server.NewToken(_client);
        Assert.Equal(200, (await other.WithToken(token, HttpMethod.Get, "organizations")).Status);

        Assert.Equal(200, (await _server.Form("revoke", "token=" + token, Authorization)).Status);

        var since = Stopwatch.StartNew();
        while ((await other.WithToken(token, HttpMethod.Get, "organizations")).Status != 401)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), "The other node still takes the token.");
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task A_client_sees_its_own_organizations_tokens_and_nothing_of_others()
    {
        var colleague = await _server.NewClient(_organization, _manager, "readonly", "advertising:read");
        var stranger = await _server.NewOrganization("Stranger");
        var foreign = await _server.NewClient(
            stranger, await _server.NewKey(stranger), "readonly", "advertising:read");
        var token = await _server.NewToken(_client, "advertising:read");

        var seen = await _server.Form(
            "introspect", "token=" + token, CredentialWorld.Basic(colleague.Id, colleague.Secret));
        var hidden = await _server.Form(
            "introspect", "token=" + token, CredentialWorld.Basic(foreign.Id, foreign.Secret));
        var broken = await _server.Form("introspect", "token=x%ff", Authorization);

        var now = _server.Clock.Now.ToUnixTimeSeconds();
        Assert.Equal(
            $$"""{"active":true,"scope":"advertising:read","client_id":"{{_client.Id}}","token_type":"Bearer","exp":"""
            + $$"""{{now + 3600}},"iat":{{now}},"sub":"{{_client.Id}}"}""",
            seen.Text);
        Assert.Equal("""{"active":false}""", hidden.Text);
        Assert.Equal("""{"active":false}""", broken.Text);
        Assert.Equal("no-store", seen.Headers["Cache-Control"]);
    }

    [Fact]
    public async Task What_a_client_loses_its_tokens_lose_at_once_and_revoked_it_has_none()
    {
        var token = await _server.NewToken(_client);
        var campaigns = $"organizations/{_organization}/campaigns";
        var body = new { name = "Tea", pricing = "cpc", bid = "0.25", budget = "100.00" };
        Assert.Equal(201, (await _server.WithToken(token, HttpMethod.Post, campaigns, body)).Status);

        var changed = await _server.Send(
            HttpMethod.Patch, $"{Clients}/{_client.Id}", _manager, new { scopes = new[] { "advertising:read" } });
        Assert.Equal(200, changed.Status);
        Assert.Equal("""["advertising:read"]""", changed.Json.GetProperty("scopes").GetRawText());
        Assert.Equal(403, (await _server.WithToken(token, HttpMethod.Post, campaigns, body)).Status);
        Assert.Equal(200, (await _server.WithToken(token, HttpMethod.Get, campaigns)).Status);

        Assert.Equal(200, (await _server.Send(HttpMethod.Post, $"{Clients}/{_client.Id}/revoke", _manager)).Status);
        Assert.Equal(401, (await _server.WithToken(token, HttpMethod.Get, campaigns)).Status);
        await _server.Form("token", Grant, Authorization).Refused(401, "invalid_client");
        await _server.Form("introspect", "token=" + token, Authorization).Refused(401, "invalid_client");
        Assert.Equal(200, (await _server.Send(HttpMethod.Post, $"{Clients}/{_client.Id}/revoke", _manager)).Status);
        Assert.Equal(409, (await _server.Send(
            HttpMethod.Patch, $"{Clients}/{_client.Id}", _manager, new { name = "Again" })).Status);
        Assert.Equal(
            ["oauth_client.create", "oauth_client.change", "oauth_client.revoke"],
            (await _server.Trail($"oauth_client:{_client.Id}")).Select(entry => entry.Action));
    }

    [Fact]
    public async Task A_new_secret_ends_the_old_one_and_is_shown_once()
    {
        var token = await _server.NewToken(_client);

        var answer = await _server.Send(HttpMethod.Post, $"{Clients}/{_client.Id}/rotate-secret", _manager);

        Assert.Equal((200, "no-store"), (answer.Status, answer.Headers["Cache-Control"]));
        var secret = answer.Json.GetProperty("client_secret").GetString()!;
        await _server.Form("token", Grant, Authorization).Refused(401, "invalid_client");
        Assert.Equal(200, (await _server.Form("token", Grant, CredentialWorld.Basic(_client.Id, secret))).Status);
        Assert.Equal(200, (await _server.WithToken(token, HttpMethod.Get, "organizations")).Status);
        Assert.DoesNotContain(
            "client_secret", (await _server.Send(HttpMethod.Get, Clients, _manager)).Text, StringComparison.Ordinal);
        Assert.Equal(
            "oauth_client.rotate_secret", (await _server.Trail($"oauth_client:{_client.Id}"))[^1].Action);
        await _server.AssertStoredNowhere(secret);
    }

    [Fact]
    public async Task A_token_stands_in_the_trail_with_its_client()
    {
        var token = await _server.NewToken(_client, "advertising:read");
        var known = await _server.Get<CredentialCache>().Token(token, CancellationToken.None);

        await _server.Form("revoke", "token=" + token, Authorization);

        var trail = await _server.Trail($"access_token:{new TokenId(known!.Caller.CredentialId)}");
        Assert.Equal(["access_token.create", "access_token.revoke"], trail.Select(entry => entry.Action));
        Assert.All(trail, entry => Assert.Equal($"client:{_client.Id}", entry.Actor));
    }

    [Fact]
    public async Task What_goes_wrong_in_the_program_is_said_in_OAuths_form_too()
    {
        await using var server = await TestServer.Start(_server.Engine, map: routes =>
        {
            routes.MapPost("/oauth/away", string () => throw new Npgsql.NpgsqlException("away on purpose"));
            routes.MapPost("/oauth/broken", string () => throw new InvalidOperationException("broken on purpose"));
        });

        await server.Form("away", Grant, Authorization).Refused(503, "temporarily_unavailable");
        await server.Form("broken", Grant, Authorization).Refused(500, "server_error");
        await server.Form("nothing", Grant, Authorization).Refused(404, "invalid_request");
    }

    [Fact]
    public async Task The_metadata_leads_to_the_endpoints()
    {
        var answer = await _server.Send(HttpMethod.Get, OAuthEndpoints.MetadataPath);

        var issuer = _server.Origin.ToString().TrimEnd('/');
        Assert.Equal(200, answer.Status);
        Assert.Equal(issuer, answer.Json.GetProperty("issuer").GetString());
        Assert.Equal(issuer + "/oauth/token", answer.Json.GetProperty("token_endpoint").GetString());
        Assert.Equal(issuer + "/oauth/revoke", answer.Json.GetProperty("revocation_endpoint").GetString());
        Assert.Equal(issuer + "/oauth/introspect", answer.Json.GetProperty("introspection_endpoint").GetString());
        Assert.Equal(
            ScopeWords.All,
            answer.Json.GetProperty("scopes_supported").EnumerateArray().Select(word => word.GetString()));
        await using var named = await TestServer.Start(
            _server.Engine,
            shared: _server.Storage,
            configure: builder => builder.Configuration["OAuth:Issuer"] = "https://ads.example");
        Assert.Equal("https://ads.example/oauth/token", (await named.GetJson(OAuthEndpoints.MetadataPath))
            .GetProperty("token_endpoint").GetString());
    }

    [Fact]
    public async Task Another_organizations_client_does_not_exist_and_nobody_makes_a_stronger_one()
    {
        var stranger = await _server.NewOrganization("Stranger");
        var key = await _server.NewKey(stranger);
        var path = $"organizations/{stranger}/oauth-clients/{_client.Id}";
        Assert.Equal(404, (await _server.Send(HttpMethod.Get, path, key)).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Patch, path, key, new { name = "Mine" })).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Post, path + "/revoke", key)).Status);
        Assert.Equal(404, (await _server.Send(HttpMethod.Post, path + "/rotate-secret", key)).Status);

        var manager = await _server.NewClient(
            _organization, _manager, "manager", "members:write", "advertising:read");
        var token = await _server.NewToken(manager);
        object Wanted(string role, params string[] scopes) => new { name = "Wanted", role, scopes };
        Assert.Equal(201, (await _server.WithToken(
            token, HttpMethod.Post, Clients, Wanted("manager", "advertising:read"))).Status);
        Assert.Equal(403, (await _server.WithToken(
            token, HttpMethod.Post, Clients, Wanted("editor", "campaigns:write"))).Status);
        Assert.Equal(403, (await _server.WithToken(
            token, HttpMethod.Post, Clients, Wanted("readonly", "events:write"))).Status);
        Assert.Equal(403, (await _server.WithToken(
            token, HttpMethod.Post, $"{Clients}/{_client.Id}/rotate-secret")).Status);
        var unknown = await _server.Send(HttpMethod.Post, Clients, _manager, Wanted("editor", "nonsense"));
        Assert.Equal(422, unknown.Status);
        Assert.Equal("scopes[0]", unknown.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    private static ClientId Id(TestClient client) =>
        ShortUuid.TryParse(client.Id, out var id) ? new ClientId(id) : throw new InvalidOperationException(client.Id);
}

public sealed class SqliteOAuth(SqliteServer fixture) : OAuthContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresOAuth(PostgresServer fixture) : OAuthContract(fixture), IClassFixture<PostgresServer>;
