using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Telemetry;

namespace Countinghouse.Payouts;

/// <summary>How payouts stand, for telemetry.</summary>
public sealed class PayoutGauges(TimeProvider clock)
{
    private const string States = "SELECT state, COUNT(*) FROM payout GROUP BY state";

    private const string OldestUnknown = """
        SELECT MIN(a.last_sent_at) FROM payout p
        JOIN payout_attempt a ON a.org_id = p.org_id AND a.payout_id = p.payout_id
        WHERE p.state = 'UNKNOWN' AND a.outcome IN ('IN_FLIGHT', 'UNKNOWN')
        """;

    private const string Halted = "SELECT COUNT(*) FROM payout_halt";

    private const string Held = "SELECT COUNT(*) FROM payout_account WHERE hold_reason IS NOT NULL";

    private const string Differences = "SELECT COUNT(*) FROM payout_difference WHERE settled_at IS NULL";

    private const string LastReconciled = "SELECT MAX(finished_at) FROM reconciliation WHERE failure = ''";

    public async Task<IReadOnlyList<Gauge>> Read(DbConnection connection, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var stored = (await connection.Query(
            States, row => (State: row.GetString(0), Count: row.GetInt64(1)), cancellation)).ToDictionary(
            one => one.State, one => one.Count);
        var gauges = Enum.GetValues<PayoutState>().Select(state => new Gauge(
            "countinghouse.payouts", "{payout}", "Payouts by state.", stored.GetValueOrDefault(PayoutWords.Of(state)),
            "state", PayoutWords.Of(state))).ToList();
        gauges.Add(new Gauge(
            "countinghouse.payouts.unknown.age", "s", "Since the oldest payout whose fate is unknown was sent.",
            Since(await connection.Number(OldestUnknown, cancellation), now)));
        gauges.Add(new Gauge(
            "countinghouse.payouts.halted", "1", "1 while all payouts are stopped.",
            await connection.Number(Halted, cancellation) ?? 0));
        gauges.Add(new Gauge(
            "countinghouse.payouts.held", "{retailer}", "Retailers whose payouts are on hold.",
            await connection.Number(Held, cancellation) ?? 0));
        gauges.Add(new Gauge(
            "countinghouse.payouts.differences", "{difference}",
            "Differences between payouts and what the provider moved that nobody has settled.",
            await connection.Number(Differences, cancellation) ?? 0));
        if (await connection.Number(LastReconciled, cancellation) is { } reconciled)
        {
            gauges.Add(new Gauge(
                "countinghouse.payouts.reconciliation.age", "s", "Since payouts were last held against the provider.",
                Since(reconciled, now)));
        }

        return gauges;
    }

    private static long Since(long? micros, DateTimeOffset now) =>
        micros is { } at ? Math.Max(0, (Instant.Of(now) - new Instant(at)).Ticks / TimeSpan.TicksPerSecond) : 0;
}
