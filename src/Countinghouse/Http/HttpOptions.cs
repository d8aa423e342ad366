using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace Countinghouse.Http;

/// <summary>What every endpoint shares.</summary>
public sealed class HttpOptions
{
    public const string Section = "Http";

    /// <summary>Where the API lives; frozen, because clients exist.</summary>
    public const string BasePath = "/advertising/api/v1";

    /// <summary>Where programs get access tokens; outside the API, because its manners there are OAuth's.</summary>
    public const string OAuthPath = "/oauth";

    /// <summary>Largest body of any request.</summary>
    public const int BodyBytesMax = 512 * 1024;

    /// <summary>What a 503 tells the caller to wait.</summary>
    public const int RetryAfterSeconds = 2;

    /// <summary>What the error code is appended to in an error's "type".</summary>
    [Required, Url]
    public string ErrorTypeBase { get; init; } = "https://closient.com/docs/errors/";

    /// <summary>
    /// Addresses of the proxies whose X-Forwarded-For is believed, separated by commas; default: none.
    /// </summary>
    [AddressList(ErrorMessage = "TrustedProxies must be IP addresses separated by commas.")]
    public string TrustedProxies { get; init; } = "";

    internal static string[] Addresses(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

[OptionsValidator]
public sealed partial class HttpOptionsValidator : IValidateOptions<HttpOptions>;

/// <summary>IP addresses separated by commas; a pattern would let through what only looks like one.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AddressListAttribute : ValidationAttribute
{
    public override bool IsValid(object? value) =>
        value is string text && HttpOptions.Addresses(text).All(address => IPAddress.TryParse(address, out _));
}
