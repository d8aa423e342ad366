using System.Data.Common;
using Countinghouse.Storage;
using Countinghouse.Telemetry;

namespace Countinghouse.RevenueShare;

/// <summary>How far months are closed, for telemetry.</summary>
public sealed class CloseGauges(SettlementStore settlements, TimeProvider clock)
{
    private const string Closing = "SELECT MAX(period) FROM settlement WHERE state = 'CLOSING'";

    private const string Advertisers = "SELECT COUNT(*) FROM ingest_head";

    private const string Fenced = "SELECT COUNT(*) FROM ingest_head WHERE fenced_through >= @period";

    private const string Records = "SELECT COUNT(*) FROM revenue_share WHERE period = @period";

    public async Task<IReadOnlyList<Gauge>> Read(DbConnection connection, CancellationToken cancellation)
    {
        var next = await settlements.NextToClose(cancellation);
        var overdue = next is { } open && RevenueShareRules.IsDue(open, clock.GetUtcNow())
            ? (long)(clock.GetUtcNow() - RevenueShareRules.ClosesAt(open).ToTime()).TotalSeconds
            : 0;
        var gauges = new List<Gauge>
        {
            new(
                "countinghouse.close.overdue", "s", "Since the oldest month that is not closed could be closed.",
                overdue),
        };
        if (await connection.Number(Closing, cancellation) is not { } period)
        {
            return gauges;
        }

        gauges.Add(Step("advertisers", await connection.Number(Advertisers, cancellation)));
        gauges.Add(Step("fenced", await connection.Number(Fenced, cancellation, ("period", period))));
        gauges.Add(Step("records", await connection.Number(Records, cancellation, ("period", period))));
        return gauges;
    }

    private static Gauge Step(string step, long? count) => new(
        "countinghouse.close.progress", "{organization}",
        "Of the month being closed: advertisers, those fenced, and records made.", count ?? 0, "step", step);
}
