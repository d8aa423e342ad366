using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>Collects the ids of a span of batches and sorts them into the blocks of a run.</summary>
internal sealed class IdRunBuilder(IdHash hash, long after, long through)
{
    private readonly List<(ulong Hash, long Place)> _ids = [];
    private IdSpan _dated;
    private IdSpan _ahead;
    private int _undated;
    private Instant _lastReceived;

    public int Count => _ids.Count;

    public void Add(StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload);
        for (var ordinal = 0; reader.Read(out var item); ordinal++)
        {
            _ids.Add((hash.Of(item.Id.Value), new EventPlace(batch.BatchNo, ordinal).Packed));
            switch (IngestRules.MillisecondsOf(item.Id))
            {
                case null:
                    _undated++;
                    break;
                case { } time when IngestRules.IsAhead(time, reader.ReceivedAt):
                    _ahead = _ahead.With(time);
                    break;
                case { } time:
                    _dated = _dated.With(time);
                    break;
            }
        }

        _lastReceived = reader.ReceivedAt > _lastReceived ? reader.ReceivedAt : _lastReceived;
    }

    /// <summary>The run, its filter, and its blocks in order; blocks without an id are empty.</summary>
    public (IdRun Run, byte[] Filter, IEnumerable<byte[]> Blocks) Finish()
    {
        _ids.Sort(static (left, right) => left.Hash.CompareTo(right.Hash));
        var run = new IdRun(
            through, after, Count, IdRun.BlockBitsFor(Count), _undated, _dated, _ahead, _lastReceived);
        var filter = IdFilter.Create(Count);
        foreach (var (spread, _) in _ids)
        {
            IdFilter.Add(filter, spread);
        }

        return (run, filter, Blocks(run));
    }

    private IEnumerable<byte[]> Blocks(IdRun run)
    {
        for (var (block, at) = (0, 0); block < 1 << run.BlockBits; block++)
        {
            var end = at;
            while (end < _ids.Count && run.BlockOf(_ids[end].Hash) == block)
            {
                end++;
            }

            // A block's ids agree in their first bits; what an entry keeps of the hash must be in order by itself.
            _ids.Sort(at, end - at, ByKey);
            var entries = new byte[(end - at) * IdRun.EntryBytes];
            for (var entry = 0; at < end; at++, entry++)
            {
                run.Write(entries.AsSpan(entry * IdRun.EntryBytes), _ids[at].Hash, new EventPlace(_ids[at].Place));
            }

            yield return entries;
        }
    }

    private static readonly IComparer<(ulong Hash, long Place)> ByKey =
        Comparer<(ulong Hash, long Place)>.Create(static (left, right) =>
            IdRun.KeyOf(left.Hash).CompareTo(IdRun.KeyOf(right.Hash)));
}
