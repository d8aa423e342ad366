using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.RateLimits;

/// <summary>How many requests a caller may make; a key's own limits, where set, come before these.</summary>
public sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    public const int PerMinuteMax = 100_000_000;
    public const int PerDayMax = 1_000_000_000;

    /// <summary>Requests a minute of a server key, token or session; the default is five a second.</summary>
    [Range(1, PerMinuteMax)]
    public int KeyPerMinute { get; init; } = 300;

    /// <summary>Requests a UTC day of a server key, token or session; the default is one every nine seconds.</summary>
    [Range(1, PerDayMax)]
    public int KeyPerDay { get; init; } = 10_000;

    /// <summary>Requests a minute of a publishable key, which anybody can copy out of a page.</summary>
    [Range(1, PerMinuteMax)]
    public int PublishablePerMinute { get; init; } = 100;

    /// <summary>Requests a UTC day of a publishable key.</summary>
    [Range(1, PerDayMax)]
    public int PublishablePerDay { get; init; } = 10_000;

    /// <summary>
    /// Requests a minute without a valid credential from one address (IPv6: one /64); no limit a day, since many people
    /// may stand behind one address. The default lets an office of them click.
    /// </summary>
    [Range(1, PerMinuteMax)]
    public int AddressPerMinute { get; init; } = 600;

    /// <summary>
    /// Tries a minute from one address to sign in, get a token or use a link, good ones and bad ones. The default lets
    /// a few people behind one address mistype, and is far too slow for guessing.
    /// </summary>
    [Range(1, PerMinuteMax)]
    public int SignInPerMinute { get; init; } = 30;
}

[OptionsValidator]
public sealed partial class RateLimitOptionsValidator : IValidateOptions<RateLimitOptions>;
