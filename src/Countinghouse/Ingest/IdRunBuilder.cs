namespace Countinghouse.Ingest;

/// <summary>
/// Makes a run of the ids that a full table has: those of the batches after the last run, for another node may have
/// made one that ends inside the table.
/// </summary>
internal sealed class IdRunBuilder
{
    private readonly IdRun _run;
    private readonly ulong[] _hashes;
    private readonly long[] _places;

    public IdRunBuilder(IdHash hash, FullTable table, long after)
    {
        (_hashes, _places) = (new ulong[table.Ids.Count], new long[table.Ids.Count]);
        var count = 0;
        foreach (ref readonly var entry in table.Ids.Entries)
        {
            if (new EventPlace(entry.Place).BatchNo > after)
            {
                (_hashes[count], _places[count++]) = (hash.Of(entry.Id), entry.Place);
            }
        }

        // They come nearly sorted: the table files ids by the first bits of the same hash.
        _hashes.AsSpan(0, count).Sort(_places.AsSpan(0, count));
        _run = new IdRun(table.Through, after, count, IdRun.BlockBitsFor(count), table.Times, table.LastReceivedAt);
    }

    /// <summary>The run, its filter, and its blocks in order; blocks without an id are empty.</summary>
    public (IdRun Run, byte[] Filter, IEnumerable<byte[]> Blocks) Finish()
    {
        var filter = IdFilter.Create(_run.Count);
        foreach (var spread in _hashes.AsSpan(0, _run.Count))
        {
            IdFilter.Add(filter, spread);
        }

        return (_run, filter, Blocks());
    }

    private IEnumerable<byte[]> Blocks()
    {
        for (var (block, at) = (0, 0); block < 1 << _run.BlockBits; block++)
        {
            var end = at;
            while (end < _run.Count && _run.BlockOf(_hashes[end]) == block)
            {
                end++;
            }

            var entries = new byte[(end - at) * IdRun.EntryBytes];
            for (var entry = 0; at < end; at++, entry++)
            {
                _run.Write(entries.AsSpan(entry * IdRun.EntryBytes), _hashes[at], new EventPlace(_places[at]));
            }

            yield return entries;
        }
    }
}
