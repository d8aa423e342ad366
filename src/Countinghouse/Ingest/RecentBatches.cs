using System.Collections.Concurrent;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// The newest batches that this node has written, as they were committed, so that what follows from them at once
/// (rollups, the tail of a report) does not read them back. Batches never change; what is not here is in the database.
/// </summary>
public sealed class RecentBatches
{
    /// <summary>Of all advertisers together; past it all are let go.</summary>
    private const long BytesMax = 64 * 1024 * 1024;

    /// <summary>Of one advertiser: some seconds' worth.</summary>
    private const int BatchesMax = 2_048;

    private readonly ConcurrentDictionary<OrganizationId, Queue<StoredBatch>> _batches = new();
    private long _bytes;

    /// <summary>Takes in a batch that is durable.</summary>
    public void Add(OrganizationId advertiser, StoredBatch batch)
    {
        var batches = _batches.GetOrAdd(advertiser, static _ => new Queue<StoredBatch>());
        lock (batches)
        {
            // Another node has written in between: what is here no longer ends where the journal does.
            if (batches.TryPeek(out var first) && first.BatchNo + batches.Count != batch.BatchNo)
            {
                Drop(batches, batches.Count);
            }

            Drop(batches, batches.Count - BatchesMax + 1);
            batches.Enqueue(batch);
        }

        if (Interlocked.Add(ref _bytes, batch.Payload.Length) > BytesMax)
        {
            Clear();
        }
    }

    /// <summary>All batches after one up to another, in order; null when they are not all here.</summary>
    public IReadOnlyList<StoredBatch>? Find(OrganizationId advertiser, long after, long through)
    {
        if (!_batches.TryGetValue(advertiser, out var batches))
        {
            return null;
        }

        lock (batches)
        {
            return batches.TryPeek(out var first) && first.BatchNo <= after + 1
                && through < first.BatchNo + batches.Count
                ? [.. batches.Skip((int)(after + 1 - first.BatchNo)).Take((int)(through - after))]
                : null;
        }
    }

    private void Clear()
    {
        foreach (var batches in _batches.Values)
        {
            lock (batches)
            {
                Drop(batches, batches.Count);
            }
        }
    }

    private void Drop(Queue<StoredBatch> batches, int count)
    {
        for (; count > 0; count--)
        {
            Interlocked.Add(ref _bytes, -batches.Dequeue().Payload.Length);
        }
    }
}
