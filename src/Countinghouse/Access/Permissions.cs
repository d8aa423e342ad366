using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Access;

/// <summary>What a route needs, for whoever asks the routes (the access matrix, the OpenAPI document).</summary>
public sealed record RequiredPermission(Permission Permission);

/// <summary>On a route that only somebody signed in with a browser may use, for whoever asks the routes.</summary>
public sealed class RequiredSession
{
    public static readonly RequiredSession Instance = new();
}

/// <summary>
/// Decides once per request whether the caller may do what the route does to the organization that the path names,
/// directly or by one of its campaigns. A handler behind it never asks again.
/// </summary>
public static class Permissions
{
    private const string OrganizationRoute = "organization_id";
    private const string CampaignRoute = "campaign_id";

    public static TBuilder RequirePermission<TBuilder>(this TBuilder builder, Permission permission)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.RequireAuthorization();
        builder.WithMetadata(new RequiredPermission(permission));
        builder.AddEndpointFilter(Filter);
        return builder;
    }

    /// <summary>
    /// For what is a person's own affair (sessions, passwords): somebody signed in with a browser, not a key of theirs.
    /// </summary>
    public static TBuilder RequireSession<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.RequirePermission(Permission.Identify);
        builder.WithMetadata(RequiredSession.Instance);
        builder.AddEndpointFilter((invocation, next) =>
            invocation.HttpContext.Caller().Kind == CredentialKind.Session
                ? next(invocation)
                : ValueTask.FromResult<object?>(Problems.SessionNeeded()));
        return builder;
    }

    /// <summary>Who is calling; only behind <see cref="RequirePermission"/> or where a caller was found.</summary>
    public static Caller Caller(this HttpContext context) => context.CallerOrNull()
        ?? throw new InvalidOperationException("This route has no caller.");

    public static Caller? CallerOrNull(this HttpContext context) => context.Features.Get<Caller>();

    private static async ValueTask<object?> Filter(
        EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        var permission = context.GetEndpoint()!.Metadata.GetMetadata<RequiredPermission>()!.Permission;
        var caller = context.Caller();
        if (caller.Kind == CredentialKind.Cpk)
        {
            return Problems.PublishableKeyOutsideAds();
        }

        var (named, subject) = await Subject(context);
        if (named && subject is null)
        {
            return Problems.NotFound();
        }

        return AccessRules.Decide(caller, subject, permission) switch
        {
            AccessDecision.Granted => await next(invocation),
            AccessDecision.Hidden => Problems.NotFound(),
            AccessDecision.Refused when caller.Kind == CredentialKind.Token
                && !AccessRules.Reaches(caller, permission) =>
                Problems.ScopeMissing(ScopeWords.Of(AccessRules.ScopeOf(permission))),
            AccessDecision.Refused => Problems.Forbidden(),
        };
    }

    /// <summary>
    /// Both look-ups always ask (or remember) the same, whether the organization is foreign or does not exist, so that
    /// the time of an answer does not tell which.
    /// </summary>
    private static async ValueTask<(bool Named, OrganizationId? Subject)> Subject(HttpContext context)
    {
        var values = context.Request.RouteValues;
        var owners = context.RequestServices.GetRequiredService<OwnerStore>();
        if (values.ContainsKey(OrganizationRoute))
        {
            var organization = context.Id<OrganizationId>(OrganizationRoute);
            var own = context.Caller().In(organization) is not null;
            return (true, own || await owners.Exists(organization, context.RequestAborted) ? organization : null);
        }

        return values.ContainsKey(CampaignRoute)
            ? (true, await owners.OfCampaign(context.Id<CampaignId>(CampaignRoute), context.RequestAborted))
            : (false, null);
    }
}
