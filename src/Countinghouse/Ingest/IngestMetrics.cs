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
    private static readonly EventReason[] Reasons = Enum.GetValues<EventReason>();

    /// <summary>The tags of each reason, by its number: whether it was reported and charged, and why not.</summary>
    private static readonly KeyValuePair<string, object?>[][] Verdicts = TagsOfReasons();

    private readonly Counter<long> _accepted;
    private readonly Counter<long> _events;
    private readonly Counter<long> _exhaustions;
    private readonly Histogram<double> _flushSeconds;
    private readonly Histogram<int> _flushEvents;
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
        _accepted = _meter.CreateCounter<long>(
            "countinghouse.ingest.accepted", "{event}", "Events put on record.");
        _duplicates = _meter.CreateCounter<long>(
            "countinghouse.ingest.duplicates", "{event}", "Events that were on record, by where they were found.");
        _conflicts = _meter.CreateCounter<long>(
            "countinghouse.ingest.conflicts",
            "{event}",
            "Event ids that belong to another event, by where that was found.");
        _flushes = _meter.CreateCounter<long>(
            "countinghouse.ingest.flushes", "{flush}", "Transactions that wrote or answered.");
        _refusals = _meter.CreateCounter<long>(
            "countinghouse.ingest.queue_refusals", "{event}", "Events refused because the queue was full.");
        _events = _meter.CreateCounter<long>(
            "countinghouse.ingest.events", "{event}", "Events put on record, by verdict and reason.");
        _exhaustions = _meter.CreateCounter<long>(
            "countinghouse.budget.exhaustions", "{campaign}", "Campaigns that were completed because of their budget.");
        _flushSeconds = _meter.CreateHistogram(
            "countinghouse.ingest.flush.duration",
            "s",
            "From the beginning of a flush until it is durable.",
            advice: new InstrumentAdvice<double>
            {
                HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
            });
        _flushEvents = _meter.CreateHistogram(
            "countinghouse.ingest.flush.events",
            "{event}",
            "Events put on record by a flush.",
            advice: new InstrumentAdvice<int>
            {
                HistogramBucketBoundaries = [1, 5, 10, 50, 100, 500, 1000, 2500, 5000, 12000],
            });
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
    /// <param name="flushed">What it put on record.</param>
    /// <param name="began">Timestamp of its beginning.</param>
    internal void Flushed(
        List<(AdvertiserLane Lane, List<EventPart> Parts)> work, List<AdvertiserFlush> flushed, long began)
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

        Measure(flushed, accepted, began);
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

    private static KeyValuePair<string, object?>[][] TagsOfReasons()
    {
        var tags = new KeyValuePair<string, object?>[(int)EventReason.DailyBudgetExhausted + 1][];
        foreach (var reason in Reasons)
        {
            var verdict = IngestRules.ValidityOf(reason) != Validity.Valid
                ? "invalid"
                : reason == EventReason.None ? "valid" : "free";
            tags[(int)reason] = [new("verdict", verdict), new("reason", EventWords.Of(reason) ?? "none")];
        }

        return tags;
    }

    private void Measure(List<AdvertiserFlush> flushed, long accepted, long began)
    {
        if (_flushSeconds.Enabled)
        {
            _flushSeconds.Record(_clock.GetElapsedTime(began).TotalSeconds);
            _flushEvents.Record((int)accepted);
        }

        foreach (var flush in flushed)
        {
            foreach (var reason in _events.Enabled ? Reasons : [])
            {
                Add(_events, flush.Reasons[(int)reason], Verdicts[(int)reason]);
            }

            Add(_exhaustions, flush.ExhaustedCount);
        }
    }

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
