using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Organizations;

/// <summary>A retailer's shop, physical or online.</summary>
/// <param name="LocationId">The location.</param>
/// <param name="OrganizationId">The retailer that has it.</param>
/// <param name="Name">Its name, as people read it.</param>
/// <param name="IsActive">False once it no longer takes part.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Metadata">The retailer's own notes.</param>
public sealed record Location(
    LocationId LocationId,
    OrganizationId OrganizationId,
    string Name,
    bool IsActive,
    Instant CreatedAt,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>One product at one location; through its location it names its retailer.</summary>
/// <param name="OfferId">The offer.</param>
/// <param name="OrganizationId">The retailer that makes it.</param>
/// <param name="LocationId">The location that has the product.</param>
/// <param name="Name">The product's name, as people read it.</param>
/// <param name="Sku">The retailer's article number; empty for none.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Metadata">The retailer's own notes.</param>
public sealed record Offer(
    OfferId OfferId,
    OrganizationId OrganizationId,
    LocationId LocationId,
    string Name,
    string Sku,
    Instant CreatedAt,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>Keeps a retailer's locations and offers.</summary>
public sealed class CatalogStore(Database database, AuditTrail trail)
{
    private const string LocationColumns = """
        SELECT location_id, org_id, name, is_active, created_at, metadata FROM location WHERE org_id = @org
        """;

    private const string FindLocation = LocationColumns + " AND location_id = @location";

    private const string ListLocations =
        LocationColumns + " ORDER BY created_at, location_id LIMIT @size OFFSET @offset";

    private const string NamesOfLocations = "SELECT location_id, name FROM location WHERE org_id = @org";

    private const string CountLocations = "SELECT COUNT(*) FROM location WHERE org_id = @org";

    private const string InsertLocation = """
        INSERT INTO location (org_id, location_id, name, is_active, created_at, metadata)
        VALUES (@org, @location, @name, @active, @now, @metadata)
        """;

    private const string ChangeLocation = """
        UPDATE location SET name = @name, is_active = @active, metadata = @metadata
        WHERE org_id = @org AND location_id = @location
        """;

    private const string ListOffers = """
        SELECT offer_id, org_id, location_id, name, sku, created_at, metadata
        FROM offer WHERE org_id = @org
        ORDER BY created_at, offer_id LIMIT @size OFFSET @offset
        """;

    private const string CountOffers = "SELECT COUNT(*) FROM offer WHERE org_id = @org";

    private const string InsertOffer = """
        INSERT INTO offer (org_id, offer_id, location_id, name, sku, created_at, metadata)
        VALUES (@org, @offer, @location, @name, @sku, @now, @metadata)
        """;

    private const string LocationIds = "SELECT location_id FROM location WHERE org_id = @org";

    /// <summary>What the organization's locations are called now.</summary>
    public async Task<IReadOnlyDictionary<LocationId, string>> LocationNames(
        OrganizationId organization, CancellationToken cancellation)
    {
        var names = await database.Read(
            connection => connection.Query(
                NamesOfLocations,
                row => KeyValuePair.Create(row.Id<LocationId>(0), row.GetString(1)),
                cancellation,
                ("org", organization)),
            cancellation);
        return new Dictionary<LocationId, string>(names);
    }

    public Task<Paged<Location>> Locations(
        OrganizationId organization, Page page, CancellationToken cancellation) =>
        List(CountLocations, ListLocations, ReadLocation, organization, page, cancellation);

    public Task<Paged<Offer>> Offers(OrganizationId organization, Page page, CancellationToken cancellation) =>
        List(CountOffers, ListOffers, ReadOffer, organization, page, cancellation);

    public Task Add(Location location, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            await connection.Execute(
                InsertLocation,
                cancellation,
                ("org", location.OrganizationId),
                ("location", location.LocationId),
                ("name", location.Name),
                ("active", location.IsActive),
                ("now", location.CreatedAt),
                ("metadata", MetadataMap.Store(location.Metadata)));
            await trail.Record(
                connection,
                location.OrganizationId,
                "location.create",
                $"location:{location.LocationId}",
                null,
                location,
                cancellation);
        },
        cancellation);

    /// <summary>
    /// Changes what <paramref name="change"/> makes different; null when it refuses or there is no such row.
    /// </summary>
    public Task<Location?> Update(
        OrganizationId organization,
        LocationId location,
        Func<Location, Location?> change,
        CancellationToken cancellation) => database.Write(
        async connection =>
        {
            // Under the row's lock: two changes of metadata at once must not lose one of them.
            var stored = await connection.First(
                FindLocation + database.ForUpdate,
                ReadLocation,
                cancellation,
                ("org", organization),
                ("location", location));
            if (stored is null || change(stored) is not { } changed)
            {
                return null;
            }

            await connection.Execute(
                ChangeLocation,
                cancellation,
                ("org", organization),
                ("location", location),
                ("name", changed.Name),
                ("active", changed.IsActive),
                ("metadata", MetadataMap.Store(changed.Metadata)));
            await trail.Record(
                connection, organization, "location.change", $"location:{location}", stored, changed, cancellation);
            return changed;
        },
        cancellation);

    /// <summary>
    /// Adds all offers or none. Returns the positions of those whose location is not the retailer's; nothing is added
    /// then.
    /// </summary>
    public Task<List<int>> Add(
        OrganizationId organization, IReadOnlyList<Offer> offers, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var known = (await connection.Query(
                LocationIds, row => row.Id<LocationId>(0), cancellation, ("org", organization))).ToHashSet();
            var strangers = Enumerable.Range(0, offers.Count)
                .Where(index => !known.Contains(offers[index].LocationId))
                .ToList();
            if (strangers.Count > 0)
            {
                return strangers;
            }

            foreach (var offer in offers)
            {
                await connection.Execute(
                    InsertOffer,
                    cancellation,
                    ("org", organization),
                    ("offer", offer.OfferId),
                    ("location", offer.LocationId),
                    ("name", offer.Name),
                    ("sku", offer.Sku),
                    ("now", offer.CreatedAt),
                    ("metadata", MetadataMap.Store(offer.Metadata)));
            }

            await Record(connection, organization, offers, cancellation);
            return strangers;
        },
        cancellation);

    /// <summary>Many are one entry: their ids say enough, and the offers themselves never change.</summary>
    private Task Record(
        DbConnection connection,
        OrganizationId organization,
        IReadOnlyList<Offer> offers,
        CancellationToken cancellation) => offers is [var one]
        ? trail.Record(connection, organization, "offer.create", $"offer:{one.OfferId}", null, one, cancellation)
        : trail.Record(
            connection,
            organization,
            "offer.create_many",
            $"organization:{organization}",
            null,
            new { offers.Count, OfferIds = offers.Select(offer => offer.OfferId) },
            cancellation);

    private Task<Paged<T>> List<T>(
        string count,
        string list,
        Func<DbDataReader, T> read,
        OrganizationId organization,
        Page page,
        CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var total = (int)(await connection.Number(count, cancellation, ("org", organization)))!.Value;
            var rows = await connection.Query(
                list, read, cancellation, ("org", organization), ("size", page.Size), ("offset", page.Offset));
            return new Paged<T>(rows, page, total);
        },
        cancellation);

    private static Location ReadLocation(DbDataReader row) => new(
        row.Id<LocationId>(0),
        row.Id<OrganizationId>(1),
        row.GetString(2),
        row.GetBoolean(3),
        new Instant(row.GetInt64(4)),
        MetadataMap.Load(row.GetString(5)));

    private static Offer ReadOffer(DbDataReader row) => new(
        row.Id<OfferId>(0),
        row.Id<OrganizationId>(1),
        row.Id<LocationId>(2),
        row.GetString(3),
        row.GetString(4),
        new Instant(row.GetInt64(5)),
        MetadataMap.Load(row.GetString(6)));
}
