using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Credentials;

/// <summary>Keeps OAuth clients. Only the SHA-256 of a secret is stored; the secret itself is returned once.</summary>
public sealed class OAuthClientStore(Database database, AuditTrail trail, CredentialCache cache, TimeProvider clock)
{
    /// <summary>Clients of an organization that are not revoked.</summary>
    public const int ActiveClientsMax = 1_000;

    internal const string Columns =
        "SELECT org_id, client_id, name, role, scopes, is_active, created_at, created_by, last_used";

    private const string FindOne = Columns + " FROM oauth_client WHERE client_id = @client";

    private const string FindSecret =
        Columns + ", secret_hash FROM oauth_client WHERE client_id = @client AND is_active";

    private const string ListPage = Columns + """
         FROM oauth_client WHERE org_id = @org ORDER BY created_at, client_id LIMIT @size OFFSET @offset
        """;

    private const string CountAll = "SELECT COUNT(*) FROM oauth_client WHERE org_id = @org";

    private const string CountActive = CountAll + " AND is_active";

    private const string Insert = """
        INSERT INTO oauth_client (client_id, org_id, name, secret_hash, role, scopes, is_active, created_at, created_by,
                                  last_used)
        VALUES (@client, @org, @name, @hash, @role, @scopes, TRUE, @now, @actor, NULL)
        """;

    private const string UpdateOne = """
        UPDATE oauth_client SET name = @name, role = @role, scopes = @scopes, is_active = @active
        WHERE client_id = @client
        """;

    private const string UpdateSecret = "UPDATE oauth_client SET secret_hash = @hash WHERE client_id = @client";

    private const string DeleteTokens = "DELETE FROM access_token WHERE client_id = @client";

