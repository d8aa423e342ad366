using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Microsoft.Extensions.Options;

namespace Countinghouse.RateLimits;

/// <summary>What one caller is promised.</summary>
public sealed class RateLimitPolicy
{
    internal RateLimitPolicy(int perMinute, int? perDay)
    {
        PerMinute = perMinute;
        PerDay = perDay;
        var minute = string.Create(CultureInfo.InvariantCulture, $"{perMinute};w={RateWindow.MinuteSeconds}");
        Header = perDay is { } limit
            ? string.Create(CultureInfo.InvariantCulture, $"{minute}, {limit};w={RateWindow.DaySeconds}")
            : minute;
    }

    /// <summary>Requests per UTC minute.</summary>
    public int PerMinute { get; }

    /// <summary>Requests per UTC day; null: no such window.</summary>
    public int? PerDay { get; }

    /// <summary>The value of RateLimit-Policy.</summary>
    public string Header { get; }
}

/// <summary>The table: every kind of caller, one line each. There is no limit anywhere else.</summary>
public sealed class RateLimitPolicies(IOptions<RateLimitOptions> options)
{
    /// <summary>Different own limits of keys that are remembered; further ones are made anew per request.</summary>
    private const int OwnMax = 10_000;

    private readonly ConcurrentDictionary<(int PerMinute, int PerDay), RateLimitPolicy> _own = new();

    public RateLimitPolicy Key { get; } = new(options.Value.KeyPerMinute, options.Value.KeyPerDay);

    public RateLimitPolicy Publishable { get; } =
        new(options.Value.PublishablePerMinute, options.Value.PublishablePerDay);

    public RateLimitPolicy Address { get; } = new(options.Value.AddressPerMinute, perDay: null);

    /// <summary>Of an address, for <see cref="SignInLimit"/>; on top of the limit that a request has anyway.</summary>
    public RateLimitPolicy SignIn { get; } = new(options.Value.SignInPerMinute, perDay: null);

    /// <summary>The policy of a caller whose credential is good: the default of its kind, or its own limits.</summary>
    public RateLimitPolicy Of(ClaimsPrincipal caller)
    {
        var usual = caller.FindFirst(RateLimitClaims.Publishable)?.Value == "true" ? Publishable : Key;
        var perMinute = OwnLimit(caller, RateLimitClaims.PerMinute) ?? usual.PerMinute;
        var perDay = OwnLimit(caller, RateLimitClaims.PerDay) ?? usual.PerDay!.Value;
        if (perMinute == usual.PerMinute && perDay == usual.PerDay)
        {
            return usual;
        }

        if (_own.TryGetValue((perMinute, perDay), out var own))
        {
            return own;
        }

        own = new RateLimitPolicy(perMinute, perDay);
        if (_own.Count < OwnMax)
        {
            _own.TryAdd((perMinute, perDay), own);
        }

        return own;
    }

    private static int? OwnLimit(ClaimsPrincipal caller, string claim)
    {
        var text = caller.FindFirst(claim)?.Value;
        return int.TryParse(text, CultureInfo.InvariantCulture, out var limit) && limit > 0 ? limit : null;
    }
}
