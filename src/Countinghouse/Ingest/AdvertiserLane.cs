using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>A request's events with their answers.</summary>
/// <param name="events">Its events.</param>
/// <param name="sender">Who sent it.</param>
/// <param name="atomic">True: one refusal refuses all.</param>
/// <param name="arrivedAt">Timestamp of when it came into the queue.</param>
internal sealed class EventRequest(ArraySegment<SentEvent> events, EventSender sender, bool atomic, long arrivedAt)
{
    public long ArrivedAt => arrivedAt;

    public ArraySegment<SentEvent> Events => events;

    public EventSender Sender => sender;

    public bool Atomic => atomic;

    public EventAnswer[] Answers { get; } = new EventAnswer[events.Count];

    public void Refuse(int position, EventOutcome outcome, FoundIn found = FoundIn.Nothing) =>
        Answers[position] = new EventAnswer(outcome, events[position].Id ?? default, found);
}

/// <summary>The events of a request that are one advertiser's: nearly always all of them.</summary>
internal sealed class EventPart(EventRequest request, AdvertiserLane lane)
{
    // Who waits for it goes on on a thread of its own: the flush must not run a request's answer.
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public EventRequest Request => request;

    public AdvertiserLane Lane => lane;

    /// <summary>Places of its events in the request, in order.</summary>
    public List<int> Positions { get; } = new(request.Events.Count);

    public Task Done => _done.Task;

    public void Succeed() => _done.TrySetResult();

    public void Fail(Exception error) => _done.TrySetException(error);
}

/// <summary>
/// Where an advertiser's events wait on this node, and what the node knows of the advertiser. One flush at a time: who
/// holds <see cref="Lock"/> may use the state. What other nodes do is held off by the head's row lock, not by this one.
/// </summary>
internal sealed class AdvertiserLane(OrganizationId advertiser)
{
    private readonly Queue<EventPart> _waiting = new();
    private bool _isDrained = true;

    public OrganizationId Advertiser => advertiser;

    public SemaphoreSlim Lock { get; } = new(1);

    /// <summary>Null before the first flush, and after one that failed: then it is read anew.</summary>
    public AdvertiserState? State { get; set; }

    /// <summary>Packs this lane's flushes, one after the other.</summary>
    public JournalWriter Journal { get; } = new();

    /// <summary>True when nobody was writing the lane, so that the caller has to see to it.</summary>
    public bool Add(EventPart part)
    {
        lock (_waiting)
        {
            _waiting.Enqueue(part);
            var starts = _isDrained;
            _isDrained = false;
            return starts;
        }
    }

    /// <summary>
    /// The next flush: as much as waits, up to a limit, and one part whatever its size. Nothing: the lane is drained.
    /// </summary>
    public List<EventPart> Take(int eventsMax)
    {
        var parts = new List<EventPart>();
        lock (_waiting)
        {
            var events = 0;
            while (_waiting.TryPeek(out var next)
                && (parts.Count == 0 || events + next.Positions.Count <= eventsMax))
            {
                parts.Add(_waiting.Dequeue());
                events += next.Positions.Count;
            }

            _isDrained = parts.Count == 0;
        }

        return parts;
    }
}
