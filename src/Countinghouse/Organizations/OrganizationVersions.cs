using System.Collections.Concurrent;
using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Organizations;

/// <summary>
/// What an organization's reports follow from: the number of its last batch of events and the version of its terms. The
/// same version, the same report.
/// </summary>
public readonly record struct OrganizationVersion(long BatchNo, long ConfigVersion);

/// <summary>
/// What this node knows of organizations' versions without asking: its own changes at once, those of other nodes as of
/// the last look, less than a second ago. Whoever finds nothing here asks the database.
/// </summary>
public sealed class OrganizationVersions(Database database, TimeProvider clock)
{
    /// <summary>Older knowledge is no knowledge.</summary>
    private static readonly TimeSpan GoodFor = TimeSpan.FromSeconds(1);

    /// <summary>Takes the head lock and tells every flush and report that terms have changed.</summary>
    internal const string Raise = "UPDATE ingest_head SET config_version = config_version + 1 WHERE org_id = @org";

    private const string Select = "SELECT batch_no, config_version FROM ingest_head WHERE org_id = @org";

    private const string SelectMany = "SELECT org_id, batch_no, config_version FROM ingest_head WHERE org_id";

    private readonly ConcurrentDictionary<OrganizationId, Known> _known = new();

    /// <summary>False when it is not known, or not for sure.</summary>
    public bool TryGet(OrganizationId organization, out OrganizationVersion version)
    {
        version = default;
        if (!_known.TryGetValue(organization, out var known) || known.Version is null
            || clock.GetElapsedTime(known.ReadAt) > GoodFor)
        {
            return false;
        }

        version = known.Version.Value;
        return true;
    }

    /// <summary>The version in the caller's snapshot.</summary>
    public static async Task<OrganizationVersion> Read(
        DbConnection connection, OrganizationId organization, CancellationToken cancellation)
    {
        var rows = await connection.Query(
            Select,
            row => new OrganizationVersion(row.GetInt64(0), row.GetInt64(1)),
            cancellation,
            ("org", organization));
        return rows.Count > 0 ? rows[0] : default;
    }

    /// <summary>
    /// How often this node has changed the organization; to be asked before a read whose version is to be kept.
    /// </summary>
    public int ChangesOf(OrganizationId organization) => _known.GetValueOrDefault(organization)?.Changes ?? 0;

    /// <summary>
    /// Takes over a version that was read, unless this node has changed the organization since the read began.
    /// </summary>
    /// <param name="organization">Whose.</param>
    /// <param name="version">As it was read.</param>
    /// <param name="changes">From <see cref="ChangesOf"/>, before the read.</param>
    /// <param name="began">Timestamp from before the read.</param>
    public void Learn(OrganizationId organization, OrganizationVersion version, int changes, long began)
    {
        _known.AddOrUpdate(
            organization,
            _ => new Known(version, began, changes),
            (_, known) => known.Changes == changes && (known.Version is null || known.ReadAt <= began)
                ? new Known(version, began, changes)
                : known);
    }

    /// <summary>
    /// This node has committed a change; what was known is past. Before anybody is told of the change.
    /// </summary>
    public void Changed(OrganizationId organization) => _known.AddOrUpdate(
        organization,
        static _ => new Known(null, 0, 1),
        static (_, known) => new Known(null, 0, known.Changes + 1));

    /// <summary>The same for a change that concerns all.</summary>
    public void AllChanged()
    {
        foreach (var organization in _known.Keys)
        {
            Changed(organization);
        }
    }

    /// <summary>Looks up what other nodes have changed meanwhile.</summary>
    public async Task Look(CancellationToken cancellation)
    {
        var changes = _known.Where(pair => pair.Value.Version is not null)
            .ToDictionary(pair => pair.Key, pair => pair.Value.Changes);
        if (changes.Count == 0)
        {
            return;
        }

        var began = clock.GetTimestamp();
        var rows = await database.Read(
            connection => connection.Query(
                SelectMany + database.AnyOf("orgs"),
                row => (row.Id<OrganizationId>(0), new OrganizationVersion(row.GetInt64(1), row.GetInt64(2))),
                cancellation,
                ("orgs", database.ListOf(changes.Keys))),
            cancellation);
        foreach (var (organization, version) in rows)
        {
            Learn(organization, version, changes[organization], began);
        }
    }

    /// <param name="Version">Null after a change of this node.</param>
    /// <param name="ReadAt">Timestamp of the read it comes from.</param>
    /// <param name="Changes">This node's own so far.</param>
    private sealed record Known(OrganizationVersion? Version, long ReadAt, int Changes);
}
