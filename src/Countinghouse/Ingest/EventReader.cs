using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>What the events of an advertiser come to, counted from the events themselves.</summary>
public readonly record struct EventTotals(long Events, Money Charges);

/// <summary>The only reader of stored events. How they are stored is this slice's own business.</summary>
public sealed class EventReader
{
    private const string SumPeriod = """
        SELECT COUNT(*), CAST(COALESCE(SUM(charge_micro), 0) AS bigint)
        FROM ad_event
        WHERE org_id = @org AND billing_hour BETWEEN @first AND @last
        """;

    /// <summary>Everything an advertiser's events of a month come to; for holding the rollups against.</summary>
    public async Task<EventTotals> Totals(
        DbConnection connection, OrganizationId advertiser, Period period, CancellationToken cancellation)
    {
        var rows = await connection.Query(
            SumPeriod,
            row => new EventTotals(row.GetInt64(0), new Money(row.GetInt64(1))),
            cancellation,
            ("org", advertiser),
            ("first", period.FirstDay.FirstHour),
            ("last", period.LastDay.LastHour));
        return rows[0];
    }
}
