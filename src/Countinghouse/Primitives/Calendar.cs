using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;

namespace Countinghouse.Primitives;

/// <summary>A UTC day, held and stored as the number yyyymmdd.</summary>
public readonly record struct UtcDay : IComparable<UtcDay>, IWireText<UtcDay>
{
    private UtcDay(int number) => Number = number;

    /// <summary>yyyymmdd.</summary>
    public int Number { get; }

    public static string Expected => "a day as YYYY-MM-DD";

    public Period Period => Period.FromNumber(Number / 100);

    /// <summary>
    /// First hour of the day as yyyymmddhh; the last is 23 later. From the year 2147 on both are the largest number
    /// there is: nothing is recorded there, but campaigns may "end" in 9999 and reports may ask for it.
    /// </summary>
    public int FirstHour => (int)Math.Min(Number * 100L, int.MaxValue);

    public int LastHour => (int)Math.Min((Number * 100L) + 23, int.MaxValue);

    public static UtcDay Of(DateTimeOffset time) => From(DateOnly.FromDateTime(time.UtcDateTime));

    public static UtcDay From(DateOnly date) => new((date.Year * 10_000) + (date.Month * 100) + date.Day);

    /// <summary>A day that was stored; throws when the number is no day.</summary>
    public static UtcDay FromNumber(int number) =>
        From(new DateOnly(number / 10_000, number / 100 % 100, number % 100));

    public static bool TryParse(string text, out UtcDay value)
    {
        var parsed = DateOnly.TryParseExact(
            text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date);
        value = parsed ? From(date) : default;
        return parsed;
    }

    public static bool operator <(UtcDay left, UtcDay right) => left.Number < right.Number;
    public static bool operator >(UtcDay left, UtcDay right) => left.Number > right.Number;
    public static bool operator <=(UtcDay left, UtcDay right) => left.Number <= right.Number;
    public static bool operator >=(UtcDay left, UtcDay right) => left.Number >= right.Number;

    public DateOnly ToDate() => new(Number / 10_000, Number / 100 % 100, Number % 100);

    /// <summary>Midnight at the start of the day.</summary>
    public DateTimeOffset Start() => new(ToDate().ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);

    /// <summary>The day so many days later; the calendar's ends (years 1 and 9999) where it would leave them.</summary>
    public UtcDay AddDays(int days) =>
        From(DateOnly.FromDayNumber(Math.Clamp(ToDate().DayNumber + days, 0, DateOnly.MaxValue.DayNumber)));

    public int DaysUntil(UtcDay later) => later.ToDate().DayNumber - ToDate().DayNumber;

    public int CompareTo(UtcDay other) => Number.CompareTo(other.Number);

    public override string ToString() => ToDate().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}

/// <summary>
/// A calendar month, UTC, held and stored as the number yyyymm: the span of one revenue-share record.
/// </summary>
public readonly record struct Period : IComparable<Period>, IWireText<Period>
{
    private Period(int number) => Number = number;

    /// <summary>yyyymm.</summary>
    public int Number { get; }

    public static string Expected => "a month as YYYY-MM";

    public UtcDay FirstDay => UtcDay.FromNumber((Number * 100) + 1);

    public UtcDay LastDay => UtcDay.FromNumber((Number * 100) + DateTime.DaysInMonth(Number / 100, Number % 100));

    public Period Next => Number % 100 == 12 ? new Period(Number + 89) : new Period(Number + 1);

    public Period Previous => Number % 100 == 1 ? new Period(Number - 89) : new Period(Number - 1);

    /// <summary>The instant at which the month is over.</summary>
    public DateTimeOffset End => LastDay.Start().AddDays(1);

    /// <summary>A month that was stored; throws when the number is no month.</summary>
    public static Period FromNumber(int number)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(number, 101);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number, 999_912);
        ArgumentOutOfRangeException.ThrowIfZero(number % 100);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(number % 100, 12);
        return new Period(number);
    }

    public static bool TryParse(string text, out Period value)
    {
        var parsed = UtcDay.TryParse(text + "-01", out var day);
        value = parsed ? day.Period : default;
        return parsed;
    }

    public static bool operator <(Period left, Period right) => left.Number < right.Number;
    public static bool operator >(Period left, Period right) => left.Number > right.Number;
    public static bool operator <=(Period left, Period right) => left.Number <= right.Number;
    public static bool operator >=(Period left, Period right) => left.Number >= right.Number;

    public int CompareTo(Period other) => Number.CompareTo(other.Number);

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Number / 100:0000}-{Number % 100:00}");
}

