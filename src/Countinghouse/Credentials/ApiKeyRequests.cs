using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;

namespace Countinghouse.Credentials;

/// <summary>The kinds of keys that an organization has.</summary>
public enum OrganizationKeyKind
{
    /// <summary>For a server; secret.</summary>
    Csb = 1,

    /// <summary>For web pages; public, good for recording events alone.</summary>
    Cpk = 3,
}

/// <summary>The roles that a key or client can have.</summary>
public enum KeyRole
{
    /// <summary>Reads reports and revenue share.</summary>
    Readonly = 1,

    /// <summary>Reads reports, and changes campaigns.</summary>
    Editor = 3,

    /// <summary>All of it, members and keys too.</summary>
    Manager = 4,
}

/// <summary>A new key of an organization.</summary>
public sealed record NewOrganizationKey
{
    /// <summary>csb for a server, secret; cpk for web pages, public and good for `/ads` alone.</summary>
    public required OrganizationKeyKind Kind { get; init; }

    /// <summary>What it may do inside its organization.</summary>
    public required KeyRole Role { get; init; }

    /// <summary>What it is for, in a few words.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>More about it.</summary>
    [StringLength(1_000)]
    public string Description { get; init; } = "";

    /// <summary>When it ends; null for never.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>Requests a minute; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerMinuteMax)]
    public int RateLimitPerMinute { get; init; }

    /// <summary>Requests a UTC day; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerDayMax)]
    public int RateLimitPerDay { get; init; }

    /// <summary>Of a cpk key: origins of the web pages that may use it; empty for any.</summary>
    [Length(0, ApiKeyRules.OriginsMax)]
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>A new key of one's own (csu). It follows one's memberships.</summary>
public sealed record NewUserKey
{
    /// <summary>The most it may do, whatever oneself may.</summary>
    public required KeyRole Role { get; init; }

    /// <summary>What it is for, in a few words.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>More about it.</summary>
    [StringLength(1_000)]
    public string Description { get; init; } = "";

    /// <summary>When it ends; null for never.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>Requests a minute; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerMinuteMax)]
    public int RateLimitPerMinute { get; init; }

    /// <summary>Requests a UTC day; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerDayMax)]
    public int RateLimitPerDay { get; init; }

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>What may change of a key; what is left out stays.</summary>
public sealed record ApiKeyPatch
{
    /// <summary>What it may do.</summary>
    public KeyRole Role { get; init; }

    /// <summary>What it is for, in a few words.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>More about it.</summary>
    [StringLength(1_000)]
    public string Description { get; init; } = "";

    /// <summary>When it ends; null for never.</summary>
    public Instant? ExpiresAt { get; init; }

    /// <summary>Requests a minute; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerMinuteMax)]
    public int RateLimitPerMinute { get; init; }

    /// <summary>Requests a UTC day; 0 for the default of its kind. The operator alone gives more than that.</summary>
    [Range(0, RateLimitOptions.PerDayMax)]
    public int RateLimitPerDay { get; init; }

