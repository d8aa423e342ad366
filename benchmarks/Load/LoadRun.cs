using System.Diagnostics;
using System.Net.Sockets;

namespace Countinghouse.Load;

/// <summary>How a row is loaded.</summary>
internal sealed record LoadPlan
{
    public required Traffic Traffic { get; init; }

    /// <summary>Servers that take turns as the workers are handed out.</summary>
    public required IReadOnlyList<int> Ports { get; init; }

    public required int Batch { get; init; }

    public required int Connections { get; init; }

    /// <summary>Not measured, but checked like the rest.</summary>
    public required TimeSpan WarmUp { get; init; }

    public required TimeSpan Measured { get; init; }

    /// <summary>Most events of all workers together, whatever the time says.</summary>
    public long EventsMax { get; init; } = long.MaxValue;

    public required ulong Seed { get; init; }

    /// <summary>Most events a second of all workers together; 0: as many as are answered.</summary>
    public int Rate { get; init; }

    /// <summary>True when every event is to be rejected: for what a server does that stores nothing.</summary>
    public bool IsRejected { get; init; }
}

/// <summary>What the workers of a row saw.</summary>
internal sealed class LoadResult
{
    /// <summary>Fresh events whose requests were answered with 200 in the end.</summary>
    public long Fresh { get; set; }

    public long FreshBots { get; set; }

    /// <summary>Events that were sent a second time on purpose.</summary>
    public long Resent { get; set; }

    /// <summary>Sums of what answers said.</summary>
    public long Accepted { get; set; }

    public long Duplicates { get; set; }

    public long Requests { get; set; }

    /// <summary>Answers of 503, after which the same request was sent again.</summary>
    public long Busy { get; set; }

    /// <summary>Lost connections, after which the same request was sent again.</summary>
    public long Lost { get; set; }

    public long MeasuredEvents { get; set; }

    public long MeasuredRequests { get; set; }

    public double MeasuredSeconds { get; set; }

    public LatencyHistogram Latency { get; } = new();

    public double EventsPerSecond => MeasuredSeconds > 0 ? MeasuredEvents / MeasuredSeconds : 0;

    public double RequestsPerSecond => MeasuredSeconds > 0 ? MeasuredRequests / MeasuredSeconds : 0;
}

/// <summary>Loads a server with closed-loop workers, each with a connection of its own.</summary>
internal sealed class LoadRun(LoadPlan plan)
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    private readonly List<EventSource> _sources = [];
    private long _started;
    private long _measureFrom;
    private long _measureTo;

    public async Task<LoadResult> Run()
    {
        for (var worker = 0; worker < plan.Connections; worker++)
        {
            _sources.Add(new EventSource(plan.Traffic, plan.Batch, worker, plan.Connections, plan.Seed));
        }

        _started = Stopwatch.GetTimestamp();
        _measureFrom = _started + Ticks(plan.WarmUp);
        _measureTo = _measureFrom + Ticks(plan.Measured);
        var results = await Task.WhenAll(_sources.Select((source, worker) => Task.Run(() => Work(source, worker))));
        var ended = Math.Min(_measureTo, Stopwatch.GetTimestamp());
        var total = new LoadResult { MeasuredSeconds = Math.Max(0, Seconds(ended - _measureFrom)) };
        foreach (var part in results)
        {
            total.Fresh += part.Fresh;
            total.FreshBots += part.FreshBots;
            total.Resent += part.Resent;
            total.Accepted += part.Accepted;
            total.Duplicates += part.Duplicates;
            total.Requests += part.Requests;
            total.Busy += part.Busy;
            total.Lost += part.Lost;
            total.MeasuredEvents += part.MeasuredEvents;
            total.MeasuredRequests += part.MeasuredRequests;
            total.Latency.Add(part.Latency);
        }

        return total;
    }

    /// <summary>
    /// Sends a few of the requests again, as they were sent last; every event in them must be known. Returns how many
    /// were sent and how many of them the server called duplicates.
    /// </summary>
    public async Task<(long Sent, long Duplicates)> SendAgain(int requestsMax)
    {
        using var connection = new LoadConnection(plan.Ports[0]);
        var (sent, duplicates) = (0L, 0L);
        foreach (var request in _sources.SelectMany(source => source.Sent.Take(3)).Take(requestsMax))
        {
            var reply = await connection.Exchange(request.Bytes);
            (sent, duplicates) = (sent + plan.Batch, duplicates + reply.Duplicates);
        }

        return (sent, duplicates);
    }

    private async Task<LoadResult> Work(EventSource source, int worker)
    {
        var result = new LoadResult();
        using var connection = new LoadConnection(plan.Ports[worker % plan.Ports.Count]);
        var eventsMax = plan.EventsMax / plan.Connections;
        var epoch = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var begun = Stopwatch.GetTimestamp();
        while (begun < _measureTo && result.Fresh < eventsMax)
        {
            if (plan.Rate > 0)
            {
                begun = await Turn(worker, result.Requests);
            }

            var now = epoch + (long)(Seconds(begun - _started) * 1000);
            var request = source.Next(now, out var filled);
            var reply = await Send(connection, request.Bytes, result);
            var ended = Stopwatch.GetTimestamp();
            if (reply.Accepted + reply.Duplicates != (plan.IsRejected ? 0 : plan.Batch))
            {
                throw new BenchException($"An answer was not as expected: {connection.LastAnswer()}");
            }

            result.Fresh += filled.Fresh;
            result.FreshBots += filled.FreshBots;
            result.Resent += filled.Resent;
            result.Accepted += reply.Accepted;
            result.Duplicates += reply.Duplicates;
            result.Requests++;
            if (ended >= _measureFrom && ended <= _measureTo)
            {
                result.MeasuredEvents += plan.IsRejected ? plan.Batch : reply.Accepted;
                result.MeasuredRequests++;
            }

            // One that is still waiting at the end has waited too.
            if (ended >= _measureFrom)
            {
                result.Latency.Add((long)(Seconds(ended - begun) * 1_000_000));
            }

            begun = ended;
        }

        return result;
    }

    /// <summary>Waits until it is time for a worker's next request. Who is late sends at once.</summary>
    private async Task<long> Turn(int worker, long requests)
    {
        var apart = (double)plan.Batch * plan.Connections / plan.Rate;
        var due = _started + (long)((requests + ((double)worker / plan.Connections)) * apart * Stopwatch.Frequency);
        var early = Seconds(due - Stopwatch.GetTimestamp());
        if (early <= 0)
        {
            // It has been waiting since then.
            return due;
        }

        await Task.Delay(TimeSpan.FromSeconds(early));
        return Stopwatch.GetTimestamp();
    }

    /// <summary>Sends until the answer is 200: the contract says that resending is always safe.</summary>
    private static async Task<Reply> Send(LoadConnection connection, byte[] request, LoadResult result)
    {
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                var reply = await connection.Exchange(request);
                switch (reply.Status)
                {
                    case 200:
                        return reply;
                    case 503 when Stopwatch.GetElapsedTime(begun) < GiveUpAfter:
                        result.Busy++;
                        break;
                    default:
                        throw new BenchException($"An answer was not 200: {connection.LastAnswer()}");
                }
            }
            catch (Exception error) when (error is SocketException or IOException
                && Stopwatch.GetElapsedTime(begun) < GiveUpAfter)
            {
                result.Lost++;
                connection.Drop();
            }

            await Task.Delay(Pause);
        }
    }

    private static long Ticks(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);

    private static double Seconds(long ticks) => (double)ticks / Stopwatch.Frequency;
}
