namespace Countinghouse.RateLimits;

/// <summary>
/// What the limits need to know of a caller besides <see cref="Http.CallerClaims.Subject"/>, as claims, so that this
/// slice depends on no way of signing in.
/// </summary>
public static class RateLimitClaims
{
    /// <summary>"true" for a publishable key, which has a smaller default.</summary>
    public const string Publishable = "ch:publishable";

    /// <summary>The credential's own limits; "0" is the default.</summary>
    public const string PerMinute = "ch:per_minute";

    public const string PerDay = "ch:per_day";
}
