using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Credentials;

/// <summary>A program that gets access tokens, as stored: everything but its secret.</summary>
public sealed record OAuthClient(
    OrganizationId Organization,
    ClientId Id,
    string Name,
    Role Role,
    Scopes Scopes,
    bool IsActive,
    Instant CreatedAt,
    string CreatedBy,
    Instant? LastUsed);

/// <summary>What came of a change: the client as it is now, and its secret when that is new.</summary>
public sealed record ClientResult(CredentialOutcome Outcome, OAuthClient? Stored = null, string Secret = "");

/// <summary>A new program that gets access tokens.</summary>
public sealed record NewOAuthClient
{
    /// <summary>What it is, in a few words.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>The most that its tokens may do inside the organization.</summary>
    public required KeyRole Role { get; init; }

    /// <summary>What its tokens may be used for, below its role; see the scopes of `OAuthTokenAuth`.</summary>
    [Length(1, OAuthClientPatch.ScopesMax)]
    public required IReadOnlyList<string> Scopes { get; init; }
}

/// <summary>What may change of a client; what is left out stays. It holds for tokens that it has already too.</summary>
public sealed record OAuthClientPatch
{
    /// <summary>Scopes in one request; there are no more.</summary>
    public const int ScopesMax = 20;

    /// <summary>What it is, in a few words.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>The most that its tokens may do inside the organization.</summary>
    public KeyRole Role { get; init; }

    /// <summary>All that its tokens may be used for, below its role.</summary>
    [Length(1, ScopesMax)]
    public IReadOnlyList<string> Scopes { get; init; } = [];
}

/// <summary>A program that gets access tokens.</summary>
public sealed record OAuthClientOut
{
    /// <summary>The client's id, which it sends with its secret.</summary>
    public required ClientId ClientId { get; init; }

    /// <summary>Its organization.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>What it is.</summary>
    public required string Name { get; init; }

    /// <summary>The most that its tokens may do inside the organization.</summary>
    public required KeyRole Role { get; init; }

    /// <summary>What its tokens may be used for, below its role.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>False when it was revoked, for good.</summary>
    public required bool IsActive { get; init; }

    /// <summary>When it was made.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When one of its tokens was last used, to ten seconds; null for never.</summary>
    public required Instant? LastUsed { get; init; }

    /// <summary>The secret, shown once, by the request that makes it. Keep it: nobody can show it again.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientSecret { get; init; }

    public static OAuthClientOut From(OAuthClient client, string? secret = null) => new()
    {
        ClientId = client.Id,
        OrganizationId = client.Organization,
        Name = client.Name,
        Role = KeyRoles.From(client.Role),
        Scopes = OAuthRules.Words(client.Scopes),
        IsActive = client.IsActive,
        CreatedAt = client.CreatedAt,
        CreatedBy = client.CreatedBy,
        LastUsed = client.LastUsed,
        ClientSecret = secret,
    };
}
