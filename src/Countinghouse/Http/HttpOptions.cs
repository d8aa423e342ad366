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

    /// <summary>All headers of a request together; what is more, Kestrel refuses by itself with 431.</summary>
    public const int HeaderBytesMax = 16 * 1024;

    public const int HeadersMax = 64;

    /// <summary>How long a client may take to send its headers.</summary>
    public const int HeaderSecondsMax = 10;

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

    /// <summary>
    /// A file with the server's certificate and those between it and the root, in PEM; for addresses with https.
    /// </summary>
    public string CertificateFile { get; init; } = "";

    /// <summary>The certificate's private key in PEM; empty when it is in the same file.</summary>
    public string CertificateKeyFile { get; init; } = "";

    /// <summary>A request that takes longer is given up with 503; closing a month and the like are not.</summary>
    [Range(5, 600)]
    public int RequestSecondsMax { get; init; } = 100;

    /// <summary>
    /// How long a server that is asked to stop goes on answering while /health/ready says 503, so that balancers turn
    /// away first: a little longer than the time between two of their looks. 0: it stops at once.
    /// </summary>
    [Range(0, 300)]
    public int DrainSeconds { get; init; }

    /// <summary>Open connections; further ones are closed at once.</summary>
    [Range(10, 1_000_000)]
    public int ConnectionsMax { get; init; } = 10_000;

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
