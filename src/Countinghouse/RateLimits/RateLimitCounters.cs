using System.Collections.Concurrent;

namespace Countinghouse.RateLimits;

/// <summary>
/// The counts of all subjects, in memory: no request waits for the database. The job brings them there and back. A
/// subject is forgotten when its windows are over.
/// </summary>
public sealed class RateLimitCounters(TimeProvider clock)
{
    /// <summary>
    /// Subjects held at most, about 200 bytes each. Beyond that, addresses not yet seen share one count until the
    /// minute is over; a caller with a good credential always has its own, since there are only so many credentials.
    /// </summary>
    public const int SubjectsMax = 200_000;

    private readonly ConcurrentDictionary<UInt128, SubjectCount> _counts = new();
    private readonly ConcurrentQueue<SubjectCount> _dirty = new();
    private readonly SubjectCount _crowd = new(UInt128.Zero);

    /// <summary>Kept beside the dictionary, whose own count takes all its locks.</summary>
    private int _subjects;

    private int _crowded;

    /// <summary>Subjects held now.</summary>
    public int Subjects => Volatile.Read(ref _subjects);

    internal RateLimitDecision Take(UInt128 subject, RateLimitPolicy policy)
    {
        var now = clock.GetUtcNow();
        while (true)
        {
            var count = Find(subject, mayShare: policy.PerDay is null);
            var decision = count.Take(policy, now, out var toBeQueued);
            if (toBeQueued)
            {
                _dirty.Enqueue(count);
            }

            if (decision is not null)
            {
                return decision;
            }
        }
    }

    /// <summary>Everything the database has yet to be told.</summary>
    internal List<RateWindowDelta> Send()
    {
        var deltas = new List<RateWindowDelta>();

        // Only what is queued now: requests that come while this runs are for the next time.
        for (var left = _dirty.Count; left > 0 && _dirty.TryDequeue(out var count); left--)
        {
            count.Send(deltas);
        }

        return deltas;
    }

    internal void GiveBack(RateWindowDelta delta)
    {
        if (delta.Count.GiveBack(delta.Seconds, delta.Start))
        {
            _dirty.Enqueue(delta.Count);
        }
    }

    internal void Load(UInt128 subject, int seconds, long start, long used) =>
        Find(subject, mayShare: false).Load(seconds, start, used);

    /// <summary>Forgets subjects whose windows are over.</summary>
    internal void Sweep()
    {
        var now = clock.GetUtcNow();
        foreach (var (subject, count) in _counts)
        {
            if (count.Retire(now) && _counts.TryRemove(subject, out _))
            {
                Interlocked.Decrement(ref _subjects);
            }
        }
    }

    /// <summary>Requests, since the last call, of addresses that had to share a count.</summary>
    internal int TakeCrowded() => Interlocked.Exchange(ref _crowded, 0);

    private SubjectCount Find(UInt128 subject, bool mayShare)
    {
        if (_counts.TryGetValue(subject, out var known))
        {
            return known;
        }

        if (mayShare && Subjects >= SubjectsMax)
        {
            Interlocked.Increment(ref _crowded);
            return _crowd;
        }

        var made = new SubjectCount(subject);
        known = _counts.GetOrAdd(subject, made);
        if (ReferenceEquals(known, made))
        {
            Interlocked.Increment(ref _subjects);
        }

        return known;
    }
}