/// <summary>A moment, held and stored as microseconds since 1970 UTC; prints as RFC 3339 ending in Z.</summary>
public readonly record struct Instant(long Micros) : IComparable<Instant>, IWireText<Instant>
{
    private const int FractionDigitsMax = 12;

    /// <summary>A time to the second and the shortest offset; and with the longest fraction and offset.</summary>
    private const int LengthCharsMin = 20;
    internal const int LengthCharsMax = 19 + 1 + FractionDigitsMax + 6;

    public static string Expected => "a time as RFC 3339 with an offset, for example 2025-08-05T14:30:00Z";

    public static Instant Of(DateTimeOffset time) =>
        new((time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);

    /// <summary>
    /// Reads RFC 3339 and nothing like it; an offset is required, because a time without one names no moment. What is
    /// finer than a microsecond is cut off.
    /// </summary>
    public static bool TryParse(string text, out Instant value)
    {
        // All of it is ASCII, so the reader of bytes reads it.
        Span<byte> ascii = stackalloc byte[LengthCharsMax];
        value = default;
        return Ascii.FromUtf16(text, ascii, out var length) == OperationStatus.Done
            && TryParse(ascii[..length], out value);
    }

    /// <summary>The same from UTF-8, without garbage.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Instant value)
    {
        value = default;
        if (utf8.Length is < LengthCharsMin or > LengthCharsMax || !TryParseSecond(utf8[..19], out var time))
        {
            return false;
        }

        var rest = utf8[19..];
        if (!TryTakeFraction(ref rest, out var micros) || !TryParseOffset(rest, out var minutes))
        {
            return false;
        }

        var ticks = time.Ticks + (micros * TimeSpan.TicksPerMicrosecond) - (minutes * TimeSpan.TicksPerMinute);
        if (ticks < DateTime.MinValue.Ticks || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }

        value = new Instant((ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond);
        return true;
    }

    public static Instant operator +(Instant time, TimeSpan span) =>
        new(time.Micros + (span.Ticks / TimeSpan.TicksPerMicrosecond));

    public static TimeSpan operator -(Instant later, Instant earlier) =>
        new((later.Micros - earlier.Micros) * TimeSpan.TicksPerMicrosecond);

    public static bool operator <(Instant left, Instant right) => left.Micros < right.Micros;
    public static bool operator >(Instant left, Instant right) => left.Micros > right.Micros;
    public static bool operator <=(Instant left, Instant right) => left.Micros <= right.Micros;
    public static bool operator >=(Instant left, Instant right) => left.Micros >= right.Micros;

    public DateTimeOffset ToTime() => DateTimeOffset.UnixEpoch.AddTicks(Micros * TimeSpan.TicksPerMicrosecond);

    public int CompareTo(Instant other) => Micros.CompareTo(other.Micros);

    public override string ToString() =>
        ToTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads 2025-08-05T14:30:00; RFC 3339 allows a small t, and a space where people read it.</summary>
    private static bool TryParseSecond(ReadOnlySpan<byte> text, out DateTime time)
    {
        time = default;
        if (text.Length != 19 || text[4] != '-' || text[7] != '-'
            || text[10] is not ((byte)'T' or (byte)'t' or (byte)' ') || text[13] != ':' || text[16] != ':'
            || !TryParsePair(text, 0, 99, out var century) || !TryParsePair(text, 2, 99, out var year)
            || !TryParsePair(text, 5, 12, out var month) || !TryParsePair(text, 8, 31, out var day)
            || !TryParsePair(text, 11, 23, out var hour) || !TryParsePair(text, 14, 59, out var minute)
            || !TryParsePair(text, 17, 59, out var second))
        {
            return false;
        }

        year += century * 100;
        if (year == 0 || month == 0 || day == 0 || day > DateTime.DaysInMonth(year, month))
        {
            return false;
        }

        time = new DateTime(year, month, day, hour, minute, second);
        return true;
    }

    /// <summary>Reads two digits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool TryParsePair(ReadOnlySpan<byte> text, int place, int largest, out int number)
    {
        unchecked
        {
            var (tens, ones) = ((uint)text[place] - '0', (uint)text[place + 1] - '0');
            number = (int)((tens * 10) + ones);
            return tens <= 9 && ones <= 9 && number <= largest;
        }
    }

    private static bool TryTakeFraction(ref ReadOnlySpan<byte> rest, out long micros)
    {
        micros = 0;
        if (rest[0] != '.')
        {
            return true;
        }

        var digits = rest[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits is < 1 or > FractionDigitsMax)
        {
            return false;
        }

        for (var place = 1; place <= 6; place++)
        {
            micros = (micros * 10) + (place <= digits ? rest[place] - '0' : 0);
        }

        rest = rest[(digits + 1)..];
        return true;
    }

    private static bool TryParseOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text is [(byte)'Z' or (byte)'z'])
        {
            return true;
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':'
            || !TryParsePair(text, 1, 23, out var hour) || !TryParsePair(text, 4, 59, out var minute))
        {
            return false;
        }

        minutes = ((hour * 60) + minute) * (text[0] == '-' ? -1 : 1);
        return true;
    }
}
