using System.Runtime.InteropServices;

namespace Countinghouse.Ingest;

/// <summary>
/// Times by name, several to a name: open addressing with linear probing in one array of 12-byte slots, nothing is ever
/// removed. A name is a 56-bit hash; at 16 million entries one foreign time in 4 billion look-ups is taken for an own.
/// Times are whole numbers below 2^40, counted from wherever the user of the table starts to count.
/// </summary>
internal sealed class TimeTable
{
    /// <summary>The bits of a time that share a word with the name.</summary>
    public const ulong HighTimeBits = 0xFF;

    private const int SlotsMin = 16;

    /// <summary>Full at 7 of 10 slots: a look-up in vain then reads 6 slots, which is one or two cache lines.</summary>
    private const int FullTenths = 7;

    private Slot[] _slots;
    private int _countMax;

    public TimeTable(int expected)
    {
        _slots = new Slot[SlotsFor(expected)];
        _countMax = CountFor(_slots.Length);
    }

    public int Count { get; private set; }

    public long Bytes => _slots.Length * 12L;

    /// <summary>True when clearing this table for so many times wastes less than making a new one.</summary>
    public bool Suits(int expected) => _slots.Length >= SlotsFor(expected) && _slots.Length / 4 <= SlotsFor(expected);

    public void Clear()
    {
        Array.Clear(_slots);
        Count = 0;
    }

    /// <param name="name">Not 0; its low 8 bits are 0.</param>
    /// <param name="time">Below 2^40.</param>
    public void Add(ulong name, long time)
    {
        if (Count == _countMax)
        {
            Grow();
        }

        Place(new Slot { Head = name | (ulong)(time >> 32), Tail = unchecked((uint)time) });
        Count++;
    }

    /// <summary>
    /// Begins to load the memory that a look-up of the name will need. A look-up in several tables that calls this for
    /// all of them first waits for main memory once and not for each.
    /// </summary>
    /// <returns>False when the table surely has no time of the name.</returns>
    public bool MayHave(ulong name) => _slots[Home(name, _slots)].Head != 0;

    /// <summary>Has the name a time from the first to the last?</summary>
    public bool Any(ulong name, long first, long last)
    {
        var slots = _slots;
        for (var index = Home(name, slots); ; index = index + 1 == slots.Length ? 0 : index + 1)
        {
            ref readonly var slot = ref slots[index];
            if (slot.Head == 0)
            {
                return false;
            }

            if ((slot.Head ^ name) <= HighTimeBits && TimeOf(slot) is var time && time >= first && time <= last)
            {
                return true;
            }
        }
    }

    /// <summary>For each window, adds the times of the name that are nearer to the given one than it is long.</summary>
    public void CountNear(ulong name, long near, ReadOnlySpan<long> windows, Span<int> counts)
    {
        var slots = _slots;
        for (var index = Home(name, slots); slots[index].Head != 0; index = index + 1 == slots.Length ? 0 : index + 1)
        {
            ref readonly var slot = ref slots[index];
            if ((slot.Head ^ name) > HighTimeBits)
            {
                continue;
            }

            var distance = Math.Abs(TimeOf(slot) - near);
            for (var i = 0; i < windows.Length; i++)
            {
                counts[i] += distance < windows[i] ? 1 : 0;
            }
        }
    }

    private static long TimeOf(in Slot slot) => (long)((slot.Head & HighTimeBits) << 32) | slot.Tail;

    private static int SlotsFor(int expected) =>
        (int)Math.Clamp((expected * 10L / FullTenths) + 1, SlotsMin, Array.MaxLength);

    private static int CountFor(int slots) => (int)(slots * (long)FullTenths / 10);

    /// <summary>
    /// The top 32 bits, stretched over the array. It keeps the order of names, so growing reads and writes both arrays
    /// from end to end instead of at random: 3 million slots take 15 ms.
    /// </summary>
    private static int Home(ulong head, Slot[] slots) => (int)(((head >> 32) * (ulong)slots.Length) >> 32);

    private void Place(in Slot placed)
    {
        var slots = _slots;
        var index = Home(placed.Head, slots);
        while (slots[index].Head != 0)
        {
            index = index + 1 == slots.Length ? 0 : index + 1;
        }

        slots[index] = placed;
    }

    private void Grow()
    {
        var old = _slots;
        _slots = new Slot[(int)Math.Min(old.Length + (old.Length / 2L), Array.MaxLength)];
        _countMax = CountFor(_slots.Length);
        foreach (ref readonly var slot in old.AsSpan())
        {
            if (slot.Head != 0)
            {
                Place(slot);
            }
        }
    }

    /// <summary>56 bits of name and 40 of time; all 0 when free.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    private struct Slot
    {
        public ulong Head;
        public uint Tail;
    }
}
