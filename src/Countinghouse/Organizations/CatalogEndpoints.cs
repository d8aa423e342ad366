using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Organizations;

/// <summary>A new location.</summary>
public sealed record NewLocation
{
    /// <summary>The shop's name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>False for a shop that is closed for now.</summary>
    public bool IsActive { get; init; } = true;

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>What may change of a location; what is left out stays.</summary>
public sealed record LocationPatch
{
    /// <summary>The shop's name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>False for a shop that is closed for now.</summary>
    public bool IsActive { get; init; }

    /// <summary>Merged into the stored notes; an empty value deletes its key, null or {} clears all.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>A new offer.</summary>
public sealed record NewOffer
{
    /// <summary>The retailer's location that has the product.</summary>
    public required LocationId LocationId { get; init; }

    /// <summary>The product's name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>The retailer's article number.</summary>
    [StringLength(100)]
    public string Sku { get; init; } = "";

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>Many new offers; all are added or none.</summary>
public sealed record NewOffers
{
    public const int OffersMax = 1_000;

    /// <summary>The offers, at most 1000.</summary>
    [Length(1, OffersMax)]
    public required IReadOnlyList<NewOffer> Offers { get; init; }
}

/// <summary>The offers that were added, in the order they were sent.</summary>
/// <param name="Offers">The new offers.</param>
public sealed record AddedOffers(IReadOnlyList<Offer> Offers);

/// <summary>A retailer's locations and offers over HTTP.</summary>
public static class CatalogEndpoints
{
    public static IEndpointRouteBuilder MapCatalog(this IEndpointRouteBuilder routes)
    {
        var catalog = routes.MapGroup("/organizations/{organization_id}").WithTags("Catalog").Strict();

        catalog.MapRead("/locations", ListLocations)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_catalog_list_locations")
            .WithSummary("List locations")
            .WithDescription("The retailer's shops, oldest first.");
        catalog.MapPost("/locations", AddLocation)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<NewLocation>("application/json")
            .WithName("apps_advertising_api_catalog_create_location")
            .WithSummary("Create a location")
            .WithDescription("A shop, physical or online, where offers can be.");
        catalog.MapPatch("/locations/{location_id}", ChangeLocation)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<LocationPatch>("application/json")
            .WithName("apps_advertising_api_catalog_change_location")
            .WithSummary("Change a location")
            .WithDescription("Its name, whether it is active, and its metadata.");
        catalog.MapRead("/offers", ListOffers)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_catalog_list_offers")
            .WithSummary("List offers")
            .WithDescription("The retailer's products at its locations, oldest first.");
        catalog.MapPost("/offers", AddOffer)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<NewOffer>("application/json")
            .WithName("apps_advertising_api_catalog_create_offer")
            .WithSummary("Create an offer")
            .WithDescription("One product at one location, which campaigns can then promote.");
        catalog.MapPost("/offers/bulk", AddOffers)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<NewOffers>("application/json")
            .WithName("apps_advertising_api_catalog_create_offers")
            .WithSummary("Create many offers")
            .WithDescription("Up to 1000 offers at once; all are added or none.");
        return routes;
    }

    private static async Task<Ok<Paged<Location>>> ListLocations(
        HttpContext context, CatalogStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.Locations(context.Id<OrganizationId>("organization_id"), Page.Read(context), cancellation));

    private static async Task<Results<Created<Location>, Problem>> AddLocation(
        HttpContext context, CatalogStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewLocation>(cancellation);
        var metadata = body.Problem is null ? MetadataMap.New(body, body.Value.Metadata) : [];
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var now = clock.GetUtcNow();
        var organization = context.Id<OrganizationId>("organization_id");
        var added = new Location(
            new LocationId(Guid.CreateVersion7(now)),
            organization,
            body.Value.Name,
            body.Value.IsActive,
            Instant.Of(now),
            metadata);
        await store.Add(added, cancellation);
        return TypedResults.Created(
            $"{HttpOptions.BasePath}/organizations/{organization}/locations/{added.LocationId}", added);
    }

    private static async Task<Results<Ok<Location>, Problem>> ChangeLocation(
        HttpContext context, CatalogStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<LocationPatch>(cancellation);
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
            context.Id<LocationId>("location_id"),
            stored =>
            {
                var wanted = stored with
                {
                    Name = body.Has("name") ? patch.Name : stored.Name,
                    IsActive = body.Has("is_active") ? patch.IsActive : stored.IsActive,
                    Metadata = MetadataMap.Patch(body, stored.Metadata, patch.Metadata),
                };
                return body.Problem is null ? wanted : null;
            },
            cancellation);
        return changed is not null ? TypedResults.Ok(changed) : body.Problem ?? Problems.NotFound();
    }

    private static async Task<Ok<Paged<Offer>>> ListOffers(
        HttpContext context, CatalogStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.Offers(context.Id<OrganizationId>("organization_id"), Page.Read(context), cancellation));

    private static async Task<Results<Created<Offer>, Problem>> AddOffer(
        HttpContext context, CatalogStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewOffer>(cancellation);
        var metadata = body.Problem is null ? MetadataMap.New(body, body.Value.Metadata) : [];
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var organization = context.Id<OrganizationId>("organization_id");
        var added = Make(organization, body.Value, metadata, clock.GetUtcNow());
        var strangers = await store.Add(organization, [added], cancellation);
        return strangers.Count > 0
            ? Problems.Invalid([UnknownLocation("location_id")])
            : TypedResults.Created(
                $"{HttpOptions.BasePath}/organizations/{organization}/offers/{added.OfferId}", added);
    }

    private static async Task<Results<Created<AddedOffers>, Problem>> AddOffers(
        HttpContext context, CatalogStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewOffers>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var organization = context.Id<OrganizationId>("organization_id");
        var now = clock.GetUtcNow();
        var offers = body.Value.Offers
            .Select((offer, index) =>
                Make(organization, offer, MetadataMap.New(body, offer.Metadata, $"offers[{index}].metadata"), now))
            .ToList();
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var strangers = await store.Add(organization, offers, cancellation);
        return strangers.Count > 0
            ? Problems.Invalid([.. strangers.Select(index => UnknownLocation($"offers[{index}].location_id"))])
            : TypedResults.Created(
                $"{HttpOptions.BasePath}/organizations/{organization}/offers", new AddedOffers(offers));
    }

    private static Offer Make(
        OrganizationId organization,
        NewOffer wanted,
        IReadOnlyDictionary<string, string> metadata,
        DateTimeOffset now) => new(
        new OfferId(Guid.CreateVersion7(now)),
        organization,
        wanted.LocationId,
        wanted.Name,
        wanted.Sku,
        Instant.Of(now),
        metadata);

    private static FieldError UnknownLocation(string field) =>
        new(field, "is not a location of this organization", "unknown_location");
}
