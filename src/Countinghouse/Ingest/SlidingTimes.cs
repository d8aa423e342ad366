using System.Numerics;

namespace Countinghouse.Ingest;

/// <summary>
/// When clients did something with an ad, for the length of a window. An entry stays by its time of receipt and is
/// compared by its time of occurrence. Receipts are cut into slices of a third of the window, and a slice goes as a
/// whole when its last entry may: an entry stays for at least one window and at most four thirds of it, and which it is
/// depends on its time of receipt alone, not on when anybody looked.
/// </summary>
internal sealed class SlidingTimes
{
    /// <summary>
    /// Each is a table to look into: with 16 million entries two make 235 ns a look-up, four 405 ns; but more of them
    /// keep less that is over, give away less when there are too many, and make shorter waits when a table is made.
    /// </summary>
    private const int SlicesPerWindow = 3;

    /// <summary>
    /// Five are needed when nodes' clocks differ by a slice; more means that nobody tells the time, and then the oldest
    /// go, so that a look-up never takes long.
    /// </summary>
    private const int SlicesMax = 16;

    private readonly long _window;
    private readonly long _slice;
    private readonly int _entriesMax;

    /// <summary>
    /// Occurrences are filed under stretches of at least eight windows: a look-up needs one or two, and a pair with
    /// times all over the past makes no chain longer than one stretch of it.
    /// </summary>
    private readonly int _stretchBits;

    private readonly List<Slice> _slices = [];
    private TimeTable? _spare;
    private long _now = long.MinValue;
    private int _count;

    /// <param name="windowMicros">0: nothing is kept.</param>
    /// <param name="entriesMax">Past it the oldest slice goes early.</param>
    public SlidingTimes(long windowMicros, int entriesMax)
    {
        _window = windowMicros;
        _slice = Math.Max(1, windowMicros / SlicesPerWindow);
        _entriesMax = entriesMax;
        _stretchBits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((ulong)Math.Max(1, windowMicros * 8)));
    }

    public long Bytes => _slices.Sum(slice => slice.Times.Bytes) + (_spare?.Bytes ?? 0);

    /// <summary>Did the client do it with the ad less than a window before or after?</summary>
    public bool Any(ulong client, ulong ad, long occurred)
    {
        if (_slices.Count == 0)
        {
            return false;
        }

        var (first, last) = (occurred - _window + 1, occurred + _window - 1);
        for (var stretch = first >> _stretchBits; stretch <= last >> _stretchBits; stretch++)
        {
            var name = Name(client, ad, stretch);
            var start = stretch << _stretchBits;
            var candidates = Candidates(name);
            for (var i = 0; candidates != 0; i++, candidates >>= 1)
            {
                if ((candidates & 1) != 0 && _slices[i].Times.Any(name, first - start, last - start))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>For each window (none longer than this one), how often less than it before or after.</summary>
    public void CountNear(ulong client, ulong ad, long occurred, ReadOnlySpan<long> windows, Span<int> counts)
    {
        var (first, last) = (occurred - _window + 1, occurred + _window - 1);
        for (var stretch = first >> _stretchBits; stretch <= last >> _stretchBits; stretch++)
        {
            var name = Name(client, ad, stretch);
            var candidates = Candidates(name);
            for (var i = 0; candidates != 0; i++, candidates >>= 1)
            {
                if ((candidates & 1) != 0)
                {
                    _slices[i].Times.CountNear(name, occurred - (stretch << _stretchBits), windows, counts);
                }
            }
        }
    }

    public void Add(ulong client, ulong ad, long occurred, long received)
    {
        var number = Math.DivRem(received, _slice, out var rest) - (rest < 0 ? 1 : 0);
        if (_window == 0 || IsOver(number))
        {
            return;
        }

        if (_count >= _entriesMax || _slices.Count == SlicesMax)
        {
            DropOldest();
        }

        var stretch = occurred >> _stretchBits;
        TimesOf(number).Add(Name(client, ad, stretch), occurred - (stretch << _stretchBits));
        _count++;
    }

    /// <summary>Lets go of what was received a window before; an earlier time than the last changes nothing.</summary>
    public void Expire(long now)
    {
        _now = Math.Max(_now, now);
        while (_slices.Count > 0 && IsOver(_slices[0].Number))
        {
            DropOldest();
        }
    }

    /// <summary>
    /// 56 bits for a client, an ad and a stretch of time. Client keys come from a secret, so nobody can aim at a slot
    /// and a mixture of two multiplications is enough.
    /// </summary>
    private static ulong Name(ulong client, ulong ad, long stretch)
    {
        unchecked
        {
            var high = Math.BigMul(client ^ 0x9E37_79B9_7F4A_7C15, ad ^ 0xD6E8_FEB8_6659_FD93, out var low);
            high = Math.BigMul(high ^ low ^ client, (ulong)stretch ^ 0xA076_1D64_78BD_642F, out low);
            var name = (high ^ low) & ~TimeTable.HighTimeBits;
            return name == 0 ? ~TimeTable.HighTimeBits : name;
        }
    }

    /// <summary>The slices worth looking into, the oldest as the lowest bit.</summary>
    private ulong Candidates(ulong name)
    {
        var candidates = 0UL;
        for (var i = 0; i < _slices.Count; i++)
        {
            candidates |= _slices[i].Times.MayHave(name) ? 1UL << i : 0;
        }

        return candidates;
    }

    /// <summary>True when even the last moment of the slice is a window ago.</summary>
    private bool IsOver(long number) => _now > long.MinValue && _now - (((number + 1) * _slice) - 1) >= _window;

    private TimeTable TimesOf(long number)
    {
        var after = _slices.Count;
        while (after > 0 && _slices[after - 1].Number > number)
        {
            after--;
        }

        if (after > 0 && _slices[after - 1].Number == number)
        {
            return _slices[after - 1].Times;
        }

        // As long as the one before, and an eighth: then the table need not grow while events wait for it.
        var expected = after > 0 ? _slices[after - 1].Times.Count / 8 * 9 : 0;
        var times = TakeSpare(expected) ?? new TimeTable(expected);
        _slices.Insert(after, new Slice(number, times));
        return times;
    }

    private TimeTable? TakeSpare(int expected)
    {
        var spare = _spare;
        _spare = null;
        if (spare is null || !spare.Suits(expected))
        {
            return null;
        }

        spare.Clear();
        return spare;
    }

    private void DropOldest()
    {
        _spare = _slices[0].Times;
        _count -= _spare.Count;
        _slices.RemoveAt(0);
    }

    private readonly record struct Slice(long Number, TimeTable Times);
}
