namespace Countinghouse.Http;

/// <summary>What every way of signing in says of a caller, so that nothing here depends on one of them.</summary>
public static class CallerClaims
{
    /// <summary>The credential: what the rate limits count, and whose Idempotency-Keys are kept apart.</summary>
    public const string Subject = "ch:subject";
}
