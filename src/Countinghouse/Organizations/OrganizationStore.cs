using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Organizations;

/// <summary>An advertiser, a retailer, or both; or the platform itself, the operator.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="Name">Its name, as people read it.</param>
/// <param name="IsOperator">True for the one that runs the platform.</param>
/// <param name="CreatedAt">When it was created.</param>
/// <param name="Metadata">The organization's own notes.</param>
public sealed record Organization(
    OrganizationId OrganizationId,
    string Name,
    bool IsOperator,
    Instant CreatedAt,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>Keeps organizations.</summary>
public sealed class OrganizationStore(
    Database database, OrganizationVersions versions, AuditTrail trail, TimeProvider clock)
{
    private const string Columns = "SELECT org_id, name, is_operator, created_at, metadata FROM organization";

    private const string FindOne = Columns + " WHERE org_id = @org";

    private const string FindPlatform = Columns + " WHERE is_operator ORDER BY created_at, org_id LIMIT 1";

    // Everything has the empty text in its name, and nothing has the zero id.
    private const string Found = @"(LOWER(name) LIKE LOWER(@text) ESCAPE '\' OR org_id = @id)";

    private const string ListFound =
        Columns + " WHERE " + Found + " ORDER BY created_at, org_id LIMIT @size OFFSET @offset";

    private const string SelectSome = Columns + " WHERE " + Found + " AND org_id";

    private const string CountFound = "SELECT COUNT(*) FROM organization WHERE " + Found;

    private const string Insert = """
        INSERT INTO organization (org_id, name, is_operator, created_at, metadata)
        VALUES (@org, @name, @operator, @now, @metadata)
        """;

    // Months before the organization existed are closed to its events from the start.
    private const string InsertHead = """
        INSERT INTO ingest_head (org_id, batch_no, hash, config_version, fenced_through)
        VALUES (@org, 0, @hash, 0, @fenced)
        """;

    private const string InsertProjections = """
        INSERT INTO projection (org_id, name, through_batch)
        VALUES (@org, 'rollups', 0), (@org, 'reasons', 0), (@org, 'ids', 0)
        """;

    private const string Change = "UPDATE organization SET name = @name, metadata = @metadata WHERE org_id = @org";

    public Task<Organization?> Find(OrganizationId organization, CancellationToken cancellation) => database.Read(
        connection => connection.First(FindOne, Read, cancellation, ("org", organization)), cancellation);

    /// <summary>The platform's own organization; null before it was made.</summary>
    public Task<Organization?> FindOperator(CancellationToken cancellation) => database.Read(
        connection => connection.First(FindPlatform, Read, cancellation), cancellation);

    /// <summary>In the order of their making.</summary>
    /// <param name="search">Part of the name, or the id; null for all.</param>
    /// <param name="page">Which of them.</param>
    /// <param name="cancellation">Ends the work.</param>
    public Task<Paged<Organization>> List(string? search, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(CountFound, cancellation, Wanted(search)))!.Value;
                var rows = await connection.Query(
                    ListFound,
                    Read,
                    cancellation,
                    [.. Wanted(search), ("size", page.Size), ("offset", page.Offset)]);
                return new Paged<Organization>(rows, page, total);
            },
            cancellation);

    /// <summary>The same of some of them; callers have few.</summary>
    public async Task<Paged<Organization>> List(
        IEnumerable<OrganizationId> some, string? search, Page page, CancellationToken cancellation)
    {
        var rows = await database.Read(
            connection => connection.Query(
                SelectSome + database.AnyOf("orgs"),
                Read,
                cancellation,
                [.. Wanted(search), ("orgs", database.ListOf(some))]),
            cancellation);
        var sorted = rows.OrderBy(row => row.CreatedAt.Micros).ThenBy(row => row.OrganizationId.Value).ToList();
        return new Paged<Organization>([.. sorted.Skip((int)page.Offset).Take(page.Size)], page, sorted.Count);
    }

    public async Task<Organization> Create(
        string name, bool isOperator, IReadOnlyDictionary<string, string> metadata, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var created = new Organization(
            new OrganizationId(Guid.CreateVersion7(now)), name, isOperator, Instant.Of(now), metadata);
        await database.Write(
            async connection =>
            {
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("org", created.OrganizationId),
                    ("name", name),
                    ("operator", isOperator),
                    ("now", created.CreatedAt),
                    ("metadata", MetadataMap.Store(metadata)));
                await connection.Execute(
                    InsertHead,
                    cancellation,
                    ("org", created.OrganizationId),
                    ("hash", new byte[32]),
                    ("fenced", UtcDay.Of(now).Period.Previous));
                await connection.Execute(InsertProjections, cancellation, ("org", created.OrganizationId));
                await trail.Record(
                    connection,
                    created.OrganizationId,
                    "organization.create",
                    $"organization:{created.OrganizationId}",
                    null,
                    created,
                    cancellation);
            },
            cancellation);
        return created;
    }

    /// <summary>
    /// Changes what <paramref name="change"/> makes different; null when it refuses or there is no such row.
    /// </summary>
    public async Task<Organization?> Update(
        OrganizationId organization,
        Func<Organization, Organization?> change,
        CancellationToken cancellation)
    {
        try
        {
            return await database.Write(Changing, cancellation);
        }
        finally
        {
            versions.Changed(organization);
        }

        async Task<Organization?> Changing(DbConnection connection)
        {
            // Under the row's lock: two changes of metadata at once must not lose one of them.
            var stored = await connection.First(
                FindOne + database.ForUpdate, Read, cancellation, ("org", organization));
            if (stored is null || change(stored) is not { } changed)
            {
                return null;
            }

            await connection.Execute(
                Change,
                cancellation,
                ("org", organization),
                ("name", changed.Name),
                ("metadata", MetadataMap.Store(changed.Metadata)));
            // Reports show the name.
            await connection.Execute(OrganizationVersions.Raise, cancellation, ("org", organization));
            await trail.Record(
                connection,
                organization,
                "organization.change",
                $"organization:{organization}",
                stored,
                changed,
                cancellation);
            return changed;
        }
    }

    private static (string, object?)[] Wanted(string? search) =>
    [
        ("text", Sql.Containing(search ?? "")),
        ("id", ShortUuid.TryParse(search ?? "", out var id) ? id : Guid.Empty),
    ];

    private static Organization Read(DbDataReader row) => new(
        row.Id<OrganizationId>(0),
        row.GetString(1),
        row.GetBoolean(2),
        new Instant(row.GetInt64(3)),
        MetadataMap.Load(row.GetString(4)));
}
