using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>What an organization's campaigns did over a span of days.</summary>
public sealed class PerformanceReport(Database database)
{
    private const string Name = "SELECT name FROM organization WHERE org_id = @org";

    private const string Sum = """
        SELECT CAST(COALESCE(SUM(impressions), 0) AS bigint), CAST(COALESCE(SUM(clicks), 0) AS bigint),
               CAST(COALESCE(SUM(charge_micro), 0) AS bigint)
        FROM stat_hourly
        WHERE org_id = @org AND hour BETWEEN @first AND @last
        """;

    public Task<OrganizationPerformanceResponse> Read(
        OrganizationId organization, ReportRange range, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var name = await connection.First(Name, row => row.GetString(0), cancellation, ("org", organization));
            var totals = await connection.First(
                Sum,
                row => SummaryTotals.Of(row.GetInt64(0), row.GetInt64(1), new Money(row.GetInt64(2))),
                cancellation,
                ("org", organization),
                ("first", range.Start.FirstHour),
                ("last", range.End.LastHour));
            return new OrganizationPerformanceResponse(organization, name!, range.Start, range.End, totals!);
        },
        cancellation);
}
