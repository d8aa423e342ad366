using System.Collections.Concurrent;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>
/// Takes events in and answers when they are durable. Those of an advertiser wait in its lane; whatever waits there
/// when the commit before is done goes into the next: under load the commit itself is the batching delay, and there is
/// no timer. What may wait in all is bounded.
/// </summary>
public sealed class EventWriter(
    EventFlusher flusher,
    OwnerStore owners,
    IOptions<IngestOptions> options,
    IngestMetrics metrics,
    TimeProvider clock)
    : IAsyncDisposable
{
    /// <summary>Most events of a request.</summary>
    public const int EventsMax = 1_000;

    private readonly ConcurrentDictionary<OrganizationId, AdvertiserLane> _lanes = new();
    private readonly SemaphoreSlim _flushes = new(options.Value.FlushesAtOnceMax);
    private int _queued;

    /// <summary>Events that wait or are being written.</summary>
    public int Queued => Volatile.Read(ref _queued);

    /// <summary>
    /// Records events in their order and answers each; null when the queue is full and nothing was done. With
    /// <paramref name="atomic"/> one refusal refuses all: nothing is stored, and the answers say which were at fault.
    /// The events are read until this returns, whatever becomes of the caller.
    /// </summary>
    public async Task<EventAnswer[]?> Write(
        ArraySegment<SentEvent> events, EventSender sender, bool atomic, CancellationToken cancellation)
    {
        if (Interlocked.Add(ref _queued, events.Count) > options.Value.QueuedEventsMax
            && _queued != events.Count)
        {
            Interlocked.Add(ref _queued, -events.Count);
            metrics.Refused(events.Count);
            return null;
        }

        try
        {
            var request = new EventRequest(events, sender, atomic, clock.GetTimestamp());
            var parts = await Split(request, cancellation);
            if (parts.Count > 0 && !(atomic && request.Answers.Any(answer => answer.IsRefusal)))
            {
                await Submit(parts, atomic);
            }

            return request.Answers;
        }
        finally
        {
            Interlocked.Add(ref _queued, -events.Count);
        }
    }

    /// <summary>The lane of an advertiser, for those who read its state.</summary>
    internal AdvertiserLane LaneOf(OrganizationId advertiser) =>
        _lanes.GetOrAdd(advertiser, static id => new AdvertiserLane(id));

    internal IEnumerable<AdvertiserLane> Lanes => _lanes.Values;

    /// <summary>Requests have ended by now, so lanes are empty or about to be.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes.Values)
        {
            await lane.Lock.WaitAsync();
        }

        _flushes.Dispose();
    }

    private async ValueTask<List<EventPart>> Split(EventRequest request, CancellationToken cancellation)
    {
        var parts = new List<EventPart>(1);
        EventPart? part = null;
        CampaignId last = default;
        for (var position = 0; position < request.Events.Count; position++)
        {
            var campaign = request.Events[position].Campaign;
            if (part is null || campaign != last)
            {
                last = campaign;
                part = await owners.OfCampaign(campaign, cancellation) is { } owner
                    ? PartOf(owner, parts, request)
                    : null;
            }

            if (part is null)
            {
                request.Refuse(position, EventOutcome.UnknownCampaign);
            }
            else
            {
                part.Positions.Add(position);
            }
        }

        return parts;
    }

    private EventPart PartOf(OrganizationId owner, List<EventPart> parts, EventRequest request)
    {
        foreach (var part in parts)
        {
            if (part.Lane.Advertiser == owner)
            {
                return part;
            }
        }

        parts.Add(new EventPart(request, LaneOf(owner)));
        return parts[^1];
    }

    private async Task Submit(List<EventPart> parts, bool atomic)
    {
        if (atomic && parts.Count > 1)
        {
            await FlushTogether(parts);
            return;
        }

        foreach (var part in parts)
        {
            if (part.Lane.Add(part))
            {
                _ = Task.Run(() => Drain(part.Lane));
            }
        }

        await Task.WhenAll(parts.Select(part => part.Done));
    }

    /// <summary>Writes what waits in a lane until nothing does.</summary>
    private async Task Drain(AdvertiserLane lane)
    {
        for (var more = true; more;)
        {
            await _flushes.WaitAsync();
            await lane.Lock.WaitAsync();
            try
            {
                var parts = lane.Take(options.Value.FlushEventsMax);
                more = parts.Count > 0;
                if (more)
                {
                    await flusher.Flush([(lane, parts)]);
                }
            }
            finally
            {
                lane.Lock.Release();
                _flushes.Release();
            }
        }
    }

    /// <summary>
    /// All or nothing across advertisers needs one transaction: its lanes are taken in the order in which the flush
    /// locks their heads.
    /// </summary>
    private async Task FlushTogether(List<EventPart> parts)
    {
        parts.Sort(static (left, right) => left.Lane.Advertiser.Value.CompareTo(right.Lane.Advertiser.Value));
        await _flushes.WaitAsync();
        foreach (var part in parts)
        {
            await part.Lane.Lock.WaitAsync();
        }

        try
        {
            await flusher.Flush(parts.ConvertAll(part => (part.Lane, new List<EventPart> { part })));
        }
        finally
        {
            parts.ForEach(part => part.Lane.Lock.Release());
            _flushes.Release();
        }

        await Task.WhenAll(parts.Select(part => part.Done));
    }
}
