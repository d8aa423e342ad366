using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Credentials;

/// <summary>
/// Keeps API keys. Only the SHA-256 of a key is stored; the key itself is returned once, at its creation.
/// </summary>
public sealed class ApiKeyStore(Database database, AuditTrail trail, CredentialCache cache, TimeProvider clock)
{
    /// <summary>Keys of one owner that are good now.</summary>
    public const int ActiveKeysMax = 1_000;

    private const string Columns = """
        SELECT org_id, user_id, key_id, kind, role, name, description, is_active, expires_at, last_used,
               rate_limit_per_minute, rate_limit_per_day, allowed_origins, metadata, created_at, created_by
        FROM api_key
        """;

    // One of the two is NULL and so equals nothing.
    private const string Owned = " WHERE (org_id = @org OR user_id = @user)";

    private const string FindOne = Columns + " WHERE key_id = @key";

    private const string ListAll = Columns + Owned + " ORDER BY created_at, key_id";

    private const string ListPage = ListAll + " LIMIT @size OFFSET @offset";

    private const string CountAll = "SELECT COUNT(*) FROM api_key" + Owned;

    private const string CountActive = CountAll + " AND is_active AND (expires_at IS NULL OR expires_at > @now)";

    private const string Insert = """
        INSERT INTO api_key (org_id, user_id, key_id, kind, role, name, description, hash, is_active, expires_at,
                             last_used, rate_limit_per_minute, rate_limit_per_day, allowed_origins, metadata,
                             created_at, created_by)
        VALUES (@org, @user, @key, @kind, @role, @name, @description, @hash, TRUE, @expires, NULL, @minute, @day,
                @origins, @metadata, @now, @actor)
        """;

    private const string UpdateOne = """
        UPDATE api_key
        SET role = @role, name = @name, description = @description, is_active = @active, expires_at = @expires,
            rate_limit_per_minute = @minute, rate_limit_per_day = @day, allowed_origins = @origins,
            metadata = @metadata
        WHERE key_id = @key
        """;

