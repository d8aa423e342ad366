using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Audit;

/// <summary>How entries are read, for whoever reads them.</summary>
internal static class AuditEntries
{
    public const string Columns = """
        SELECT org_id, entry_no, at, actor, credential, action, subject, before_json, after_json, request_id,
               prev_hash, hash
        FROM audit_entry
        """;

    public static AuditEntry Read(DbDataReader row) => new(
        row.Id<OrganizationId>(0),
        row.GetInt64(1),
        new Instant(row.GetInt64(2)),
        new Acting(row.GetString(3), row.GetString(4), row.GetString(9)),
        row.GetString(5),
        row.GetString(6),
        row.GetString(7),
        row.GetString(8),
        row.Bytes(10),
        row.Bytes(11));
}
