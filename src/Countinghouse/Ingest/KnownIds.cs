using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// Every id of an advertiser that is still remembered. The ids of the newest batches are in memory, in tables that each
/// hold a span of batches; older ones are in stored runs (<see cref="IdRun"/>). A table is dropped only when runs reach
/// past its last batch, so tables and runs together are all batches up to the last one applied. Not thread safe: its
/// advertiser's lane guards it.
/// </summary>
internal sealed class KnownIds(IdHash hash, int hotIdsMax)
{
    /// <summary>
    /// Filters of one advertiser that stay in memory; when there are more, all are read again on demand.
    /// </summary>
    private const long FilterBytesMax = 512L * 1024 * 1024;

    /// <summary>
    /// A filter that nobody asked for so long goes: repetitions are of the last minutes, ids without a time ask all.
    /// </summary>
    private const long FilterKeptMicros = 60_000_000;

    /// <summary>What one table holds. Two full ones and the open one make the hot set.</summary>
    private readonly int _tableIdsMax = Math.Max(1, hotIdsMax / 2);

    private readonly List<FullTable> _full = [];
    private readonly HashSet<long> _read = [];

    /// <summary>Filters of runs that were asked, by the run's last batch.</summary>
    private readonly Dictionary<long, (byte[] Bits, Instant AskedAt)> _filters = [];
    private IdTable _open = new(hash, 1024);
    private IdTimes _openTimes = new();
    private IdTimes _runTimes = new();

    /// <summary>Newest first.</summary>
    public IReadOnlyList<IdRun> Runs { get; private set; } = [];

    /// <summary>Last batch that is in a run.</summary>
    public long RunsThrough { get; private set; }

    public int CountInMemory => _full.Sum(table => table.Ids.Count) + _open.Count;

    private long FilterBytes => _filters.Values.Sum(kept => (long)kept.Bits.Length);

    public long Bytes =>
        _full.Sum(table => table.Ids.Bytes) + _open.Bytes + FilterBytes;

    /// <summary>The table whose ids should go into a run now; null when the memory is not full.</summary>
    public FullTable? RunWanted => _full.Find(table => table.Through > RunsThrough);

    public ulong HashOf(EventId id) => hash.Of(id.Value);

    /// <summary>Remembers an id; false when it is in memory already, with the fingerprint of its event.</summary>
    public bool TryAdd(EventId id, ulong fingerprint, EventPlace place, Instant received, out ulong known)
    {
        var spread = hash.Of(id.Value);
        var time = IngestRules.MillisecondsOf(id);
        foreach (var table in _full)
        {
            if (table.Times.MayHave(time) && table.Ids.TryFind(spread, id.Value, out var earlier))
            {
                known = earlier.Fingerprint;
                return false;
            }
        }

        var isNew = _open.TryAdd(spread, id.Value, fingerprint, place.Packed, out var there);
        known = there.Fingerprint;
        if (isNew)
        {
            _openTimes.Add(time, received);
        }

        return isNew;
    }

    /// <summary>True when memory alone cannot say that the id is new: a run is of its time.</summary>
    public bool MayBeStored(EventId id) =>
        _runTimes.MayHave(IngestRules.MillisecondsOf(id)) && !TryFind(id, out _, out _);

    public bool TryFind(EventId id, out EventPlace place, out ulong fingerprint)
    {
        var spread = hash.Of(id.Value);
        var found = _open.TryFind(spread, id.Value, out var entry);
        var time = IngestRules.MillisecondsOf(id);
        for (var table = 0; !found && table < _full.Count; table++)
        {
            found = _full[table].Times.MayHave(time) && _full[table].Ids.TryFind(spread, id.Value, out entry);
        }

        (place, fingerprint) = (new EventPlace(entry.Place), entry.Fingerprint);
        return found;
    }

    /// <summary>For counting: whose batch in memory has the id.</summary>
    public FoundIn FoundIn(EventId id) => TryFind(id, out var place, out _) && _read.Contains(place.BatchNo)
        ? Ingest.FoundIn.ReadBatch
        : Ingest.FoundIn.OwnBatch;

    /// <summary>To be called after each batch, for a table holds whole batches.</summary>
    public void EndBatch(long batchNo, Instant received, bool isRead = false)
    {
        if (isRead)
        {
            _read.Add(batchNo);
        }

        if (_open.Count >= _tableIdsMax)
        {
            _full.Add(new FullTable(batchNo, _open, _openTimes, received));
            (_open, _openTimes) = (new IdTable(hash, _tableIdsMax), new IdTimes());
        }
    }

    /// <summary>Takes over what runs there are, and forgets what they hold.</summary>
    public void Use(IReadOnlyList<IdRun> runs, long through)
    {
        // A list that was read before this state was made may be older than it: what it lacks is in no table either.
        if (through < RunsThrough)
        {
            return;
        }

        // One step late: the open table may begin before the runs' end.
        _read.RemoveWhere(batchNo => batchNo <= RunsThrough);
        Runs = runs;
        RunsThrough = through;
        _runTimes = new IdTimes();
        foreach (var run in runs)
        {
            _runTimes.Add(run.Times);
        }

        _full.RemoveAll(table => table.Through <= through);
        DropFilters(_filters.Keys.Except(runs.Select(run => run.ThroughBatch)));
    }

    /// <summary>The filter of a run if it is in memory.</summary>
    public byte[]? FilterOf(IdRun run, Instant now)
    {
        ref var kept = ref CollectionsMarshal.GetValueRefOrNullRef(_filters, run.ThroughBatch);
        if (Unsafe.IsNullRef(ref kept))
        {
            return null;
        }

        kept.AskedAt = now;
        return kept.Bits;
    }

    /// <summary>Takes a filter into memory, and lets go of those that are no longer asked for.</summary>
    public void Keep(IdRun run, byte[] filter, Instant now)
    {
        DropFilters(_filters.Where(kept => now.Micros - kept.Value.AskedAt.Micros > FilterKeptMicros)
            .Select(kept => kept.Key));
        if (FilterBytes > FilterBytesMax)
        {
            _filters.Clear();
        }

        _filters[run.ThroughBatch] = (filter, now);
    }

    private void DropFilters(IEnumerable<long> runs)
    {
        foreach (var run in runs.ToList())
        {
            _filters.Remove(run);
        }
    }
}

/// <summary>The ids of a span of batches; never changed again.</summary>
/// <param name="Through">Its last batch.</param>
/// <param name="Ids">The ids.</param>
/// <param name="Times">What they say of their own times.</param>
/// <param name="LastReceivedAt">Receipt of its last batch.</param>
internal sealed record FullTable(long Through, IdTable Ids, IdTimes Times, Instant LastReceivedAt);
