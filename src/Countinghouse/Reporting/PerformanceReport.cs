using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>What an organization's campaigns did over a span of days.</summary>
public sealed class PerformanceReport(ReportRows rows)
{
    private const string Name = "SELECT name FROM organization WHERE org_id = @org";

    private readonly string _sum = $"""
        SELECT CAST(COALESCE(SUM(impressions), 0) AS bigint), CAST(COALESCE(SUM(clicks), 0) AS bigint),
               CAST(COALESCE(SUM(charge_micro), 0) AS bigint)
        FROM {rows.Hourly}
        """;

    public async Task<OrganizationPerformanceResponse> Read(
        DbConnection connection, OrganizationId organization, ReportRange range, CancellationToken cancellation)
    {
        var name = await connection.First(Name, row => row.GetString(0), cancellation, ("org", organization));
        var totals = await connection.First(
            _sum,
            row => SummaryTotals.Of(row.GetInt64(0), row.GetInt64(1), new Money(row.GetInt64(2))),
            cancellation,
            ("org", organization),
            ("first", range.Start.FirstHour),
            ("last", range.End.LastHour),
            ("tail", await rows.Tail(connection, organization, cancellation)));
        return new OrganizationPerformanceResponse(organization, name!, range.Start, range.End, totals!);
    }
}
