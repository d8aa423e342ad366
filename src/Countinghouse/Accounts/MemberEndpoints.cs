using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Accounts;

/// <summary>What may change of a member.</summary>
public sealed record MemberPatch
{
    /// <summary>What the member may do from now on.</summary>
    public required MemberRole Role { get; init; }
}

/// <summary>The people of an organization, over HTTP.</summary>
public static class MemberEndpoints
{
    public static IEndpointRouteBuilder MapMembers(this IEndpointRouteBuilder routes)
    {
        var members = routes.MapGroup("/organizations/{organization_id}/members").WithTags("Members").Strict();

        members.MapRead("", List)
            .RequirePermission(Permission.ManageMembers)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_members_list_members")
            .WithSummary("List members")
            .WithDescription("The people of the organization and their roles, in the order of joining.");
        members.MapPatch("/{user_id}", Change)
            .RequirePermission(Permission.ManageMembers)
            .Accepts<MemberPatch>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_members_change_member")
            .WithSummary("Give a member another role")
            .WithDescription(
                "It holds from the next request on. Nobody gives or takes a role above their own; one owner stays.");

        // Leaving takes no role, so what ending another's membership takes is asked below.
        members.MapDelete("/{user_id}", End)
            .RequirePermission(Permission.Identify)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_members_end_membership")
            .WithSummary("End a membership")
            .WithDescription("Anybody may leave; to send another away takes an owner or manager. One owner stays.");
        return routes;
    }

    private static async Task<Ok<Paged<Member>>> List(
        HttpContext context, MemberStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Organization(context), Page.Read(context), cancellation));

    private static async Task<Results<Ok<Member>, Problem>> Change(
        HttpContext context, MemberStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<MemberPatch>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var (organization, user) = (Organization(context), context.Id<UserId>("user_id"));
        if (MemberRules.Ceiling(context.Caller(), organization) is not { } ceiling)
        {
            return Problems.Forbidden();
        }

        if (!MemberRules.MayGive(context.Caller(), organization, body.Value.Role))
        {
            return Problems.RoleAboveOwn();
        }

        var outcome = await store.Set(organization, user, body.Value.Role, ceiling, cancellation);
        return Refusal(outcome) is { } refused
            ? refused
            : await store.Find(organization, user, cancellation) is { } member
                ? TypedResults.Ok(member)
                : Problems.NotFound();
    }

    private static async Task<Results<NoContent, Problem>> End(
        HttpContext context, MemberStore store, CancellationToken cancellation)
    {
        var (organization, user) = (Organization(context), context.Id<UserId>("user_id"));
        var caller = context.Caller();
        var isLeaving = caller.Kind == CredentialKind.Session && caller.User == user;
        var ceiling = isLeaving ? MemberRole.Owner : MemberRules.Ceiling(caller, organization);
        if (ceiling is not { } highest)
        {
            return Problems.Forbidden();
        }

        var outcome = await store.Set(organization, user, null, highest, cancellation);
        return Refusal(outcome) is { } refused ? refused : TypedResults.NoContent();
    }

    private static OrganizationId Organization(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static Problem? Refusal(MemberOutcome outcome) => outcome switch
    {
        MemberOutcome.Done => null,
        MemberOutcome.NotFound => Problems.NotFound(),
        MemberOutcome.AboveOwn => Problems.RoleAboveOwn(),
        MemberOutcome.LastOwner => Problems.LastOwner(),
    };
}
