using System.Globalization;

namespace Countinghouse.RateLimits;

/// <summary>Writes the headers that every answer carries, without making a string that was made before.</summary>
internal static class RateLimitHeaders
{
    private const string Policy = "RateLimit-Policy";
    private const string Limit = "RateLimit-Limit";
    private const string Remaining = "RateLimit-Remaining";
    private const string Reset = "RateLimit-Reset";
    private const string OldLimit = "X-RateLimit-Limit";
    private const string OldRemaining = "X-RateLimit-Remaining";
    private const string OldReset = "X-RateLimit-Reset";

    private static readonly string?[] Small = new string?[10_001];

    /// <summary>The end of the window told last: for a minute it is nearly always the same.</summary>
    private static Printed _end = new(0, "0");

    public static void Write(IHeaderDictionary headers, RateLimitDecision decision)
    {
        var limit = Text(decision.Limit);
        var remaining = Text(decision.Remaining);
        headers[Policy] = decision.Policy.Header;
        headers[Limit] = limit;
        headers[Remaining] = remaining;
        headers[Reset] = Text(decision.ResetSeconds);
        headers[OldLimit] = limit;
        headers[OldRemaining] = remaining;
        headers[OldReset] = EndText(decision.ResetAt);
    }

    // Two threads may both make a string; either will do.
    private static string Text(int number) => number < Small.Length
        ? Small[number] ??= number.ToString(CultureInfo.InvariantCulture)
        : number.ToString(CultureInfo.InvariantCulture);

    private static string EndText(long end)
    {
        var printed = _end;
        if (printed.Value != end)
        {
            _end = printed = new Printed(end, end.ToString(CultureInfo.InvariantCulture));
        }

        return printed.Text;
    }

    private sealed record Printed(long Value, string Text);
}
