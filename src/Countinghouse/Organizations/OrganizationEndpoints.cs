using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Organizations;

/// <summary>A new organization.</summary>
public sealed record NewOrganization
{
    /// <summary>Its name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>What may change of an organization; what is left out stays.</summary>
public sealed record OrganizationPatch
{
    /// <summary>Its name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>Merged into the stored notes; an empty value deletes its key, null or {} clears all.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>Organizations over HTTP.</summary>
public static class OrganizationEndpoints
{
    private static readonly TextQuery Search =
        new("q", "Only those with this in their name, or with exactly this id.", LengthMax: 200);

    public static IEndpointRouteBuilder MapOrganizations(this IEndpointRouteBuilder routes)
    {
        var organizations = routes.MapGroup("/organizations").WithTags("Organizations").Strict();

        organizations.MapRead("/", List)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Search, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_organizations_list_organizations")
            .WithSummary("List organizations")
            .WithDescription("Those that you have a part in; every organization when the operator asks.");
        organizations.MapPost("/", Create)
            .RequirePermission(Permission.Operate)
            .Accepts<NewOrganization>("application/json")
            .WithName("apps_advertising_api_organizations_create_organization")
            .WithSummary("Create an organization")
            .WithDescription("For the operator: a new advertiser, retailer, or both.");
        organizations.MapRead("/{organization_id}", Get)
            .RequirePermission(Permission.ReadReports)
            .WithName("apps_advertising_api_organizations_get_organization")
            .WithSummary("Read an organization")
            .WithDescription("One organization that you have a part in.");
        organizations.MapPatch("/{organization_id}", Change)
            .RequirePermission(Permission.ManageOrganization)
            .Accepts<OrganizationPatch>("application/json")
            .WithName("apps_advertising_api_organizations_change_organization")
            .WithSummary("Change an organization")
            .WithDescription("Its name and metadata; for owners and the operator.");
        return routes;
    }

    private static async Task<Ok<Paged<Organization>>> List(
        HttpContext context, OrganizationStore store, CancellationToken cancellation)
    {
        var (search, page) = (Search.Read(context), Page.Read(context));
        var caller = context.Caller();
        return TypedResults.Ok(AccessRules.Operates(caller)
            ? await store.List(search, page, cancellation)
            : await store.List(caller.Memberships.Select(part => part.Organization), search, page, cancellation));
    }

    private static async Task<Results<Created<Organization>, Problem>> Create(
        HttpContext context, OrganizationStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewOrganization>(cancellation);
        var metadata = body.Problem is null ? MetadataMap.New(body, body.Value.Metadata) : [];
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var created = await store.Create(body.Value.Name, isOperator: false, metadata, cancellation);
        return TypedResults.Created($"{HttpOptions.BasePath}/organizations/{created.OrganizationId}", created);
    }

    private static async Task<Results<Ok<Organization>, Problem>> Get(
        HttpContext context, OrganizationStore store, CancellationToken cancellation)
    {
        var found = await store.Find(context.Id<OrganizationId>("organization_id"), cancellation);
        return found is null ? Problems.NotFound() : TypedResults.Ok(found);
    }

    private static async Task<Results<Ok<Organization>, Problem>> Change(
        HttpContext context, OrganizationStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<OrganizationPatch>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(MetadataMap.Check(body.Value.Metadata));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var patch = body.Value;
        var changed = await store.Update(
            context.Id<OrganizationId>("organization_id"),
            stored =>
            {
                var wanted = stored with
                {
                    Name = body.Has("name") ? patch.Name : stored.Name,
                    Metadata = MetadataMap.Patch(body, stored.Metadata, patch.Metadata),
                };
                return body.Problem is null ? wanted : null;
            },
            cancellation);
        return changed is not null ? TypedResults.Ok(changed) : body.Problem ?? Problems.NotFound();
    }
}
