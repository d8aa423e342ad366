using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Keeps the lists that an operator loads.</summary>
public sealed class TrafficListStore(Database database, AuditTrail trail)
{
    private const string ReadVersion = "SELECT version FROM traffic_list_version";

    private const string ReadAll = "SELECT org_id, list, entry FROM traffic_list ORDER BY list, org_id, entry";

    // The row is locked from here on, so that of two loads at once the later one replaces the earlier one whole.
    private const string RaiseVersion = """
        INSERT INTO traffic_list_version (id, version) VALUES (1, 1)
        ON CONFLICT (id) DO UPDATE SET version = traffic_list_version.version + 1
        """;

    private const string Delete = "DELETE FROM traffic_list WHERE org_id = @org AND list = @list";

    private const string Insert = "INSERT INTO traffic_list (org_id, list, entry) VALUES (@org, @list, @entry)";

    private static readonly string[] InsertNames = ["org", "list", "entry"];

    /// <summary>0 before anything was loaded.</summary>
    public Task<int> Version(CancellationToken cancellation) =>
        database.Read(connection => Version(connection, cancellation), cancellation);

    /// <summary>All lists, ordered by list, organization and entry, and the version they are of.</summary>
    public Task<(int Version, List<TrafficEntry> Entries)> Read(CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection => (
                await Version(connection, cancellation),
                await connection.Query(ReadAll, ReadEntry, cancellation)),
            cancellation);

    /// <summary>Puts these entries in the place of the list's. Returns the version that has them.</summary>
    /// <param name="organization">The zero id: the whole platform.</param>
    /// <param name="list">The list.</param>
    /// <param name="entries">As <see cref="TrafficEntries"/> reads them, each once.</param>
    /// <param name="cancellation">Leaves the list as it was.</param>
    public Task<int> Replace(
        OrganizationId organization,
        TrafficList list,
        IReadOnlyList<string> entries,
        CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var name = Name(list);
            await connection.Execute(RaiseVersion, cancellation);
            var deleted = await connection.Execute(
                Delete, cancellation, ("org", organization), ("list", name));
            await connection.ExecuteMany(
                Insert,
                InsertNames,
                entries.Select(entry => new object?[] { organization, name, entry }),
                cancellation);
            var version = await Version(connection, cancellation);

            // Not the entries themselves: they are addresses and user agents, and many.
            await trail.Record(
                connection,
                organization,
                entries.Count == 0 ? "traffic_list.clear" : "traffic_list.load",
                $"traffic_list:{name}",
                new { EntryCount = deleted },
                new { EntryCount = entries.Count, Version = version },
                cancellation);
            return version;
        },
        cancellation);

    private static async Task<int> Version(DbConnection connection, CancellationToken cancellation) =>
        (int)(await connection.Number(ReadVersion, cancellation) ?? 0);

    private static TrafficEntry ReadEntry(DbDataReader row) =>
        new(row.Id<OrganizationId>(0), ListOf(row.GetString(1)), row.GetString(2));

    /// <summary>Stored: never change one.</summary>
    private static string Name(TrafficList list) => list switch
    {
        TrafficList.Agent => "agent",
        TrafficList.Network => "network",
        TrafficList.Domain => "domain",
        TrafficList.OwnNetwork => "own_network",
    };

    private static TrafficList ListOf(string name) => Enum.GetValues<TrafficList>().Single(list => Name(list) == name);
}
