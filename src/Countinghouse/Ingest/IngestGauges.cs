using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Telemetry;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>How recording and verifying stand, for telemetry.</summary>
public sealed class IngestGauges(EventWriter writer, IOptions<IngestOptions> options, TimeProvider clock)
{
    private const string LastClean = "SELECT MAX(started_at) FROM verification WHERE state = 'clean'";

    private const string Differences = """
        SELECT difference_count FROM verification WHERE state IN ('clean', 'different')
        ORDER BY started_at DESC, verification_id DESC LIMIT 1
        """;

    public async Task<IReadOnlyList<Gauge>> Read(DbConnection connection, CancellationToken cancellation)
    {
        var gauges = new List<Gauge>
        {
            new(
                "countinghouse.ingest.queue.events", "{event}", "Events of this node that wait or are being written.",
                writer.Queued),
            new(
                "countinghouse.ingest.queue.capacity", "{event}", "Events that may wait on this node.",
                options.Value.QueuedEventsMax),
            new(
                "countinghouse.ingest.batches_behind", "{batch}",
                "Batches of all nodes that rollups do not contain yet.",
                await Rollups.CountBehind(connection, cancellation)),
            new(
                "countinghouse.verification.differences", "{figure}",
                "Figures that the last verification found to be other than the events say.",
                await connection.Number(Differences, cancellation) ?? 0),
        };
        if (await connection.Number(LastClean, cancellation) is { } clean)
        {
            gauges.Add(new Gauge(
                "countinghouse.verification.age", "s", "Since the last verification that found everything right.",
                (long)(clock.GetUtcNow() - new Instant(clean).ToTime()).TotalSeconds));
        }

        return gauges;
    }
}
