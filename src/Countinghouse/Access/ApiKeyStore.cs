using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>An API key as stored: everything but the key.</summary>
public sealed record ApiKey(
    OrganizationId? Organization,
    UserId? User,
    KeyId Id,
    KeyKind Kind,
    Role Role,
    string Name,
    bool IsActive,
    Instant? ExpiresAt,
    Instant? LastUsed,
    int RateLimitPerMinute,
    int RateLimitPerDay,
    Instant CreatedAt);

/// <summary>What a new key is to be; limits of 0 mean the default of its kind.</summary>
public sealed record NewApiKey(
    OrganizationId Organization,
    KeyKind Kind,
    Role Role,
    string Name,
    Instant? ExpiresAt = null,
    int RateLimitPerMinute = 0,
    int RateLimitPerDay = 0);

/// <summary>
/// Keeps API keys. Only the SHA-256 of a key is stored; the key itself is returned once, at its creation.
/// </summary>
public sealed class ApiKeyStore(Database database, AuditTrail trail, TimeProvider clock)
{
    private const string Columns = """
        SELECT org_id, user_id, key_id, kind, role, name, is_active, expires_at, last_used, rate_limit_per_minute,
               rate_limit_per_day, created_at
        FROM api_key
        """;

    private const string FindOne = Columns + " WHERE key_id = @key";

    private const string ListByOrganization = Columns + " WHERE org_id = @org ORDER BY created_at, key_id";

    private const string Insert = """
        INSERT INTO api_key (org_id, key_id, kind, role, name, hash, is_active, expires_at, last_used,
                             rate_limit_per_minute, rate_limit_per_day, created_at)
        VALUES (@org, @key, @kind, @role, @name, @hash, TRUE, @expires, NULL, @minute, @day, @now)
        """;

    private const string Deactivate = "UPDATE api_key SET is_active = FALSE WHERE key_id = @key AND is_active";

    public Task<List<ApiKey>> List(OrganizationId organization, CancellationToken cancellation) => database.Read(
        connection => connection.Query(ListByOrganization, Read, cancellation, ("org", organization)), cancellation);

    /// <summary>Makes a key. The text is not kept: show it to its owner now.</summary>
    public async Task<(KeyId Id, string Key)> Create(NewApiKey wanted, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var id = new KeyId(Guid.CreateVersion7(now));
        var key = ApiKeyFormat.Create(wanted.Kind);
        await database.Write(
            async connection =>
            {
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("org", wanted.Organization),
                    ("key", id),
                    ("kind", ApiKeyFormat.Prefix(wanted.Kind)),
                    ("role", RoleWords.Of(wanted.Role)),
                    ("name", wanted.Name),
                    ("hash", CredentialFormat.Hash(key)),
                    ("expires", wanted.ExpiresAt),
                    ("minute", wanted.RateLimitPerMinute),
                    ("day", wanted.RateLimitPerDay),
                    ("now", Instant.Of(now)));
                var made = await connection.First(FindOne, Read, cancellation, ("key", id));
                await trail.Record(
                    connection, wanted.Organization, "api_key.create", $"api_key:{id}", null, made, cancellation);
            },
            cancellation);
        return (id, key);
    }

    /// <summary>Switches a key off for good; false when there was no such active key.</summary>
    public Task<bool> Revoke(KeyId key, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            if (await connection.Execute(Deactivate, cancellation, ("key", key)) == 0)
            {
                return false;
            }

            var revoked = (await connection.First(FindOne, Read, cancellation, ("key", key)))!;
            await trail.Record(
                connection,
                revoked.Organization ?? default,
                "api_key.revoke",
                $"api_key:{key}",
                revoked with { IsActive = true },
                revoked,
                cancellation);
            return true;
        },
        cancellation);

    private static ApiKey Read(DbDataReader row) => new(
        row.IdOrNull<OrganizationId>(0),
        row.IdOrNull<UserId>(1),
        row.Id<KeyId>(2),
        ApiKeyFormat.Kind(row.GetString(3)),
        RoleWords.Role(row.GetString(4)),
        row.GetString(5),
        row.GetBoolean(6),
        row.InstantOrNull(7),
        row.InstantOrNull(8),
        row.GetInt32(9),
        row.GetInt32(10),
        new Instant(row.GetInt64(11)));
}
