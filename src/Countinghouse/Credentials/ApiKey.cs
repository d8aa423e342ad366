using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Credentials;

/// <summary>Whose a key is: an organization's, or a user's whatever organizations that user is in.</summary>
public readonly record struct KeyOwner(OrganizationId? Organization, UserId? User)
{
    public static implicit operator KeyOwner(OrganizationId organization) => new(organization, null);

    public static implicit operator KeyOwner(UserId user) => new(null, user);

    /// <summary>The chain of the trail that has what happens to the key.</summary>
    public OrganizationId Chain => Organization ?? default;
}

/// <summary>An API key as stored: everything but the key.</summary>
public sealed record ApiKey
{
    public required KeyOwner Owner { get; init; }

    public required KeyId Id { get; init; }

    public required KeyKind Kind { get; init; }

    public required Role Role { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    /// <summary>False: revoked, for good.</summary>
    public required bool IsActive { get; init; }

    public required Instant? ExpiresAt { get; init; }

    public required Instant? LastUsed { get; init; }

    /// <summary>Requests; 0 is the default of its kind, as is that of the day.</summary>
    public required int RateLimitPerMinute { get; init; }

    public required int RateLimitPerDay { get; init; }

    /// <summary>Of a publishable key: the pages that may use it; empty for any.</summary>
    public required IReadOnlyList<string> AllowedOrigins { get; init; }

    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    public required Instant CreatedAt { get; init; }

    public required string CreatedBy { get; init; }
}

/// <summary>What a new key is to be; limits of 0 mean the default of its kind.</summary>
public sealed record NewApiKey(
    KeyOwner Owner,
    KeyKind Kind,
    Role Role,
    string Name,
    Instant? ExpiresAt = null,
    int RateLimitPerMinute = 0,
    int RateLimitPerDay = 0)
{
    public string Description { get; init; } = "";

    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}

/// <summary>How a change of a key or client ended.</summary>
public enum CredentialOutcome
{
    Done = 1,

    /// <summary>The owner has none with this id.</summary>
    Unknown = 2,

    /// <summary>It was revoked before, and is not changed any more.</summary>
    Revoked = 3,

    /// <summary>It has expired, so there is nothing to replace.</summary>
    Expired = 4,

    /// <summary>The owner has as many as may be.</summary>
    Full = 5,

    /// <summary>Whoever asked refused the change after seeing what is stored.</summary>
    Refused = 6,
}

/// <summary>What came of it: the key as it is now, and its text when it is new.</summary>
public sealed record KeyResult(CredentialOutcome Outcome, ApiKey? Stored = null, string Key = "");
