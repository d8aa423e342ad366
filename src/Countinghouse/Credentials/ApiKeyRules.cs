using System.Globalization;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;

namespace Countinghouse.Credentials;

/// <summary>What a key may be.</summary>
public static class ApiKeyRules
{
    public const int OriginsMax = 20;
    public const int OriginCharsMax = 200;
    public const int OverlapSecondsMax = 7 * 24 * 60 * 60;

    /// <summary>What is wrong with the end of a key.</summary>
    public static FieldError? EndFault(Instant? expiresAt, Instant now) => expiresAt <= now
        ? new FieldError("expires_at", "must be in the future, or null for never", "invalid")
        : null;

    /// <summary>
    /// What is wrong with the limits that somebody who does not operate the platform gives a key: others share its
    /// machines, so more than the default of its kind is the operator's to give. What the operator gave may stay.
    /// </summary>
    public static IEnumerable<FieldError> LimitFaults(
        KeyKind kind, int perMinute, int perDay, ApiKey? stored, RateLimitOptions limits)
    {
        var (usualMinute, usualDay) = kind == KeyKind.Cpk
            ? (limits.PublishablePerMinute, limits.PublishablePerDay)
            : (limits.KeyPerMinute, limits.KeyPerDay);
        if (perMinute > Math.Max(usualMinute, stored?.RateLimitPerMinute ?? 0))
        {
            yield return AboveDefault("rate_limit_per_minute", usualMinute);
        }

        if (perDay > Math.Max(usualDay, stored?.RateLimitPerDay ?? 0))
        {
            yield return AboveDefault("rate_limit_per_day", usualDay);
        }
    }

    private static FieldError AboveDefault(string field, int usual) => new(
        field,
        string.Create(
            CultureInfo.InvariantCulture,
            $"must be at most {usual}, the platform's default; more is the operator's to give"),
        "invalid");

    /// <summary>What is wrong with the pages that a key is to be bound to.</summary>
    public static IEnumerable<FieldError> OriginFaults(KeyKind kind, IReadOnlyList<string> origins)
    {
        if (kind != KeyKind.Cpk && origins.Count > 0)
        {
            yield return new FieldError(
                "allowed_origins", "is for publishable keys (cpk) alone; a server sends no Origin", "invalid");
        }

        for (var index = 0; index < origins.Count; index++)
        {
            if (!IsOrigin(origins[index]))
            {
                yield return new FieldError(
                    $"allowed_origins[{index}]",
                    "must be an origin such as https://shop.example: scheme and host, a port only if it is not the "
                    + $"usual one, nothing after it, at most {OriginCharsMax} characters",
                    "invalid");
            }
        }
    }

    /// <summary>
    /// True for what a browser would send as Origin: it leaves out the usual port, and writes other alphabets as
    /// punycode. A path, a user or a star would never match, and would look as if they did.
    /// </summary>
    public static bool IsOrigin(string text) =>
        text.Length <= OriginCharsMax
        && text.All(char.IsAscii)
        && Uri.TryCreate(text, UriKind.Absolute, out var uri)
        && (uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp)
        && uri.HostNameType is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
        && uri.UserInfo.Length == 0
        && text.Equals(uri.GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase);

    /// <summary>As they are stored, each once: hosts know no letter case.</summary>
    public static IReadOnlyList<string> Origins(IEnumerable<string> written) =>
        [.. written.Select(origin => origin.ToLowerInvariant()).Distinct()];

    /// <summary>
    /// The replaced key: it ends after the overlap, or earlier if it was to end earlier; without one it is revoked.
    /// </summary>
    public static ApiKey AfterRotation(ApiKey key, Instant now, TimeSpan overlap)
    {
        var end = now + overlap;
        return overlap <= TimeSpan.Zero ? key with { IsActive = false }
            : key.ExpiresAt is { } expires && expires <= end ? key
            : key with { ExpiresAt = end };
    }
}
