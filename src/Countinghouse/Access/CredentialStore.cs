using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Access;

/// <summary>A credential that was found, and until when it is good if nobody revokes it.</summary>
public sealed record FoundCredential(Caller Caller, Instant? EndsAt, int PerMinute = 0, int PerDay = 0);

/// <summary>Finds whose credential a hash is: key, access token or session; one or two look-ups by key.</summary>
public sealed class CredentialStore(Database database, IOptions<AccessOptions> options)
{
    private const string FindKey = """
        SELECT k.key_id, k.kind, k.role, k.org_id, o.is_operator, k.user_id, k.expires_at, k.rate_limit_per_minute,
               k.rate_limit_per_day, k.allowed_origins
        FROM api_key k LEFT JOIN organization o ON o.org_id = k.org_id
        WHERE k.hash = @hash AND k.is_active
        """;

    private const string FindToken = """
        SELECT t.token_id, t.client_id, c.role, c.org_id, o.is_operator, t.scopes, t.expires_at, c.scopes
        FROM access_token t JOIN oauth_client c ON c.client_id = t.client_id JOIN organization o ON o.org_id = c.org_id
        WHERE t.hash = @hash AND c.is_active
        """;

    private const string FindSession = """
        SELECT session_id, user_id, last_seen_at, expires_at FROM user_session WHERE hash = @hash
        """;

    private const string FindMemberships = """
        SELECT m.org_id, o.is_operator, m.role
        FROM membership m JOIN organization o ON o.org_id = m.org_id
        WHERE m.user_id = @user ORDER BY m.created_at, m.org_id
        """;

    private const string TouchKey = """
        UPDATE api_key SET last_used = @at WHERE key_id = @id AND (last_used IS NULL OR last_used < @at)
        """;

    private const string TouchClient = """
        UPDATE oauth_client SET last_used = @at WHERE client_id = @id AND (last_used IS NULL OR last_used < @at)
        """;

    private const string TouchSession = """
        UPDATE user_session SET last_seen_at = @at WHERE session_id = @id AND last_seen_at < @at
        """;

    /// <summary>The key that has the hash; null when there is none or it is revoked.</summary>
    public Task<FoundCredential?> Key(byte[] hash, CancellationToken cancellation) => database.Read(
        async connection =>
        {
            var found = await connection.First(
                FindKey,
                row => new
                {
                    Id = row.GetGuid(0),
                    Kind = row.GetString(1) switch
                    {
                        "csb" => CredentialKind.Csb,
                        "csu" => CredentialKind.Csu,
                        _ => CredentialKind.Cpk,
                    },
                    Role = RoleWords.Role(row.GetString(2)),
                    Organization = row.IdOrNull<OrganizationId>(3),
                    IsOperator = !row.IsDBNull(4) && row.GetBoolean(4),
                    User = row.IdOrNull<UserId>(5),
                    EndsAt = row.InstantOrNull(6),
                    PerMinute = row.GetInt32(7),
                    PerDay = row.GetInt32(8),
                    Origins = row.GetString(9),
                },
                cancellation,
                ("hash", hash));
            if (found is null)
            {
                return null;
            }

            var caller = new Caller
            {
                Kind = found.Kind,
                CredentialId = found.Id,
                User = found.User,
                Memberships = found.Organization is { } organization
                    ? [new Membership(organization, found.IsOperator, found.Role)]
                    : await Memberships(connection, found.User!.Value, cancellation),
                Cap = found.User is null ? null : found.Role,
                Origins = found.Origins.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            };
            return new FoundCredential(caller, found.EndsAt, found.PerMinute, found.PerDay);
        },
        cancellation);

    /// <summary>The access token that has the hash; null when there is none.</summary>
    public Task<FoundCredential?> Token(byte[] hash, CancellationToken cancellation) => database.Read(
        connection => connection.First(
            FindToken,
            row => new FoundCredential(
                new Caller
                {
                    Kind = CredentialKind.Token,
                    CredentialId = row.GetGuid(0),
                    Client = row.Id<ClientId>(1),
                    Memberships =
                    [
                        new Membership(row.Id<OrganizationId>(3), row.GetBoolean(4), RoleWords.Role(row.GetString(2))),
                    ],

                    // What the client lost meanwhile, its tokens have lost too.
                    Scopes = Scopes(row.GetString(5)) & Scopes(row.GetString(7)),
                },
                new Instant(row.GetInt64(6))),
            cancellation,
            ("hash", hash)),
        cancellation);

    /// <summary>The session that has the hash; null when there is none.</summary>
    public Task<FoundCredential?> Session(byte[] hash, CancellationToken cancellation) => database.Read(
        async connection =>
        {
            var found = await connection.First(
                FindSession,
                row => new
                {
                    Id = row.GetGuid(0),
                    User = row.Id<UserId>(1),
                    SeenAt = new Instant(row.GetInt64(2)),
                    EndsAt = new Instant(row.GetInt64(3)),
                },
                cancellation,
                ("hash", hash));
            if (found is null)
            {
                return null;
            }

            var idle = found.SeenAt + TimeSpan.FromMinutes(options.Value.SessionIdleMinutes);
            var caller = new Caller
            {
                Kind = CredentialKind.Session,
                CredentialId = found.Id,
                User = found.User,
                Memberships = await Memberships(connection, found.User, cancellation),
            };
            return new FoundCredential(caller, idle < found.EndsAt ? idle : found.EndsAt);
        },
        cancellation);

    /// <summary>Notes when credentials were last used.</summary>
    public Task RecordUse(
        IEnumerable<(CredentialKind Kind, Guid Id, Instant At)> uses, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            // Sorted, so that two nodes never wait for each other's rows crosswise.
            foreach (var (kind, id, at) in uses.OrderBy(use => use.Id))
            {
                await connection.Execute(
                    kind switch
                    {
                        CredentialKind.Token => TouchClient,
                        CredentialKind.Session => TouchSession,
                        CredentialKind.Csb or CredentialKind.Csu or CredentialKind.Cpk => TouchKey,
                    },
                    cancellation,
                    ("id", id),
                    ("at", at));
            }
        },
        cancellation);

    private static Scopes Scopes(string words) =>
        ScopeWords.TryParse(words, out var scopes) ? scopes : Access.Scopes.None;

    private static async Task<IReadOnlyList<Membership>> Memberships(
        DbConnection connection, UserId user, CancellationToken cancellation) => await connection.Query(
        FindMemberships,
        row => new Membership(row.Id<OrganizationId>(0), row.GetBoolean(1), RoleWords.Role(row.GetString(2))),
        cancellation,
        ("user", user));
}
