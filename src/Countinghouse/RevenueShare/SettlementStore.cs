using System.Data.Common;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>What the records of a month come to.</summary>
public readonly record struct SettlementTotals(long Records, Cents Gross, Cents Fee, Cents Share);

/// <summary>A month of the whole platform. Counts and totals stand once it is closed.</summary>
public sealed record Settlement(
    Period Period,
    SettlementState State,
    Instant? StartedAt,
    Instant? ClosedAt,
    long? EventCount,
    Money? Charge,
    SettlementTotals? Totals);

/// <summary>A retailer's part in a month: made, or as it would be made.</summary>
public readonly record struct RetailerShare(
    OrganizationId Retailer, ShareId Share, Cents Gross, Cents Fee, Cents RetailerPart, FeeRate Rate, string Name);

/// <summary>Reads which months were closed, and what that made.</summary>
public sealed class SettlementStore(Database database)
{
    private const string FindLastClosed = "SELECT MAX(period) FROM settlement WHERE state = 'CLOSED'";

    private const string FindFirstStarted = "SELECT MIN(period) FROM settlement";

    // By way of the advertisers, so that the index answers and no rollup is read.
    private const string FindFirstHour = """
        SELECT MIN(first_hour) FROM (
            SELECT (SELECT MIN(s.hour) FROM stat_hourly s WHERE s.org_id = o.org_id) AS first_hour
            FROM ingest_head o) AS firsts
        """;

    private const string Columns = """
        SELECT period, state, started_at, closed_at, event_count, charge_micro, record_count, gross_cents, fee_cents,
               share_cents
        FROM settlement
        """;

    private const string FindOne = Columns + " WHERE period = @period";

    private const string ListAll = Columns + " ORDER BY period DESC LIMIT @size OFFSET @offset";

    private const string CountAll = "SELECT COUNT(*) FROM settlement";

    private const string ListShares = """
        SELECT r.org_id, r.share_id, r.gross_cents, r.fee_cents, r.share_cents, r.fee_ppm, o.name
        FROM revenue_share r JOIN organization o ON o.org_id = r.org_id
        WHERE r.period = @period ORDER BY r.org_id LIMIT @size OFFSET @offset
        """;

    /// <summary>The first month still open; null while nothing was recorded and none was closed.</summary>
    public Task<Period?> NextToClose(CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var closed = await connection.Number(FindLastClosed, cancellation);
            if (closed is { } last)
            {
                return RevenueShareRules.NextToClose(Period.FromNumber((int)last), null);
            }

            var started = await connection.Number(FindFirstStarted, cancellation);
            var month = await connection.Number(FindFirstHour, cancellation) / 10_000;
            var first = started < month ? started : month ?? started;
            return RevenueShareRules.NextToClose(null, first is { } number ? Period.FromNumber((int)number) : null);
        },
        cancellation);

    public Task<Settlement?> Find(Period period, CancellationToken cancellation) =>
        database.Read(connection => Find(connection, period, cancellation), cancellation);

    /// <summary>On the caller's transaction.</summary>
    internal static Task<Settlement?> Find(
        DbConnection connection, Period period, CancellationToken cancellation) =>
        connection.First(FindOne, Read, cancellation, ("period", period));

    public Task<Paged<Settlement>> List(Page page, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var total = (int)(await connection.Number(CountAll, cancellation))!.Value;
            var rows = await connection.Query(
                ListAll, Read, cancellation, ("size", page.Size), ("offset", page.Offset));
            return new Paged<Settlement>(rows, page, total);
        },
        cancellation);

    /// <summary>The records of a closed month, by retailer.</summary>
    public Task<List<RetailerShare>> Shares(Period period, Page page, CancellationToken cancellation) =>
        database.Read(
            connection => connection.Query(
                ListShares,
                row => new RetailerShare(
                    row.Id<OrganizationId>(0),
                    row.Id<ShareId>(1),
                    new Cents(row.GetInt64(2)),
                    new Cents(row.GetInt64(3)),
                    new Cents(row.GetInt64(4)),
                    new FeeRate(row.GetInt32(5)),
                    row.GetString(6)),
                cancellation,
                ("period", period),
                ("size", page.Size),
                ("offset", page.Offset)),
            cancellation);

    private static Settlement Read(DbDataReader row)
    {
        var closed = !row.IsDBNull(3);
        return new Settlement(
            Period.FromNumber(row.GetInt32(0)),
            Enum.Parse<SettlementState>(row.GetString(1), ignoreCase: true),
            new Instant(row.GetInt64(2)),
            row.InstantOrNull(3),
            row.NumberOrNull(4),
            closed ? new Money(row.GetInt64(5)) : null,
            closed
                ? new SettlementTotals(
                    row.GetInt64(6), new Cents(row.GetInt64(7)), new Cents(row.GetInt64(8)), new Cents(row.GetInt64(9)))
                : null);
    }
}
