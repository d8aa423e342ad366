using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Countinghouse.Credentials;

/// <summary>What the tests of keys, clients and tokens ask of a server.</summary>
internal static class CredentialWorld
{
    public static HttpRequestMessage Request(
        HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(
                JsonSerializer.Serialize(body, WireJson.Options), Encoding.UTF8, "application/json");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    public static Task<Answer> WithToken(
        this TestServer server, string token, HttpMethod method, string path, object? body = null) =>
        server.Send(Request(method, path, body, ("Authorization", "Bearer " + token)));

    /// <summary>Sends a form to an OAuth endpoint.</summary>
    public static Task<Answer> Form(
        this TestServer server, string endpoint, string form, string? authorization = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/oauth/" + endpoint)
        {
            Content = new StringContent(form, new MediaTypeHeaderValue(OAuthForm.MediaType)),
        };
        if (authorization is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        }

        return server.Send(request);
    }

    public static string Basic(string id, string secret) =>
        "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{id}:{secret}"));

    /// <summary>A client made over the API by a manager of the organization.</summary>
    public static async Task<TestClient> NewClient(
        this TestServer server, OrganizationId organization, string manager, string role, params string[] scopes)
    {
        var answer = await server.Send(
            HttpMethod.Post,
            $"organizations/{organization}/oauth-clients",
            manager,
            new { name = "Sync", role, scopes });
        Assert.True(answer.Status == 201, answer.Text);
        return new TestClient(
            organization,
            answer.Json.GetProperty("client_id").GetString()!,
            answer.Json.GetProperty("client_secret").GetString()!);
    }

    public static async Task<string> NewToken(this TestServer server, TestClient client, string? scope = null)
    {
        var answer = await server.Form(
            "token", "grant_type=client_credentials" + (scope is null ? "" : "&scope=" + Uri.EscapeDataString(scope)),
            Basic(client.Id, client.Secret));
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("access_token").GetString()!;
    }

    public static async Task Refused(this Task<Answer> sent, int status, string error)
    {
        var answer = await sent;
        Assert.Equal((status, error), (
            answer.Status, answer.Json.TryGetProperty("error", out var code) ? code.GetString() : answer.Text));
        Assert.Equal(["error", "error_description"], answer.Json.EnumerateObject().Select(member => member.Name));
        Assert.StartsWith("application/json", answer.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Contains("no-store", answer.Headers["Cache-Control"], StringComparison.Ordinal);
        Assert.Equal(status == 401, answer.Headers.ContainsKey("WWW-Authenticate"));
        Assert.Equal(status is 429 or 503, answer.Headers.ContainsKey("Retry-After"));
        Assert.Matches(@"^[\x20-\x21\x23-\x5B\x5D-\x7E]+$", answer.Json.GetProperty("error_description").GetString());
    }

    /// <summary>What the trail has of a thing: actions with what they changed.</summary>
    public static Task<List<(string Action, string Actor, string Before, string After)>> Trail(
        this TestServer server, string subject) => server.Database.Read(
        connection => connection.Query(
            """
            SELECT action, actor, before_json, after_json FROM audit_entry WHERE subject = @subject
            ORDER BY org_id, entry_no
            """,
            row => (row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3)),
            CancellationToken.None,
            ("subject", subject)),
        CancellationToken.None);

    /// <summary>Fails if any text or byte string of the database, or the log, has the secret's random part.</summary>
    public static async Task AssertStoredNowhere(this TestServer server, string secret)
    {
        var body = secret[4..36];
        foreach (var table in await server.Database.Tables())
        {
            var rows = await server.Database.Read(
                connection => connection.Query(
                    $"SELECT * FROM {table}",
                    row => string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column => row[column] switch
                    {
                        byte[] bytes => Encoding.UTF8.GetString(bytes),
                        var value => value.ToString(),
                    })),
                    CancellationToken.None),
                CancellationToken.None);
            Assert.DoesNotContain(rows, row => row.Contains(body, StringComparison.Ordinal));
        }

        Assert.DoesNotContain(body, server.Log.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Somebody signed in with a browser: a member of the organization, with cookie and token.</summary>
    public static async Task<TestSession> SignIn(this TestServer server, OrganizationId organization, string role)
    {
        var user = new UserId(Guid.CreateVersion7(server.Clock.Now));
        var session = CredentialFormat.Create(CredentialFormat.Session);
        var now = Instant.Of(server.Clock.Now);
        await server.Database.Write(
            connection => connection.ExecuteAll(
                [
                    ("""
                    INSERT INTO app_user (user_id, email, name, totp_is_on, totp_last_step, failed_count, created_at)
                    VALUES (@user, @email, 'Ann', FALSE, 0, 0, @now)
                    """, [("user", user), ("email", user + "@example.com"), ("now", now)]),
                    ("""
                    INSERT INTO membership (org_id, user_id, role, created_at) VALUES (@org, @user, @role, @now)
                    """, [("org", organization), ("user", user), ("role", role), ("now", now)]),
                    ("""
                    INSERT INTO user_session (session_id, hash, user_id, created_at, last_seen_at, expires_at)
                    VALUES (@session, @hash, @user, @now, @now, @end)
                    """,
                    [
                        ("session", user), ("hash", CredentialFormat.Hash(session)), ("user", user),
                        ("now", now), ("end", now + TimeSpan.FromHours(12)),
                    ]),
                ],
                CancellationToken.None),
            CancellationToken.None);

        var known = await server.Get<CredentialCache>().Session(session, CancellationToken.None);
        var context = new DefaultHttpContext { RequestServices = server.Services, User = known!.Principal };
        var tokens = server.Get<IAntiforgery>().GetAndStoreTokens(context);
        return new TestSession(
            user, $"sessionid={session}; antiforgery={tokens.CookieToken}", tokens.RequestToken!);
    }

    public static Task<Answer> Send(
        this TestServer server, TestSession session, HttpMethod method, string path, object? body = null) =>
        server.Send(Request(
            method, path, body, ("Cookie", session.Cookie), (AccessSetup.AntiforgeryHeader, session.Token)));
}

internal sealed record TestClient(OrganizationId Organization, string Id, string Secret);

internal sealed record TestSession(UserId User, string Cookie, string Token);
