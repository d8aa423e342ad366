using System.Diagnostics.Metrics;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>How an event was found to be on record already.</summary>
public enum FoundIn
{
    /// <summary>It was not.</summary>
    Nothing = 0,

    /// <summary>In the memory of a batch that this process wrote.</summary>
    OwnBatch = 1,

    /// <summary>In the memory of a batch that was read: another node's, or of an earlier life.</summary>
    ReadBatch = 2,

    /// <summary>In a stored run of ids.</summary>
    Run = 3,
}

/// <summary>Counts since a start: of events, but for the flushes.</summary>
public readonly record struct IngestCounts(
    long Accepted, long Duplicates, long Conflicts, long Flushes, long Refusals);

/// <summary>
/// What became of events, counted once they are durable; per batch and per request, never per event. The meters are for
/// whoever collects them; the same counts are kept here for the operator, who asks this node.
/// </summary>
public sealed class IngestMetrics : IDisposable
{
    public const string MeterName = "Countinghouse.Ingest";

    private static readonly KeyValuePair<string, object?>[] Places =
    [
        new("found_in", "nothing"), new("found_in", "own_batch"), new("found_in", "read_batch"), new("found_in", "run"),
    ];

    private readonly Meter _meter = new(MeterName);
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _duplicates;
    private readonly Counter<long> _conflicts;
    private readonly Counter<long> _flushes;
    private readonly Counter<long> _refusals;

    private readonly TimeProvider _clock;
    private readonly IngestTimes _times;
    private readonly Lock _gate = new();
    private IngestCounts _counts;
    private Instant? _lastEventAt;

    public IngestMetrics(TimeProvider clock)
    {
        _clock = clock;
        _times = new IngestTimes(clock);
        StartedAt = Instant.Of(clock.GetUtcNow());
        _accepted = _meter.CreateCounter<long>("ingest.accepted", "{event}", "Events put on record.");
        _duplicates = _meter.CreateCounter<long>(
            "ingest.duplicates", "{event}", "Events that were on record, by where they were found.");
        _conflicts = _meter.CreateCounter<long>(
            "ingest.conflicts", "{event}", "Event ids that belong to another event, by where that was found.");
        _flushes = _meter.CreateCounter<long>("ingest.flushes", "{flush}", "Transactions that wrote or answered.");
        _refusals = _meter.CreateCounter<long>(
            "ingest.queue_refusals", "{event}", "Events refused because the queue was full.");
    }

    public Instant StartedAt { get; }

    /// <summary>All since the start.</summary>
    public IngestCounts Counts
    {
        get
        {
            lock (_gate)
            {
                return _counts;
            }
        }
    }

    /// <summary>When this node last put an event on record; null before the first.</summary>
    public Instant? LastEventAt
    {
        get
        {
            lock (_gate)
            {
                return _lastEventAt;
            }
        }
    }

    internal LastMinute LastMinute => _times.Read();

    /// <summary>Counts the answers of a flush whose transaction is durable.</summary>
    /// <param name="work">The flush.</param>
    /// <param name="began">Timestamp of its beginning.</param>
    internal void Flushed(List<(AdvertiserLane Lane, List<EventPart> Parts)> work, long began)
    {
        var accepted = 0L;
        Span<long> duplicates = stackalloc long[Places.Length];
        Span<long> conflicts = stackalloc long[Places.Length];
        foreach (var (_, parts) in work)
        {
            foreach (var part in parts)
            {
                foreach (var position in part.Positions)
                {
                    ref readonly var answer = ref part.Request.Answers[position];
                    switch (answer.Outcome)
                    {
                        case EventOutcome.Accepted:
                            accepted++;
                            break;
                        case EventOutcome.Duplicate:
                            duplicates[(int)answer.Found]++;
                            break;
                        case EventOutcome.IdReused:
                            conflicts[(int)answer.Found]++;
                            break;
                    }
                }
            }
        }

        _times.Flushed(began, accepted, work);
        lock (_gate)
        {
            _counts = _counts with
            {
                Accepted = _counts.Accepted + accepted,
                Duplicates = _counts.Duplicates + Sum(duplicates),
                Conflicts = _counts.Conflicts + Sum(conflicts),
                Flushes = _counts.Flushes + 1,
            };
            _lastEventAt = accepted > 0 ? Instant.Of(_clock.GetUtcNow()) : _lastEventAt;
        }

        _flushes.Add(1);
        Add(_accepted, accepted);
        for (var place = 0; place < Places.Length; place++)
        {
            Add(_duplicates, duplicates[place], Places[place]);
            Add(_conflicts, conflicts[place], Places[place]);
        }
    }

    /// <summary>Counts events that found the queue full.</summary>
    public void Refused(int events)
    {
        _times.Refused(events);
        lock (_gate)
        {
            _counts = _counts with { Refusals = _counts.Refusals + events };
        }

        _refusals.Add(events);
    }

    public void Dispose() => _meter.Dispose();

    private static long Sum(ReadOnlySpan<long> counts)
    {
        var sum = 0L;
        foreach (var count in counts)
        {
            sum += count;
        }

        return sum;
    }

    private static void Add(Counter<long> counter, long count, params ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (count > 0)
        {
            counter.Add(count, tags);
        }
    }
}
