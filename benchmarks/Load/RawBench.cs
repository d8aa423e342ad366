using System.Diagnostics;

namespace Countinghouse.Load;

/// <summary>A row of the ceilings.</summary>
internal sealed record RawFigures(string Row, double PerSecond, double? P50Milliseconds, double? P99Milliseconds);

/// <summary>What the machine gives without the product.</summary>
internal static class RawBench
{
    private static readonly int[] CommitRows = [1, 10, 100, 1_000, 10_000];
    private static readonly int[] Batches = [1, 10, 100, 1_000];

    /// <summary>Plain rows, by how many are committed at a time.</summary>
    public static async Task Store(Store store, BenchOptions options, EngineFigures figures)
    {
        foreach (var rows in options.IsQuick ? [100, 10_000] : CommitRows)
        {
            await Add(rows, ordered: true);
        }

        await Add(CommitRows[^1], ordered: false);

        async Task Add(int rows, bool ordered)
        {
            var rate = await store.RawRowsPerSecond(rows, ordered, options.RawMeasured);
            var row = new RawFigures(
                $"{store.RawName}, commits of {rows}, {(ordered ? "UUIDv7" : "UUIDv4")} keys", rate, null, null);
            figures.Raw.Add(row);
            Table.Raw(row, "rows/s");
        }
    }

    /// <summary>Kestrel reading the bodies of the load and storing nothing: events a second by batch.</summary>
    public static async Task Drop(int port, BenchOptions options, BenchFigures figures)
    {
        var campaigns = Enumerable.Repeat((new string('3', 22), new string('4', 22)), 20).ToList();
        foreach (var batch in Batches)
        {
            var result = await new LoadRun(new LoadPlan
            {
                Traffic = new Traffic(campaigns, IdForm.Dated, "csb_none", "/drop"),
                Ports = [port],
                Batch = batch,
                Connections = new IngestRow(Spread.TwentyCampaigns, batch).Connections,
                WarmUp = options.WarmUp,
                Measured = options.RawMeasured,
                Seed = 1,
            }).Run();
            var row = new RawFigures(
                $"Kestrel reads and drops, batch {batch}",
                result.EventsPerSecond,
                result.Latency.Milliseconds(500),
                result.Latency.Milliseconds(990));
            figures.Drop.Add(row);
            figures.DropByBatch[batch] = result.EventsPerSecond;
            Table.Raw(row, "events/s");
        }
    }

    /// <summary>What making an event costs the load generator, in nanoseconds.</summary>
    public static double GeneratorNanosPerEvent(IdForm ids)
    {
        const int events = 2_000_000;
        var traffic = new Traffic([(new string('3', 22), new string('4', 22))], ids, "csb_none", "/drop");
        var source = new EventSource(traffic, 100, worker: 0, workers: 16, seed: 1);
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var best = double.MaxValue;
        for (var round = 0; round < 4; round++)
        {
            var begun = Stopwatch.GetTimestamp();
            for (var made = 0; made < events / 4; made += 100)
            {
                source.Next(now, out _);
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(begun).TotalNanoseconds / (events / 4));
        }

        return best;
    }
}