    public Task<Paged<OAuthClientOut>> List(
        OrganizationId organization, Page page, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var total = (int)(await connection.Number(CountAll, cancellation, ("org", organization)))!.Value;
            var rows = await connection.Query(
                ListPage,
                row => OAuthClientOut.From(Read(row)),
                cancellation,
                ("org", organization),
                ("size", page.Size),
                ("offset", page.Offset));
            return new Paged<OAuthClientOut>(rows, page, total);
        },
        cancellation);

    /// <summary>The organization's client; null when it has none with this id.</summary>
    public async Task<OAuthClient?> Find(
        OrganizationId organization, ClientId client, CancellationToken cancellation)
    {
        var found = await database.Read(
            connection => connection.First(FindOne, Read, cancellation, ("client", client)), cancellation);
        return found?.Organization == organization ? found : null;
    }

    /// <summary>An active client with what is stored of its secret; null when there is none with this id.</summary>
    public Task<SecretOfClient?> FindSecretOf(ClientId client, CancellationToken cancellation) => database.Read(
        connection => connection.First(
            FindSecret, row => new SecretOfClient(Read(row), row.Bytes(9)), cancellation, ("client", client)),
        cancellation);

    /// <summary>Makes a client. Its secret is not kept: show it now.</summary>
    public Task<ClientResult> Create(
        OrganizationId organization, string name, Role role, Scopes scopes, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                if (await connection.Number(CountActive, cancellation, ("org", organization)) >= ActiveClientsMax)
                {
                    return new ClientResult(CredentialOutcome.Full);
                }

                var now = clock.GetUtcNow();
                var id = new ClientId(Guid.CreateVersion7(now));
                var made = new OAuthClient(
                    organization, id, name, role, scopes, true, Instant.Of(now), Acting.Current.Actor, null);
                var secret = CredentialFormat.Create(CredentialFormat.ClientSecret);
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("client", id),
                    ("org", organization),
                    ("name", name),
                    ("hash", CredentialFormat.Hash(secret)),
                    ("role", RoleWords.Of(role)),
                    ("scopes", ScopeWords.Of(scopes)),
                    ("now", made.CreatedAt),
                    ("actor", made.CreatedBy));
                await Record(connection, "create", null, made, cancellation);
                return new ClientResult(CredentialOutcome.Done, made, secret);
            },
            cancellation);

    /// <summary>
    /// Changes what <paramref name="change"/> makes different, unless it refuses by null. Tokens are held against their
    /// client each time they are looked up, so those that are out already follow.
    /// </summary>
    public Task<ClientResult> Change(
        OrganizationId organization,
        ClientId client,
        Func<OAuthClient, OAuthClient?> change,
        CancellationToken cancellation) => Changing(
        organization,
        client,
        async (connection, stored) =>
        {
            if (change(stored) is not { } changed)
            {
                return new ClientResult(CredentialOutcome.Refused, stored);
            }

            await Update(connection, changed, cancellation);
            await Record(connection, "change", stored, changed, cancellation);
            return new ClientResult(CredentialOutcome.Done, changed);
        },
        cancellation);

    /// <summary>Ends a client and all its tokens, for good.</summary>
    public Task<ClientResult> Revoke(
        OrganizationId organization, ClientId client, CancellationToken cancellation) => Changing(
        organization,
        client,
        async (connection, stored) =>
        {
            var revoked = stored with { IsActive = false };
            await Update(connection, revoked, cancellation);
            await connection.Execute(DeleteTokens, cancellation, ("client", client));
            await Record(connection, "revoke", stored, revoked, cancellation);
            return new ClientResult(CredentialOutcome.Done, revoked);
        },
        cancellation);

    /// <summary>A new secret; the old one is refused from now on. Tokens stay, so that nothing stops.</summary>
    public Task<ClientResult> RotateSecret(
        OrganizationId organization,
        ClientId client,
        Func<OAuthClient, bool> isAllowed,
        CancellationToken cancellation) => Changing(
        organization,
        client,
        async (connection, stored) =>
        {
            if (!isAllowed(stored))
            {
                return new ClientResult(CredentialOutcome.Refused, stored);
            }

            var secret = CredentialFormat.Create(CredentialFormat.ClientSecret);
            await connection.Execute(
                UpdateSecret, cancellation, ("client", client), ("hash", CredentialFormat.Hash(secret)));

            // Neither secret is written down; that there is another one is.
            await trail.Record(
                connection,
                organization,
                "oauth_client.rotate_secret",
                $"oauth_client:{client}",
                new { SecretIs = "the one before" },
                new { SecretIs = "a new one" },
                cancellation);
            return new ClientResult(CredentialOutcome.Done, stored, secret);
        },
        cancellation);

    internal static OAuthClient Read(DbDataReader row) => new(
        row.Id<OrganizationId>(0),
        row.Id<ClientId>(1),
        row.GetString(2),
        RoleWords.Role(row.GetString(3)),
        ScopeWords.TryParse(row.GetString(4), out var scopes) ? scopes : Scopes.None,
        row.GetBoolean(5),
        new Instant(row.GetInt64(6)),
        row.GetString(7),
        row.InstantOrNull(8));

    private static Task<int> Update(DbConnection connection, OAuthClient client, CancellationToken cancellation) =>
        connection.Execute(
            UpdateOne,
            cancellation,
            ("client", client.Id),
            ("name", client.Name),
            ("role", RoleWords.Of(client.Role)),
            ("scopes", ScopeWords.Of(client.Scopes)),
            ("active", client.IsActive));

    /// <summary>Runs a change of an active client under its lock.</summary>
    private async Task<ClientResult> Changing(
        OrganizationId organization,
        ClientId client,
        Func<DbConnection, OAuthClient, Task<ClientResult>> change,
        CancellationToken cancellation)
    {
        try
        {
            return await database.Write(
                async connection =>
                {
                    var stored = await connection.First(
                        FindOne + database.ForUpdate, Read, cancellation, ("client", client));
                    return stored?.Organization != organization ? new ClientResult(CredentialOutcome.Unknown)
                        : !stored.IsActive ? new ClientResult(CredentialOutcome.Revoked, stored)
                        : await change(connection, stored);
                },
                cancellation);
        }
        finally
        {
            cache.Changed();
        }
    }

    private Task Record(
        DbConnection connection,
        string verb,
        OAuthClient? before,
        OAuthClient after,
        CancellationToken cancellation) => trail.Record(
        connection,
        after.Organization,
        "oauth_client." + verb,
        $"oauth_client:{after.Id}",
        before is null ? null : OAuthClientOut.From(before),
        OAuthClientOut.From(after),
        cancellation);
}

/// <summary>A client with what is stored of its secret.</summary>
public sealed record SecretOfClient(OAuthClient Client, byte[] Hash);
