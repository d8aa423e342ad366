using Countinghouse.Http;

namespace Countinghouse.RateLimits;

/// <summary>Holds a request against the limit of whoever sent it.</summary>
public sealed class RateLimiter(RateLimitPolicies policies, RateLimitSubjects subjects, RateLimitCounters counters)
{
    private static readonly PathString OpenApi = HttpOptions.BasePath + "/openapi.json";

    /// <summary>True for what is limited: the API, but not its description; health and pages lie outside it.</summary>
    internal static bool Covers(PathString path) =>
        path.StartsWithSegments(HttpOptions.BasePath) && !path.Equals(OpenApi, StringComparison.OrdinalIgnoreCase);

    /// <summary>Counts for the credential; without a good one, for the address.</summary>
    internal RateLimitDecision Take(HttpContext context)
    {
        var caller = context.User;
        return caller.FindFirst(CallerClaims.Subject) is { } credential
            ? counters.Take(subjects.OfCredential(credential.Value), policies.Of(caller))
            : TakeForAddress(context);
    }

    internal RateLimitDecision TakeForAddress(HttpContext context) =>
        counters.Take(subjects.OfAddress(context.Connection.RemoteIpAddress), policies.Address);
}
