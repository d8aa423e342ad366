using System.Data.Common;
using Countinghouse.Audit;

namespace Countinghouse.Ingest;

/// <summary>Makes the audit log's chains a part of verify, which Audit itself knows nothing of.</summary>
internal static class TrailCheck
{
    public static Task Check(DbConnection connection, Action<Difference> report, CancellationToken cancellation) =>
        AuditChains.Check(
            connection,
            fault => report(new Difference(
                fault.Organization, fault.Table, fault.Key, fault.Figure, fault.Stored, fault.Expected)),
            cancellation);
}
