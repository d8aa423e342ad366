using Countinghouse.Credentials;
using System.Diagnostics;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Access;

public abstract class ApiKeyContract(ServerFixture fixture)
{
    private const string Keyed = "organizations";

    private readonly TestServer _server = fixture.Server;

    private ApiKeyStore Store => _server.Get<ApiKeyStore>();

    private CredentialStore Credentials => _server.Get<CredentialStore>();

    [Fact]
    public async Task A_new_key_is_found_by_its_hash_with_all_that_was_said_of_it()
    {
        var organization = await _server.NewOrganization("Keys");
        var expires = new Instant(Instant.Of(_server.Clock.Now).Micros + 1_000_000);
        var made = await Store.Create(
            new NewApiKey(organization, KeyKind.Cpk, Role.Editor, "shop", expires, 7, 70)
            {
                AllowedOrigins = ["https://shop.example"],
            },
            CancellationToken.None);
        var (id, key) = (made.Stored!.Id, made.Key);

        var found = await Credentials.Key(CredentialFormat.Hash(key), CancellationToken.None);

        Assert.Equal((CredentialKind.Cpk, id.Value), (found!.Caller.Kind, found.Caller.CredentialId));
        Assert.Equal(new Membership(organization, false, Role.Editor), Assert.Single(found.Caller.Memberships));
        Assert.Equal((expires, 7, 70), (found.EndsAt, found.PerMinute, found.PerDay));
        Assert.Equal(["https://shop.example"], found.Caller.Origins);
        var stored = Assert.Single(await Store.List(organization, CancellationToken.None));
        Assert.Equal((organization, id, KeyKind.Cpk, Role.Editor, "shop"), (
            stored.Owner.Organization, stored.Id, stored.Kind, stored.Role, stored.Name));
        Assert.Equal((true, expires, (Instant?)null, 7, 70, Instant.Of(_server.Clock.Now)), (
            stored.IsActive, stored.ExpiresAt, stored.LastUsed, stored.RateLimitPerMinute, stored.RateLimitPerDay,
            stored.CreatedAt));
        Assert.Null(await Credentials.Key(CredentialFormat.Hash(key + "x"), CancellationToken.None));
    }

