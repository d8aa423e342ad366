using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;

namespace Countinghouse.Support;

/// <summary>What a signed-in browser sends along.</summary>
public sealed record SignedInBrowser(SessionId SessionId, string Cookies, string AntiforgeryToken)
{
    public void Sign(HttpRequestMessage request)
    {
        request.Headers.Add("Cookie", Cookies);
        request.Headers.Add(AccessSetup.AntiforgeryHeader, AntiforgeryToken);
    }
}

/// <summary>
/// People, sessions and tokens put into the database as rows, for tests of what they may do; how they come about is
/// tested where it is built.
/// </summary>
public static class SignedIn
{
    private const string InsertUser = """
        INSERT INTO app_user (user_id, email, name, password_hash, totp_secret, totp_is_on, totp_last_step,
                              failed_count, locked_until, created_at)
        VALUES (@user, @email, 'Somebody', NULL, NULL, FALSE, 0, 0, NULL, @now)
        """;

    private const string InsertMembership = """
        INSERT INTO membership (org_id, user_id, role, created_at) VALUES (@org, @user, @role, @now)
        ON CONFLICT (org_id, user_id) DO NOTHING
        """;

    private const string InsertSession = """
        INSERT INTO user_session (session_id, hash, user_id, created_at, last_seen_at, expires_at)
        VALUES (@session, @hash, @user, @now, @now, @end)
        """;

    private const string InsertClient = """
        INSERT INTO oauth_client (client_id, org_id, name, secret_hash, role, scopes, is_active, created_at, created_by,
                                  last_used)
        VALUES (@client, @org, 'Client', @hash, @role, @scopes, TRUE, @now, 'test', NULL)
        """;

    private const string InsertToken = """
        INSERT INTO access_token (token_id, hash, client_id, scopes, created_at, expires_at)
        VALUES (@token, @hash, @client, @scopes, @now, @end)
        """;

    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>A user with a part in some organizations.</summary>
    public static async Task<UserId> NewUser(
        this TestServer server, params (OrganizationId Organization, Role Role)[] parts)
    {
        var user = new UserId(Guid.CreateVersion7(server.Clock.Now));
        var now = Instant.Of(server.Clock.Now);
        await server.Database.Write(
            async connection =>
            {
                await connection.Execute(
                    InsertUser,
                    CancellationToken.None,
                    ("user", user),
                    ("email", $"{user}@example.com".ToLowerInvariant()),
                    ("now", now));
                foreach (var (organization, role) in parts)
                {
                    await connection.Execute(
                        InsertMembership,
                        CancellationToken.None,
                        ("org", organization),
                        ("user", user),
                        ("role", RoleWords.Of(role)),
                        ("now", now));
                }
            },
            CancellationToken.None);
        return user;
    }

    /// <summary>A browser in which the user has just signed in.</summary>
    public static async Task<SignedInBrowser> NewSession(this TestServer server, UserId user)
    {
        var session = new SessionId(Guid.CreateVersion7(server.Clock.Now));
        var secret = CredentialFormat.Create(CredentialFormat.Session);
        var now = Instant.Of(server.Clock.Now);
        await server.Database.Write(
            connection => connection.Execute(
                InsertSession,
                CancellationToken.None,
                ("session", session),
                ("hash", CredentialFormat.Hash(secret)),
                ("user", user),
                ("now", now),
                ("end", now + Lifetime)),
            CancellationToken.None);
        var found = await server.Get<CredentialStore>().Session(CredentialFormat.Hash(secret), CancellationToken.None);
        var tokens = server.Get<IAntiforgery>().GetTokens(new DefaultHttpContext
        {
            RequestServices = server.Services,
            User = KnownCaller.From(found!).Principal,
        });
        return new SignedInBrowser(
            session,
            $"{CredentialHandler.SessionCookie}={secret}; antiforgery={tokens.CookieToken}",
            tokens.RequestToken!);
    }

    /// <summary>An access token of a new client.</summary>
    public static async Task<string> NewToken(
        this TestServer server, OrganizationId organization, Role role, Scopes scopes)
    {
        var (client, token) = (new ClientId(Guid.CreateVersion7(server.Clock.Now)),
            CredentialFormat.Create(CredentialFormat.Token));
        var now = Instant.Of(server.Clock.Now);
        await server.Database.Write(
            async connection =>
            {
                await connection.Execute(
                    InsertClient,
                    CancellationToken.None,
                    ("client", client),
                    ("org", organization),
                    ("hash", CredentialFormat.Hash(CredentialFormat.Create(CredentialFormat.ClientSecret))),
                    ("role", RoleWords.Of(role)),
                    ("scopes", ScopeWords.Of(scopes)),
                    ("now", now));
                await connection.Execute(
                    InsertToken,
                    CancellationToken.None,
                    ("token", new TokenId(Guid.CreateVersion7(server.Clock.Now))),
                    ("hash", CredentialFormat.Hash(token)),
                    ("client", client),
                    ("scopes", ScopeWords.Of(scopes)),
                    ("now", now),
                    ("end", now + Lifetime));
            },
            CancellationToken.None);
        return token;
    }
}
