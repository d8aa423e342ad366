using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Credentials;

/// <summary>How programs get access tokens. How long these last is <see cref="Access.AccessOptions"/>'s.</summary>
public sealed class OAuthOptions
{
    public const string Section = "OAuth";

    /// <summary>
    /// What this server calls itself towards OAuth clients, such as https://ads.example; empty: as each request calls
    /// it, which is right unless the server has several names.
    /// </summary>
    [RegularExpression(@"https?://[^\s?#]*[^\s?#/]", ErrorMessage = "Issuer must be an http(s) address without query.")]
    public string Issuer { get; init; } = "";

    /// <summary>
    /// Tokens that a client may have at once; one more ends the oldest. The default lets each of a hundred processes
    /// have its own.
    /// </summary>
    [Range(1, 10_000)]
    public int TokensPerClientMax { get; init; } = 100;
}

[OptionsValidator]
public sealed partial class OAuthOptionsValidator : IValidateOptions<OAuthOptions>;