    [Fact]
    public async Task The_key_itself_is_stored_nowhere()
    {
        var key = await _server.NewKey(await _server.NewOrganization("Secret"));
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, Keyed, key)).Status);

        foreach (var table in await _server.Database.Tables())
        {
            var texts = await _server.Database.Read(
                c => c.Query(
                    $"SELECT * FROM {table}",
                    row => Enumerable.Range(0, row.FieldCount).Select(column => row[column]).OfType<string>().ToList(),
                    CancellationToken.None),
                CancellationToken.None);
            Assert.DoesNotContain(texts.SelectMany(row => row), text => text.Contains(key[4..36]));
        }

        Assert.DoesNotContain(key[4..36], _server.Log.ToString());
    }

    [Fact]
    public async Task A_key_with_a_bad_checksum_is_refused_without_a_look_into_the_database()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var key = ApiKeyFormat.Create(KeyKind.Csb);
        var broken = key[..^1] + (key[^1] == '0' ? '1' : '0');
        await server.Database.Write(
            c => c.Execute("DROP TABLE api_key", CancellationToken.None), CancellationToken.None);

        var refused = await server.Send(HttpMethod.Get, Keyed, broken);
        var looked = await server.Send(HttpMethod.Get, Keyed, key);

        Assert.Equal(401, refused.Status);
        Assert.NotEqual(401, looked.Status);
    }

    [Fact]
    public async Task A_key_nobody_has_is_refused()
    {
        var answer = await _server.Send(HttpMethod.Get, Keyed, ApiKeyFormat.Create(KeyKind.Csb));

        Assert.Equal(401, answer.Status);
        Assert.Contains("ApiKey", answer.Headers["WWW-Authenticate"]);
        Assert.Equal("unauthorized", answer.Json.GetProperty("error_code").GetString());
    }

    [Fact]
    public async Task A_key_is_good_until_the_moment_it_expires()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var expires = new Instant(Instant.Of(server.Clock.Now).Micros + 60_000_000);
        var key = await server.NewKey(await server.NewOrganization("Short"), expires: expires);

        server.Clock.Now = expires.ToTime().AddMicroseconds(-1);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, Keyed, key)).Status);
        server.Clock.Now = expires.ToTime();
        Assert.Equal(401, (await server.Send(HttpMethod.Get, Keyed, key)).Status);
    }

    [Fact]
    public async Task A_revoked_key_is_refused_on_every_node_within_five_seconds()
    {
        await using var other = await TestServer.Start(_server.Engine, shared: _server.Storage);
        var organization = await _server.NewOrganization("Revoked");
        var key = await _server.NewKey(organization);
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, Keyed, key)).Status);
        Assert.Equal(200, (await other.Send(HttpMethod.Get, Keyed, key)).Status);
        var id = Assert.Single(await Store.List(organization, CancellationToken.None)).Id;

        Assert.Equal(
            CredentialOutcome.Done, (await Store.Revoke(organization, id, CancellationToken.None)).Outcome);
        var since = Stopwatch.StartNew();
        while ((await other.Send(HttpMethod.Get, Keyed, key)).Status != 401)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), "The other node still takes the revoked key.");
            await Task.Delay(100);
        }

        Assert.Equal(
            CredentialOutcome.Revoked, (await Store.Revoke(organization, id, CancellationToken.None)).Outcome);
        Assert.False(Assert.Single(await Store.List(organization, CancellationToken.None)).IsActive);
    }

    [Fact]
    public async Task The_last_use_is_noted_once_and_never_goes_back()
    {
        var organization = await _server.NewOrganization("Used");
        await _server.NewKey(organization);
        var id = Assert.Single(await Store.List(organization, CancellationToken.None)).Id;
        var (early, late) = (new Instant(1_000), new Instant(2_000));

        await Credentials.RecordUse([(CredentialKind.Csb, id.Value, late)], CancellationToken.None);
        await Credentials.RecordUse([(CredentialKind.Csb, id.Value, early)], CancellationToken.None);

        Assert.Equal(late, Assert.Single(await Store.List(organization, CancellationToken.None)).LastUsed);
    }

    [Fact]
    public async Task The_last_use_is_written_when_the_server_stops_and_not_by_each_request()
    {
        var server = await TestServer.Start(_server.Engine, shared: _server.Storage);
        var organization = await server.NewOrganization("Stopping");
        var key = await server.NewKey(organization);
        Assert.Equal(200, (await server.Send(HttpMethod.Get, Keyed, key)).Status);
        Assert.Null(Assert.Single(await Store.List(organization, CancellationToken.None)).LastUsed);

        await server.DisposeAsync();

        Assert.Equal(
            Instant.Of(server.Clock.Now),
            Assert.Single(await Store.List(organization, CancellationToken.None)).LastUsed);
    }

    [Fact]
    public async Task Two_keys_at_once_are_no_key()
    {
        var key = await _server.NewKey(await _server.NewOrganization("Twice"));
        var request = new HttpRequestMessage(HttpMethod.Get, Keyed);
        request.Headers.Add(CredentialHandler.Header, [key, key]);

        Assert.Equal(401, (await _server.Send(request)).Status);
    }

    [Fact]
    public async Task The_first_credential_decides_even_if_a_later_one_would_do()
    {
        var key = await _server.NewKey(await _server.NewOrganization("First"));
        Assert.Equal(200, await With(("X-API-Key", key), ("Authorization", "Bearer nonsense")));
        Assert.Equal(200, await With(("X-API-Key", key), ("Cookie", "sessionid=nonsense")));
        Assert.Equal(401, await With(("X-API-Key", "nonsense"), ("Cookie", "sessionid=nonsense")));
        Assert.Equal(401, await With(("Authorization", "Bearer nonsense")));
        Assert.Equal(401, await With(("Cookie", "sessionid=nonsense")));
    }

    [Fact]
    public async Task A_bad_credential_is_refused_also_where_none_is_needed()
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "ads/click") { Content = new StringContent("{}") };
        request.Headers.Add(CredentialHandler.Header, "nonsense");

        Assert.Equal(401, (await _server.Send(request)).Status);
    }

    private async Task<int> With(params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, Keyed);
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return (await _server.Send(request)).Status;
    }
}

public sealed class SqliteApiKeys(SqliteServer fixture) : ApiKeyContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresApiKeys(PostgresServer fixture) : ApiKeyContract(fixture), IClassFixture<PostgresServer>;
