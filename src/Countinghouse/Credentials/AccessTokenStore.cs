using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Credentials;

/// <summary>A token that is out.</summary>
/// <param name="Id">The token's id; it is no secret.</param>
/// <param name="Client">Whose it is.</param>
/// <param name="Scopes">What it may be used for: of what it was asked for, what its client may still do.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record AccessToken(
    TokenId Id, OAuthClient Client, Scopes Scopes, Instant CreatedAt, Instant ExpiresAt);

/// <summary>Keeps access tokens, by their hash alone.</summary>
public sealed class AccessTokenStore(
    Database database,
    AuditTrail trail,
    CredentialCache cache,
    IOptions<AccessOptions> access,
    IOptions<OAuthOptions> options,
    TimeProvider clock)
{
    // Held until the commit: of two tokens at once, neither may forget to count the other, nor outlive a revocation.
    private const string LockClient = "SELECT client_id FROM oauth_client WHERE client_id = @client AND is_active";

    // No client has more than so many tokens (OAuthOptions), but SQLite wants a LIMIT before an OFFSET.
    private const string DeleteOldest = """
        DELETE FROM access_token WHERE token_id IN (
            SELECT token_id FROM access_token WHERE client_id = @client
            ORDER BY created_at DESC, token_id DESC LIMIT 1000000 OFFSET @kept)
        """;

    private const string Insert = """
        INSERT INTO access_token (token_id, hash, client_id, scopes, created_at, expires_at)
        VALUES (@token, @hash, @client, @scopes, @now, @end)
        """;

    private const string FindOne = OAuthClientStore.Columns + """
        , token_id, token_scopes, token_created_at, expires_at
        FROM oauth_client JOIN (
            SELECT token_id, client_id AS of_client, scopes AS token_scopes, created_at AS token_created_at, expires_at
            FROM access_token WHERE hash = @hash) token ON of_client = client_id
        WHERE is_active AND expires_at > @now
        """;

    private const string DeleteOne = "DELETE FROM access_token WHERE token_id = @token";

    private const string DeleteEnded = "DELETE FROM access_token WHERE expires_at <= @now";

    /// <summary>How long a new token is good.</summary>
    public TimeSpan Lifetime => TimeSpan.FromMinutes(access.Value.TokenMinutes);

    /// <summary>A new token, shown to nobody else; null when the client was revoked meanwhile.</summary>
    public async Task<string?> Issue(OAuthClient client, Scopes scopes, CancellationToken cancellation)
    {
        var (token, deleted) = await database.Write(
            async connection =>
            {
                var locked = await connection.First(
                    LockClient + database.ForUpdate, row => row.GetGuid(0).ToString(), cancellation,
                    ("client", client.Id));
                if (locked is null)
                {
                    return (null, 0);
                }

                var time = clock.GetUtcNow();
                var now = Instant.Of(time);
                var oldest = await connection.Execute(
                    DeleteOldest, cancellation, ("client", client.Id), ("kept", options.Value.TokensPerClientMax - 1));
                var text = CredentialFormat.Create(CredentialFormat.Token);
                var id = new TokenId(Guid.CreateVersion7(time));
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("token", id),
                    ("hash", CredentialFormat.Hash(text)),
                    ("client", client.Id),
                    ("scopes", ScopeWords.Of(scopes)),
                    ("now", now),
                    ("end", now + Lifetime));
                await trail.Record(
                    connection,
                    client.Organization,
                    "access_token.create",
                    $"access_token:{id}",
                    null,
                    new { ClientId = client.Id, Scope = ScopeWords.Of(scopes), ExpiresAt = now + Lifetime },
                    cancellation);
                return ((string?)text, oldest);
            },
            cancellation);
        if (deleted > 0)
        {
            cache.Changed();
        }

        return token;
    }

    /// <summary>The token of that text if it is good now.</summary>
    public async Task<AccessToken?> Find(string token, CancellationToken cancellation) =>
        CredentialFormat.IsWellFormed(token, CredentialFormat.Token)
            ? await database.Read(
                connection => connection.First(
                    FindOne,
                    row =>
                    {
                        var client = OAuthClientStore.Read(row);
                        var scopes = ScopeWords.TryParse(row.GetString(10), out var asked) ? asked : Scopes.None;
                        return new AccessToken(
                            row.Id<TokenId>(9),
                            client,
                            scopes & client.Scopes,
                            new Instant(row.GetInt64(11)),
                            new Instant(row.GetInt64(12)));
                    },
                    cancellation,
                    ("hash", CredentialFormat.Hash(token)),
                    ("now", Instant.Of(clock.GetUtcNow()))),
                cancellation)
            : null;

    /// <summary>Ends a token.</summary>
    public async Task Revoke(AccessToken token, CancellationToken cancellation)
    {
        try
        {
            await database.Write(
                async connection =>
                {
                    if (await connection.Execute(DeleteOne, cancellation, ("token", token.Id)) > 0)
                    {
                        await trail.Record(
                            connection,
                            token.Client.Organization,
                            "access_token.revoke",
                            $"access_token:{token.Id}",
                            new { ClientId = token.Client.Id, Scope = ScopeWords.Of(token.Scopes), token.ExpiresAt },
                            null,
                            cancellation);
                    }
                },
                cancellation);
        }
        finally
        {
            cache.Changed();
        }
    }

    /// <summary>Deletes what has ended; how many there were.</summary>
    public Task<int> Sweep(CancellationToken cancellation) => database.Write(
        connection => connection.Execute(DeleteEnded, cancellation, ("now", Instant.Of(clock.GetUtcNow()))),
        cancellation);
}
