using System.Runtime.InteropServices;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>Collects the ids of a span of batches and sorts them into the blocks of a run.</summary>
internal sealed class IdRunBuilder(IdHash hash, long after, long through)
{
    private readonly List<ulong> _hashes = [];
    private readonly List<long> _places = [];
    private IdSpan _dated;
    private IdSpan _ahead;
    private int _undated;
    private Instant _lastReceived;

    public int Count => _hashes.Count;

    public void Add(StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload);
        for (var ordinal = 0; reader.Read(out var item); ordinal++)
        {
            _hashes.Add(hash.Of(item.Id.Value));
            _places.Add(new EventPlace(batch.BatchNo, ordinal).Packed);
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
        // Two arrays of plain numbers: the framework sorts those several times faster than pairs by a comparer.
        var hashes = CollectionsMarshal.AsSpan(_hashes);
        hashes.Sort(CollectionsMarshal.AsSpan(_places));
        var run = new IdRun(
            through, after, Count, IdRun.BlockBitsFor(Count), _undated, _dated, _ahead, _lastReceived);
        var filter = IdFilter.Create(Count);
        foreach (var spread in hashes)
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
            while (end < _hashes.Count && run.BlockOf(_hashes[end]) == block)
            {
                end++;
            }

            var entries = new byte[(end - at) * IdRun.EntryBytes];
            for (var entry = 0; at < end; at++, entry++)
            {
                run.Write(entries.AsSpan(entry * IdRun.EntryBytes), _hashes[at], new EventPlace(_places[at]));
            }

            yield return entries;
        }
    }
}
