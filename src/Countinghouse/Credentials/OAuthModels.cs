using System.Text.Json.Serialization;

namespace Countinghouse.Credentials;

/// <summary>A request for an access token, as a form. The client may name itself by HTTP Basic instead.</summary>
public sealed record TokenRequest
{
    /// <summary>`client_credentials`.</summary>
    public required string GrantType { get; init; }

    /// <summary>Scopes, separated by spaces; left out: all of the client's.</summary>
    public string? Scope { get; init; }

    /// <summary>The client's id, unless it is sent by HTTP Basic.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client's secret, unless it is sent by HTTP Basic.</summary>
    public string? ClientSecret { get; init; }
}

/// <summary>A request about a token, as a form. The client may name itself by HTTP Basic instead.</summary>
public sealed record TokenQuestion
{
    /// <summary>The access token.</summary>
    public required string Token { get; init; }

    /// <summary>Not needed, and not looked at: there is one kind of token.</summary>
    public string? TokenTypeHint { get; init; }

    /// <summary>The client's id, unless it is sent by HTTP Basic.</summary>
    public string? ClientId { get; init; }

    /// <summary>The client's secret, unless it is sent by HTTP Basic.</summary>
    public string? ClientSecret { get; init; }
}

/// <summary>A new access token.</summary>
/// <param name="AccessToken">Goes into `Authorization: Bearer`. Shown this once.</param>
/// <param name="TokenType">`Bearer`.</param>
/// <param name="ExpiresIn">Seconds for which it is good.</param>
/// <param name="Scope">What it may be used for, separated by spaces.</param>
public sealed record TokenAnswer(string AccessToken, string TokenType, int ExpiresIn, string Scope);

/// <summary>What there is to know of a token. All but `active` is left out when that is false.</summary>
public sealed record IntrospectionAnswer
{
    /// <summary>True when it is good now, and of the asking client's organization.</summary>
    public required bool Active { get; init; }

    /// <summary>What it may be used for, separated by spaces.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Scope { get; init; }

    /// <summary>Whose it is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? ClientId { get; init; }

    /// <summary>`Bearer`.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TokenType { get; init; }

    /// <summary>When it ends, in seconds since 1970.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Exp { get; init; }

    /// <summary>When it was issued, in seconds since 1970.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Iat { get; init; }

    /// <summary>Whom it stands for: the client.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Sub { get; init; }
}

/// <summary>What an OAuth client has to know of this server, RFC 8414.</summary>
public sealed record ServerMetadata
{
    /// <summary>What the server calls itself.</summary>
    public required string Issuer { get; init; }

    /// <summary>Where tokens are got.</summary>
    public required string TokenEndpoint { get; init; }

    /// <summary>Where tokens are ended.</summary>
    public required string RevocationEndpoint { get; init; }

    /// <summary>Where to ask about tokens.</summary>
    public required string IntrospectionEndpoint { get; init; }

    /// <summary>All scopes there are.</summary>
    public required IReadOnlyList<string> ScopesSupported { get; init; }

    /// <summary>None: no person is asked for anything.</summary>
    public required IReadOnlyList<string> ResponseTypesSupported { get; init; }

    /// <summary>How tokens are got.</summary>
    public required IReadOnlyList<string> GrantTypesSupported { get; init; }

    /// <summary>How a client names itself to get tokens.</summary>
    public required IReadOnlyList<string> TokenEndpointAuthMethodsSupported { get; init; }

    /// <summary>How a client names itself to end tokens.</summary>
    public required IReadOnlyList<string> RevocationEndpointAuthMethodsSupported { get; init; }

    /// <summary>How a client names itself to ask about tokens.</summary>
    public required IReadOnlyList<string> IntrospectionEndpointAuthMethodsSupported { get; init; }

    /// <summary>A page about it all.</summary>
    public required string ServiceDocumentation { get; init; }
}
