using System.Buffers.Binary;
using System.Numerics;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// What is known of a run without reading it. A run holds the ids of the batches after <paramref name="AfterBatch"/> up
/// to <paramref name="ThroughBatch"/>, sorted by hash into blocks, one row each.
/// </summary>
/// <param name="ThroughBatch">Its last batch; names it.</param>
/// <param name="AfterBatch">The batch before its first.</param>
/// <param name="Count">Ids in it.</param>
/// <param name="BlockBits">The block of an id is so many first bits of its hash.</param>
/// <param name="Times">What its ids say of their own times.</param>
/// <param name="LastReceivedAt">Receipt of its last batch.</param>
public sealed record IdRun(
    long ThroughBatch,
    long AfterBatch,
    int Count,
    int BlockBits,
    IdTimes Times,
    Instant LastReceivedAt)
{
    /// <summary>
    /// Hash (48 bits, without the block's) and place (batch after the run's first 26 bits, ordinal 14).
    /// </summary>
    public const int EntryBytes = 11;

    public const int HashBytes = 6;

    /// <summary>About so many ids a block: one is read to look one id up.</summary>
    private const int BlockIds = 1024;

    /// <summary>Batches a run may span, because a place in it has 26 bits for the batch.</summary>
    public const long BatchesMax = 1 << 26;

    public static int BlockBitsFor(int count) => Math.Min(16, BitOperations.Log2((uint)Math.Max(1, count / BlockIds)));

    public int BlockOf(ulong hash) => BlockBits == 0 ? 0 : (int)(hash >> (64 - BlockBits));

    /// <summary>The 48 bits after the block's that an entry keeps: in the order of the whole hash.</summary>
    public ulong KeyOf(ulong hash) => unchecked(hash << BlockBits) >> 16;

    /// <summary>Writes one entry; entries of a block are sorted by key.</summary>
    public void Write(Span<byte> at, ulong hash, EventPlace place)
    {
        Span<byte> word = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(word, KeyOf(hash));
        word[2..].CopyTo(at);
        var packed = ((place.BatchNo - AfterBatch) << 14) | (long)place.Ordinal;
        BinaryPrimitives.WriteInt64BigEndian(word, packed);
        word[3..].CopyTo(at[HashBytes..]);
    }

    /// <summary>The places of all entries of a block with the hash: nearly always none or one.</summary>
    public void Find(ReadOnlySpan<byte> block, ulong hash, List<EventPlace> places)
    {
        var (low, high) = (0, block.Length / EntryBytes);
        var key = KeyOf(hash);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (Key(block, middle) < key)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        for (; low < block.Length / EntryBytes && Key(block, low) == key; low++)
        {
            places.Add(Place(block, low));
        }
    }

    private static ulong Key(ReadOnlySpan<byte> block, int entry)
    {
        var at = block.Slice(entry * EntryBytes, HashBytes);
        return ((ulong)BinaryPrimitives.ReadUInt16BigEndian(at) << 32) | BinaryPrimitives.ReadUInt32BigEndian(at[2..]);
    }

    private EventPlace Place(ReadOnlySpan<byte> block, int entry)
    {
        var at = block.Slice((entry * EntryBytes) + HashBytes, EntryBytes - HashBytes);
        var packed = ((long)at[0] << 32) | BinaryPrimitives.ReadUInt32BigEndian(at[1..]);
        return new EventPlace(AfterBatch + (packed >> 14), (int)(packed & (EventPlace.EventsMax - 1)));
    }
}

/// <summary>
/// Says of nearly all ids that are not in a run that they are not, without a read: a Bloom filter whose eight bits for
/// an id lie in one line of the processor's cache. Two bytes an id make about one wrong guess in five hundred, and a
/// wrong guess costs a read, nothing else.
/// </summary>
public static class IdFilter
{
    private const int LineBytes = 64;
    private const int BytesPerId = 2;
    private const int Probes = 8;

    public static byte[] Create(int count) =>
        new byte[LineBytes * Math.Max(1, ((count * BytesPerId) + LineBytes - 1) / LineBytes)];

    public static void Add(Span<byte> filter, ulong hash)
    {
        var line = Line(filter, hash);
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(hash, probe);
            line[bit >> 3] |= (byte)(1 << (bit & 7));
        }
    }

    public static bool MayHold(Span<byte> filter, ulong hash)
    {
        var line = Line(filter, hash);
        for (var probe = 0; probe < Probes; probe++)
        {
            var bit = Bit(hash, probe);
            if ((line[bit >> 3] & (1 << (bit & 7))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static Span<byte> Line(Span<byte> filter, ulong hash)
    {
        var line = Math.BigMul(hash, (ulong)(filter.Length / LineBytes), out _);
        return filter.Slice((int)line * LineBytes, LineBytes);
    }

    /// <summary>
    /// Nine bits of the hash's low half, mixed once more: its high half has chosen the line already.
    /// </summary>
    private static int Bit(ulong hash, int probe)
    {
        var mixed = unchecked((hash & 0xFFFF_FFFF) * 0x9E37_79B9_7F4A_7C15 * ((2UL * (ulong)probe) + 1));
        return (int)(mixed >> 55);
    }
}
