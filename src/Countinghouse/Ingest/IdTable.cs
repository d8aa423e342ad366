using System.Numerics;

namespace Countinghouse.Ingest;

/// <summary>
/// The ids of a span of batches in memory, each with the fingerprint of its event and where that is: one flat array, so
/// that millions of them cost the collector nothing. Ids are only added; a whole table is dropped at once.
/// </summary>
internal sealed class IdTable
{
    private readonly IdHash _hash;
    private Entry[] _entries;
    private int _mask;
    private int _shift;

    /// <param name="hash">Spreads the ids.</param>
    /// <param name="expected">Ids it should hold without growing.</param>
    public IdTable(IdHash hash, int expected) => (_hash, _entries) = (hash, Make(expected));

    public int Count { get; private set; }

    public long Bytes => _entries.LongLength * 32;

    /// <summary>All slots, nearly in the order of the hash; those without an id have the place 0.</summary>
    public ReadOnlySpan<Entry> Entries => _entries;

    /// <summary>False when the id is there already; then the entry says of which event.</summary>
    public bool TryAdd(ulong hash, Guid id, ulong fingerprint, long place, out Entry known)
    {
        if (Count * 3L > _mask * 2L)
        {
            Grow();
        }

        for (var slot = (int)(hash >> _shift); ; slot = (slot + 1) & _mask)
        {
            ref var entry = ref _entries[slot];
            if (entry.Place == 0)
            {
                entry = new Entry(id, fingerprint, place);
                Count++;
                known = default;
                return true;
            }

            if (entry.Id == id)
            {
                known = entry;
                return false;
            }
        }
    }

    public bool TryFind(ulong hash, Guid id, out Entry known)
    {
        for (var slot = (int)(hash >> _shift); _entries[slot].Place != 0; slot = (slot + 1) & _mask)
        {
            if (_entries[slot].Id == id)
            {
                known = _entries[slot];
                return true;
            }
        }

        known = default;
        return false;
    }

    private void Grow()
    {
        var old = _entries;
        _entries = Make(Count * 2);
        foreach (ref readonly var entry in old.AsSpan())
        {
            if (entry.Place != 0)
            {
                var slot = (int)(_hash.Of(entry.Id) >> _shift);
                while (_entries[slot].Place != 0)
                {
                    slot = (slot + 1) & _mask;
                }

                _entries[slot] = entry;
            }
        }
    }

    private Entry[] Make(int expected)
    {
        var size = (int)BitOperations.RoundUpToPowerOf2((uint)Math.Max(1024, expected + (expected / 2)));
        (_mask, _shift) = (size - 1, 64 - BitOperations.Log2((uint)size));
        return new Entry[size];
    }

    /// <param name="Id">The event's id.</param>
    /// <param name="Fingerprint">Of its <see cref="EventIdentity"/>.</param>
    /// <param name="Place">See <see cref="EventPlace"/>; never 0.</param>
    internal readonly record struct Entry(Guid Id, ulong Fingerprint, long Place);
}

/// <summary>Where an event lies: its batch and its number in it, in one word that is never 0.</summary>
public readonly record struct EventPlace(long Packed)
{
    /// <summary>Most events of a flush.</summary>
    public const int EventsMax = 1 << Bits;

    private const int Bits = 14;

    public EventPlace(long batchNo, int ordinal)
        : this((batchNo << Bits) | (long)ordinal)
    {
    }

    public long BatchNo => Packed >> Bits;

    public int Ordinal => (int)(Packed & (EventsMax - 1));
}