    /// <summary>All keys of an owner, the revoked ones too.</summary>
    public Task<List<ApiKey>> List(KeyOwner owner, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            ListAll, Read, cancellation, ("org", owner.Organization), ("user", owner.User)),
        cancellation);

    public Task<Paged<ApiKeyOut>> List(KeyOwner owner, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(
                    CountAll, cancellation, ("org", owner.Organization), ("user", owner.User)))!.Value;
                var rows = await connection.Query(
                    ListPage,
                    row => ApiKeyOut.From(Read(row)),
                    cancellation,
                    ("org", owner.Organization),
                    ("user", owner.User),
                    ("size", page.Size),
                    ("offset", page.Offset));
                return new Paged<ApiKeyOut>(rows, page, total);
            },
            cancellation);

    /// <summary>The owner's key; null when the owner has none with this id.</summary>
    public async Task<ApiKey?> Find(KeyOwner owner, KeyId key, CancellationToken cancellation)
    {
        var found = await database.Read(
            connection => connection.First(FindOne, Read, cancellation, ("key", key)), cancellation);
        return found?.Owner == owner ? found : null;
    }

    /// <summary>Makes a key. The text is not kept: show it to its owner now.</summary>
    public Task<KeyResult> Create(NewApiKey wanted, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var now = clock.GetUtcNow();
            if (await IsFull(connection, wanted.Owner, Instant.Of(now), cancellation))
            {
                return new KeyResult(CredentialOutcome.Full);
            }

            var made = await Add(connection, NewKey(wanted, now), cancellation);
            await Record(connection, "create", null, made.Stored!, cancellation);
            return made;
        },
        cancellation);

    /// <summary>Changes what <paramref name="change"/> makes different, unless it refuses by null.</summary>
    public Task<KeyResult> Change(
        KeyOwner owner, KeyId key, Func<ApiKey, ApiKey?> change, CancellationToken cancellation) => Changing(
        owner,
        key,
        async (connection, stored) =>
        {
            if (!stored.IsActive)
            {
                return new KeyResult(CredentialOutcome.Revoked, stored);
            }

            if (change(stored) is not { } changed)
            {
                return new KeyResult(CredentialOutcome.Refused, stored);
            }

            await Update(connection, changed, cancellation);
            await Record(connection, "change", stored, changed, cancellation);
            return new KeyResult(CredentialOutcome.Done, changed);
        },
        cancellation);

    /// <summary>Switches a key off for good; of any owner when none is named.</summary>
    public Task<KeyResult> Revoke(KeyOwner? owner, KeyId key, CancellationToken cancellation) => Changing(
        owner,
        key,
        async (connection, stored) =>
        {
            if (!stored.IsActive)
            {
                return new KeyResult(CredentialOutcome.Revoked, stored);
            }

            var revoked = stored with { IsActive = false };
            await Update(connection, revoked, cancellation);
            await Record(connection, "revoke", stored, revoked, cancellation);
            return new KeyResult(CredentialOutcome.Done, revoked);
        },
        cancellation);

    /// <summary>
    /// Makes a new key with the same settings; the old one ends after the overlap, and never later than it would have.
    /// </summary>
    public Task<KeyResult> Rotate(
        KeyOwner? owner,
        KeyId key,
        TimeSpan overlap,
        Func<ApiKey, bool> isAllowed,
        CancellationToken cancellation) => Changing(
        owner,
        key,
        async (connection, stored) =>
        {
            var time = clock.GetUtcNow();
            var now = Instant.Of(time);
            var refused = !stored.IsActive ? CredentialOutcome.Revoked
                : stored.ExpiresAt <= now ? CredentialOutcome.Expired
                : !isAllowed(stored) ? CredentialOutcome.Refused
                : CredentialOutcome.Done;
            if (refused != CredentialOutcome.Done)
            {
                return new KeyResult(refused, stored);
            }

            var old = ApiKeyRules.AfterRotation(stored, now, overlap);
            if (old.IsActive && await IsFull(connection, stored.Owner, now, cancellation))
            {
                return new KeyResult(CredentialOutcome.Full, stored);
            }

            await Update(connection, old, cancellation);
            var made = await Add(
                connection,
                stored with
                {
                    Id = new KeyId(Guid.CreateVersion7(time)),
                    LastUsed = null,
                    CreatedAt = now,
                    CreatedBy = Acting.Current.Actor,
                },
                cancellation);
            await Record(connection, "create", null, made.Stored!, cancellation);
            await trail.Record(
                connection,
                stored.Owner.Chain,
                "api_key.rotate",
                $"api_key:{stored.Id}",
                new { stored.IsActive, stored.ExpiresAt, ReplacedBy = (KeyId?)null },
                new { old.IsActive, old.ExpiresAt, ReplacedBy = (KeyId?)made.Stored!.Id },
                cancellation);
            return made;
        },
        cancellation);

    private static async Task<bool> IsFull(
        DbConnection connection, KeyOwner owner, Instant now, CancellationToken cancellation) =>
        await connection.Number(
            CountActive, cancellation, ("org", owner.Organization), ("user", owner.User), ("now", now))
        >= ActiveKeysMax;

    private static ApiKey NewKey(NewApiKey wanted, DateTimeOffset now) => new()
    {
        Owner = wanted.Owner,
        Id = new KeyId(Guid.CreateVersion7(now)),
        Kind = wanted.Kind,
        Role = wanted.Role,
        Name = wanted.Name,
        Description = wanted.Description,
        IsActive = true,
        ExpiresAt = wanted.ExpiresAt,
        LastUsed = null,
        RateLimitPerMinute = wanted.RateLimitPerMinute,
        RateLimitPerDay = wanted.RateLimitPerDay,
        AllowedOrigins = wanted.AllowedOrigins,
        Metadata = wanted.Metadata,
        CreatedAt = Instant.Of(now),
        CreatedBy = Acting.Current.Actor,
    };

    private static async Task<KeyResult> Add(DbConnection connection, ApiKey key, CancellationToken cancellation)
    {
        var text = ApiKeyFormat.Create(key.Kind);
        await connection.Execute(
            Insert,
            cancellation,
            ("org", key.Owner.Organization),
            ("user", key.Owner.User),
            ("key", key.Id),
            ("kind", ApiKeyFormat.Prefix(key.Kind)),
            ("role", RoleWords.Of(key.Role)),
            ("name", key.Name),
            ("description", key.Description),
            ("hash", CredentialFormat.Hash(text)),
            ("expires", key.ExpiresAt),
            ("minute", key.RateLimitPerMinute),
            ("day", key.RateLimitPerDay),
            ("origins", string.Join(' ', key.AllowedOrigins)),
            ("metadata", MetadataMap.Store(key.Metadata)),
            ("now", key.CreatedAt),
            ("actor", key.CreatedBy));
        return new KeyResult(CredentialOutcome.Done, key, text);
    }

    private static Task<int> Update(DbConnection connection, ApiKey key, CancellationToken cancellation) =>
        connection.Execute(
            UpdateOne,
            cancellation,
            ("key", key.Id),
            ("role", RoleWords.Of(key.Role)),
            ("name", key.Name),
            ("description", key.Description),
            ("active", key.IsActive),
            ("expires", key.ExpiresAt),
            ("minute", key.RateLimitPerMinute),
            ("day", key.RateLimitPerDay),
            ("origins", string.Join(' ', key.AllowedOrigins)),
            ("metadata", MetadataMap.Store(key.Metadata)));

    /// <summary>Runs a change under the key's lock; what holds on this node holds from its end on.</summary>
    private async Task<KeyResult> Changing(
        KeyOwner? owner,
        KeyId key,
        Func<DbConnection, ApiKey, Task<KeyResult>> change,
        CancellationToken cancellation)
    {
        try
        {
            return await database.Write(
                async connection =>
                {
                    var stored = await connection.First(
                        FindOne + database.ForUpdate, Read, cancellation, ("key", key));
                    return stored is null || (owner is { } whose && stored.Owner != whose)
                        ? new KeyResult(CredentialOutcome.Unknown)
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
        DbConnection connection, string verb, ApiKey? before, ApiKey after, CancellationToken cancellation) =>
        trail.Record(
            connection,
            after.Owner.Chain,
            "api_key." + verb,
            $"api_key:{after.Id}",
            before is null ? null : ApiKeyOut.From(before),
            ApiKeyOut.From(after),
            cancellation);

    private static ApiKey Read(DbDataReader row) => new()
    {
        Owner = new KeyOwner(row.IdOrNull<OrganizationId>(0), row.IdOrNull<UserId>(1)),
        Id = row.Id<KeyId>(2),
        Kind = ApiKeyFormat.Kind(row.GetString(3)),
        Role = RoleWords.Role(row.GetString(4)),
        Name = row.GetString(5),
        Description = row.GetString(6),
        IsActive = row.GetBoolean(7),
        ExpiresAt = row.InstantOrNull(8),
        LastUsed = row.InstantOrNull(9),
        RateLimitPerMinute = row.GetInt32(10),
        RateLimitPerDay = row.GetInt32(11),
        AllowedOrigins = row.GetString(12).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        Metadata = MetadataMap.Load(row.GetString(13)),
        CreatedAt = new Instant(row.GetInt64(14)),
        CreatedBy = row.GetString(15),
    };
}
