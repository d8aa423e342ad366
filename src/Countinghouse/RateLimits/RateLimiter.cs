using Countinghouse.Http;

namespace Countinghouse.RateLimits;

/// <summary>Holds a request against the limit of whoever sent it.</summary>
public sealed class RateLimiter(RateLimitPolicies policies, RateLimitSubjects subjects, RateLimitCounters counters)
{
    private static readonly PathString OpenApi = HttpOptions.BasePath + "/openapi.json";

    /// <summary>
    /// True for what is limited: the API, but not its description, and where programs get their tokens; health and
    /// pages lie outside it.
    /// </summary>
    internal static bool Covers(PathString path) =>
        (path.StartsWithSegments(HttpOptions.BasePath) && !path.Equals(OpenApi, StringComparison.OrdinalIgnoreCase))
        || path.StartsWithSegments(HttpOptions.OAuthPath);

    /// <summary>
    /// Counts for the credential, without a good one for the address, and where people and programs sign in for the
    /// address as one that tries to. The decision is the stricter one.
    /// </summary>
    internal RateLimitDecision Take(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<SignInLimit>() is null)
        {
            return TakeForCaller(context);
        }

        var attempt = counters.Take(
            subjects.OfAttempts(context.Connection.RemoteIpAddress), policies.SignIn);
        if (!attempt.IsAllowed)
        {
            return attempt;
        }

        var usual = TakeForCaller(context);
        return usual.IsAllowed && attempt.Remaining <= usual.Remaining ? attempt : usual;
    }

    internal RateLimitDecision TakeForAddress(HttpContext context) =>
        counters.Take(subjects.OfAddress(context.Connection.RemoteIpAddress), policies.Address);

    private RateLimitDecision TakeForCaller(HttpContext context)
    {
        var caller = context.User;
        return caller.FindFirst(CallerClaims.Subject) is { } credential
            ? counters.Take(subjects.OfCredential(credential.Value), policies.Of(caller))
            : TakeForAddress(context);
    }
}
