namespace Countinghouse.RateLimits;

/// <summary>How a request fared, and what its answer tells about the window with the fewest requests left.</summary>
/// <param name="IsAllowed">False: over the limit, and not counted.</param>
/// <param name="Policy">The policy it was held against.</param>
/// <param name="Limit">Requests that the window allows.</param>
/// <param name="Remaining">Requests that are left in it, after this one.</param>
/// <param name="ResetSeconds">Seconds to the window's end, at least 1.</param>
/// <param name="ResetAt">The window's end, in Unix seconds.</param>
internal sealed record RateLimitDecision(
    bool IsAllowed, RateLimitPolicy Policy, int Limit, int Remaining, int ResetSeconds, long ResetAt);
