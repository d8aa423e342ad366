using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Audit;

/// <summary>Something in a chain that is not what the rest of it says.</summary>
public sealed record AuditFault(
    OrganizationId Organization, string Table, string Key, string Figure, string Stored, string Expected);

/// <summary>
/// Holds every chain against its hashes: numbers without gaps, each hash over the one before, and the head.
/// </summary>
public static class AuditChains
{
    private const string Entries = AuditEntries.Columns + " ORDER BY org_id, entry_no";

    // Since there is a trail, making an organization is an entry of it.
    private const string WithoutChain = """
        SELECT o.org_id FROM organization o
        WHERE o.created_at > (SELECT applied_at FROM schema_migration WHERE number = 10)
          AND o.org_id NOT IN (SELECT h.org_id FROM audit_head h)
        ORDER BY o.org_id
        """;

    private const string Heads = "SELECT org_id, entry_no, hash FROM audit_head ORDER BY org_id";

    /// <summary>Reads the whole trail, an entry at a time; one fault for each figure that is off.</summary>
    public static async Task Check(
        DbConnection connection, Action<AuditFault> report, CancellationToken cancellation)
    {
        var ends = new Dictionary<OrganizationId, (long Number, byte[] Hash)>();
        await connection.ForEach(
            Entries,
            row =>
            {
                var entry = AuditEntries.Read(row);
                Check(entry, ends.GetValueOrDefault(entry.Organization, Beginning), report);

                // What follows is held against what is stored: one changed entry is one fault, not a chain of them.
                ends[entry.Organization] = (entry.Number, entry.Hash);
            },
            cancellation);
        var heads = await connection.Query(
            Heads,
            row => KeyValuePair.Create(row.Id<OrganizationId>(0), (Number: row.GetInt64(1), Hash: row.Bytes(2))),
            cancellation);
        foreach (var organization in await connection.Query(
            WithoutChain, row => row.Id<OrganizationId>(0), cancellation))
        {
            Expect(organization, "audit_head", "chain", "rows", "missing", "there", report);
        }

        var known = new Dictionary<OrganizationId, (long Number, byte[] Hash)>(heads);
        foreach (var organization in ends.Keys.Union(known.Keys))
        {
            var end = ends.GetValueOrDefault(organization, Beginning);
            var head = known.GetValueOrDefault(organization, Beginning);
            Expect(organization, "audit_head", "head", "entry_no", Text(head.Number), Text(end.Number), report);
            Expect(organization, "audit_head", "head", "hash", Text(head.Hash), Text(end.Hash), report);
        }
    }

    private static (long Number, byte[] Hash) Beginning => (0, new byte[SHA256.HashSizeInBytes]);

    private static void Check(AuditEntry entry, (long Number, byte[] Hash) before, Action<AuditFault> report)
    {
        var (of, key) = (entry.Organization, $"entry {Text(entry.Number)}");
        Expect(of, "audit_entry", key, "entry_no", Text(entry.Number), Text(before.Number + 1), report);
        Expect(of, "audit_entry", key, "prev_hash", Text(entry.PreviousHash), Text(before.Hash), report);
        Expect(of, "audit_entry", key, "hash", Text(entry.Hash), Text(entry.ExpectedHash()), report);
    }

    private static void Expect(
        OrganizationId organization,
        string table,
        string key,
        string figure,
        string stored,
        string expected,
        Action<AuditFault> report)
    {
        if (stored != expected)
        {
            report(new AuditFault(organization, table, key, figure, stored, expected));
        }
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Text(byte[] hash) => Convert.ToHexStringLower(hash);
}
