namespace Countinghouse.RateLimits;

/// <summary>
/// On an endpoint where secrets could be guessed: signing in, tokens, links in mails. Each request counts against the
/// smaller limit of its address too, whatever credential came with it and whether or not it succeeds.
/// </summary>
public sealed class SignInLimit
{
    public static readonly SignInLimit Instance = new();

    private SignInLimit()
    {
    }
}

/// <summary>For route tables.</summary>
public static class SignInLimits
{
    public static TBuilder LimitSignIn<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(SignInLimit.Instance);
}
