using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Accounts;

/// <summary>A part that a caller has in an organization.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="OrganizationName">Its name.</param>
/// <param name="IsOperator">True for the one that runs the platform.</param>
/// <param name="Role">What the caller may do there.</param>
public sealed record CallerPartOut(
    OrganizationId OrganizationId, string OrganizationName, bool IsOperator, Role Role);

/// <summary>How often a caller may ask.</summary>
/// <param name="PerMinute">Requests in a UTC minute.</param>
/// <param name="PerDay">Requests in a UTC day.</param>
public sealed record CallerLimitsOut(int PerMinute, int PerDay);

/// <summary>Whoever is asking.</summary>
public sealed record WhoAmIOut
{
    /// <summary>What the request was signed in with.</summary>
    public required CredentialKind Kind { get; init; }

    /// <summary>The key, token or session.</summary>
    public required string CredentialId { get; init; }

    /// <summary>How the audit log names the caller.</summary>
    public required string Actor { get; init; }

    /// <summary>The person; null for an organization's keys and for programs.</summary>
    public UserOut? User { get; init; }

    /// <summary>The program, for tokens; null for all others.</summary>
    public ClientId? ClientId { get; init; }

    /// <summary>Where the caller has a part.</summary>
    public required IReadOnlyList<CallerPartOut> Memberships { get; init; }

    /// <summary>Of a user's key: the most it allows, whatever the user may. Null: no such bound.</summary>
    public Role? RoleMax { get; init; }

    /// <summary>What the credential may be used for at all.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>How often the caller may ask.</summary>
    public required CallerLimitsOut Limits { get; init; }
}

/// <summary>Says who is asking.</summary>
public static class WhoAmIEndpoints
{
    public static IEndpointRouteBuilder MapWhoAmI(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/whoami", Get)
            .WithTags("Sessions").Strict()
            .RequirePermission(Permission.Identify)
            .WithName("apps_advertising_api_sessions_whoami")
            .WithSummary("Ask who one is")
            .WithDescription("What the credential is, whose, where it has a part, and how often it may ask.");
        return routes;
    }

    private static async Task<Ok<WhoAmIOut>> Get(
        HttpContext context,
        UserStore users,
        OrganizationStore organizations,
        RateLimitPolicies policies,
        CancellationToken cancellation)
    {
        var caller = context.Caller();
        var limits = policies.Of(context.User);
        var user = caller.User is { } id ? await users.Find(id, cancellation) : null;
        var parts = new List<CallerPartOut>();
        foreach (var part in caller.Memberships)
        {
            var organization = await organizations.Find(part.Organization, cancellation);
            parts.Add(new CallerPartOut(part.Organization, organization?.Name ?? "", part.IsOperator, part.Role));
        }

        return TypedResults.Ok(new WhoAmIOut
        {
            Kind = caller.Kind,
            CredentialId = ShortUuid.Format(caller.CredentialId),
            Actor = caller.Actor,
            User = user is null ? null : UserOut.From(user),
            ClientId = caller.Client,
            Memberships = parts,
            RoleMax = caller.Cap,
            Scopes = [.. ScopeWords.All.Where(word =>
                ScopeWords.TryParse(word, out var scope) && caller.Scopes.HasFlag(scope))],
            Limits = new CallerLimitsOut(limits.PerMinute, limits.PerDay!.Value),
        });
    }
}