    /// <summary>Of a cpk key: all origins of web pages that may use it; empty for any.</summary>
    [Length(0, ApiKeyRules.OriginsMax)]
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>Merged into the stored notes; an empty value deletes its key, null or {} clears all.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>The key as it would be; what cannot be goes to the body's faults.</summary>
    public static ApiKey Apply(JsonBody<ApiKeyPatch> body, ApiKey stored, Instant now)
    {
        var patch = body.Value;
        if (body.Has("expires_at"))
        {
            body.Refuse(ApiKeyRules.EndFault(patch.ExpiresAt, now));
        }

        body.Refuse(ApiKeyRules.OriginFaults(stored.Kind, patch.AllowedOrigins));
        return stored with
        {
            Role = body.Has("role") ? KeyRoles.Of(patch.Role) : stored.Role,
            Name = body.Has("name") ? patch.Name : stored.Name,
            Description = body.Has("description") ? patch.Description : stored.Description,
            ExpiresAt = body.Has("expires_at") ? patch.ExpiresAt : stored.ExpiresAt,
            RateLimitPerMinute = body.Has("rate_limit_per_minute")
                ? patch.RateLimitPerMinute
                : stored.RateLimitPerMinute,
            RateLimitPerDay = body.Has("rate_limit_per_day") ? patch.RateLimitPerDay : stored.RateLimitPerDay,
            AllowedOrigins = body.Has("allowed_origins")
                ? ApiKeyRules.Origins(patch.AllowedOrigins)
                : stored.AllowedOrigins,
            Metadata = MetadataMap.Patch(body, stored.Metadata, patch.Metadata),
        };
    }
}

/// <summary>How to replace a key.</summary>
public sealed record ApiKeyRotation
{
    /// <summary>Seconds for which the old key goes on; it never ends later than it would have.</summary>
    [Range(0, ApiKeyRules.OverlapSecondsMax)]
    public int OverlapSeconds { get; init; }
}

/// <summary>A key, without the key.</summary>
public sealed record ApiKeyOut
{
    /// <summary>The key's id; it is no secret.</summary>
    public required KeyId KeyId { get; init; }

    /// <summary>Its organization; null for a user's key.</summary>
    public required OrganizationId? OrganizationId { get; init; }

    /// <summary>csb: an organization's server. csu: a user. cpk: publishable.</summary>
    public required KeyKind Kind { get; init; }

    /// <summary>What it may do.</summary>
    public required KeyRole Role { get; init; }

    /// <summary>What it is for.</summary>
    public required string Name { get; init; }

    /// <summary>More about it.</summary>
    public required string Description { get; init; }

    /// <summary>False when it was revoked, for good.</summary>
    public required bool IsActive { get; init; }

    /// <summary>When it ends; null for never.</summary>
    public required Instant? ExpiresAt { get; init; }

    /// <summary>When it was last used, to ten seconds; null for never.</summary>
    public required Instant? LastUsed { get; init; }

    /// <summary>Requests a minute; 0 for the default of its kind.</summary>
    public required int RateLimitPerMinute { get; init; }

    /// <summary>Requests a UTC day; 0 for the default of its kind.</summary>
    public required int RateLimitPerDay { get; init; }

    /// <summary>Origins of the web pages that may use it; empty for any.</summary>
    public required IReadOnlyList<string> AllowedOrigins { get; init; }

    /// <summary>Your own notes on it.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>When it was made.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>The key, shown once, by the request that makes it. Keep it: nobody can show it again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Key { get; init; }

    public static ApiKeyOut From(ApiKey key, string? text = null) => new()
    {
        KeyId = key.Id,
        OrganizationId = key.Owner.Organization,
        Kind = key.Kind,
        Role = KeyRoles.From(key.Role),
        Name = key.Name,
        Description = key.Description,
        IsActive = key.IsActive,
        ExpiresAt = key.ExpiresAt,
        LastUsed = key.LastUsed,
        RateLimitPerMinute = key.RateLimitPerMinute,
        RateLimitPerDay = key.RateLimitPerDay,
        AllowedOrigins = key.AllowedOrigins,
        Metadata = key.Metadata,
        CreatedAt = key.CreatedAt,
        CreatedBy = key.CreatedBy,
        Key = text,
    };
}

/// <summary>Between the roles of keys and those of everybody.</summary>
public static class KeyRoles
{
    public static Role Of(KeyRole role) => role switch
    {
        KeyRole.Readonly => Role.Readonly,
        KeyRole.Editor => Role.Editor,
        KeyRole.Manager => Role.Manager,
    };

    public static KeyRole From(Role role) => role switch
    {
        Role.Readonly => KeyRole.Readonly,
        Role.Editor => KeyRole.Editor,
        Role.Manager => KeyRole.Manager,
        Role.Billing or Role.Owner => throw new ArgumentOutOfRangeException(nameof(role), role, "not a key's role"),
    };
}
