using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Countinghouse.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Countinghouse.Primitives;

public sealed class CalendarTests
{
    private static readonly Gen<DateOnly> Days = Gen.OneOf(
        Gen.Choose(0, DateOnly.MaxValue.DayNumber),
        Gen.Choose(new DateOnly(2024, 1, 1).DayNumber, new DateOnly(2028, 12, 31).DayNumber),
        Gen.Elements(new DateOnly(2024, 2, 29), new DateOnly(2000, 2, 29), new DateOnly(2100, 2, 28),
            new DateOnly(2025, 12, 31), new DateOnly(2026, 1, 1), DateOnly.MinValue, DateOnly.MaxValue)
            .Select(day => day.DayNumber))
        .Select(DateOnly.FromDayNumber);

    private static readonly Gen<long> Micros = Properties.Longs.Select(number =>
        (number % (253_402_300_800_000_000 + 62_135_596_800_000_000)) switch
        {
            < 0 and var negative => -62_135_596_800_000_000 - (negative % 62_135_596_800_000_000),
            var positive => positive % 253_402_300_800_000_000,
        });

    [Fact]
    public void A_day_is_its_digits() => Properties.Hold(Days, date =>
    {
        var day = UtcDay.From(date);
        var text = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

        Assert.Equal(text, day.ToString());
        Assert.Equal(int.Parse(text.Replace("-", ""), CultureInfo.InvariantCulture), day.Number);
        Assert.True(UtcDay.TryParse(text, out var read));
        Assert.Equal(day, read);
        Assert.Equal(day, UtcDay.FromNumber(day.Number));
        Assert.Equal(date, day.ToDate());
        Assert.Equal(text[..7], day.Period.ToString());
        if (date.Year < 2147)
        {
            Assert.Equal((day.Number * 100, (day.Number * 100) + 23), (day.FirstHour, day.LastHour));
        }
    });

    [Fact]
    public void Days_too_far_off_for_hours_have_the_last_one_there_is()
    {
        var never = UtcDay.From(DateOnly.MaxValue);

        Assert.Equal((int.MaxValue, int.MaxValue), (never.FirstHour, never.LastHour));
    }

    [Fact]
    public void Days_are_ordered_and_counted_as_the_calendar_does() => Properties.Hold(
        Days.SelectMany(left => Days.Select(right => (left, right))),
        pair =>
        {
            var (left, right) = (UtcDay.From(pair.left), UtcDay.From(pair.right));

            Assert.Equal(pair.left.CompareTo(pair.right), Math.Sign(left.CompareTo(right)));
            Assert.Equal(pair.left < pair.right, left < right);
            Assert.Equal(pair.left >= pair.right, left >= right);
            Assert.Equal(right, left.AddDays(left.DaysUntil(right)));
        });

    [Fact]
    public void A_day_is_the_one_in_Greenwich() => Properties.Hold(
        Days.Where(day => day.DayNumber is > 1 and < 3_652_000)
            .SelectMany(day => Gen.Choose(-14 * 60, 14 * 60).Select(offset => (day, offset))),
        input =>
        {
            var midnight = new DateTimeOffset(input.day.ToDateTime(TimeOnly.MinValue), TimeSpan.Zero);
            var offset = TimeSpan.FromMinutes(input.offset);

            Assert.Equal(UtcDay.From(input.day), UtcDay.Of(midnight.ToOffset(offset)));
            Assert.Equal(UtcDay.From(input.day.AddDays(-1)), UtcDay.Of(midnight.AddTicks(-1).ToOffset(offset)));
            Assert.Equal(midnight, UtcDay.From(input.day).Start());
        });

    [Fact]
    public void Adding_days_stops_at_the_ends_of_the_calendar()
    {
        Assert.Equal("9999-12-31", UtcDay.From(DateOnly.MaxValue).AddDays(1).ToString());
        Assert.Equal("0001-01-01", UtcDay.From(DateOnly.MinValue).AddDays(-1).ToString());
        Assert.Equal("9999-12-31", UtcDay.From(new DateOnly(2026, 8, 15)).AddDays(2_000_000_000).ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("2025-02-29")]
    [InlineData("2100-02-29")]
    [InlineData("2025-04-31")]
    [InlineData("2025-13-01")]
    [InlineData("2025-00-10")]
    [InlineData("2025-01-00")]
    [InlineData("2025-1-1")]
    [InlineData("20250101")]
    [InlineData("25-01-01")]
    [InlineData("0000-01-01")]
    [InlineData("2025-01-01T00:00:00Z")]
    [InlineData(" 2025-01-01")]
    [InlineData("2025-01-01 ")]
    [InlineData("01/01/2025")]
    [InlineData("٢٠٢٥-01-01")]
    [InlineData("-2025-01-01")]
    public void What_is_no_day_is_refused(string text) => Assert.False(UtcDay.TryParse(text, out _));

    [Fact]
    public void A_month_runs_from_its_first_to_its_last_day() => Properties.Hold(
        Days.Where(day => day.Year is > 1 and < 9999),
        date =>
        {
            var period = UtcDay.From(date).Period;
            var first = new DateOnly(date.Year, date.Month, 1);

            Assert.Equal(UtcDay.From(first), period.FirstDay);
            Assert.Equal(UtcDay.From(first.AddMonths(1).AddDays(-1)), period.LastDay);
            Assert.Equal(UtcDay.From(first.AddMonths(1)).Start(), period.End);
            Assert.Equal(UtcDay.From(first.AddMonths(1)).Period, period.Next);
            Assert.Equal(UtcDay.From(first.AddMonths(-1)).Period, period.Previous);
            Assert.Equal(period, Period.FromNumber(period.Number));
            Assert.True(Period.TryParse(period.ToString(), out var read));
            Assert.Equal(period, read);
        });

    [Theory]
    [InlineData("")]
    [InlineData("2025")]
    [InlineData("2025-13")]
    [InlineData("2025-00")]
    [InlineData("2025-1")]
    [InlineData("202501")]
    [InlineData("2025-01-01")]
    [InlineData("2025-01 ")]
    public void What_is_no_month_is_refused(string text) => Assert.False(Period.TryParse(text, out _));

    [Theory]
    [InlineData(0)]
    [InlineData(202_500)]
    [InlineData(202_513)]
    [InlineData(-202_501)]
    [InlineData(1_000_001)]
    public void A_stored_number_that_is_no_month_is_refused(int number) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Period.FromNumber(number));

    [Fact]
    public void A_moment_prints_in_UTC_and_comes_back() => Properties.Hold(Micros, micros =>
    {
        var instant = new Instant(micros);

        Assert.EndsWith("Z", instant.ToString());
        Assert.True(Instant.TryParse(instant.ToString(), out var read), instant.ToString());
        Assert.Equal(instant, read);
        Assert.Equal(instant, Instant.Of(instant.ToTime()));
    });

    [Fact]
    public void The_same_moment_under_any_offset_is_the_same() => Properties.Hold(
        Properties.Counts.SelectMany(number =>
            Gen.Choose(-14 * 60, 14 * 60).Select(offset => (number % 4_000_000_000_000_000, offset))),
        input =>
        {
            var (micros, offset) = input;
            var text = new Instant(micros).ToTime().ToOffset(TimeSpan.FromMinutes(offset))
                .ToString("yyyy-MM-dd'T'HH:mm:ss.ffffffzzz", CultureInfo.InvariantCulture);

            Assert.True(Instant.TryParse(text, out var read), text);
            Assert.Equal(micros, read.Micros);
        });

    [Theory]
    [InlineData("2025-08-05T14:30:00Z", "2025-08-05T14:30:00Z")]
    [InlineData("2025-08-05t14:30:00z", "2025-08-05T14:30:00Z")]
    [InlineData("2025-08-05 14:30:00Z", "2025-08-05T14:30:00Z")]
    [InlineData("2025-08-05T14:30:00+02:00", "2025-08-05T12:30:00Z")]
    [InlineData("2025-08-05T14:30:00-00:00", "2025-08-05T14:30:00Z")]
    [InlineData("2024-02-29T23:59:59.999999-01:00", "2024-03-01T00:59:59.999999Z")]
    [InlineData("2025-12-31T23:30:00-23:59", "2026-01-01T23:29:00Z")]
    [InlineData("2025-08-05T14:30:00.5Z", "2025-08-05T14:30:00.5Z")]
    [InlineData("2025-08-05T14:30:00.1234567891Z", "2025-08-05T14:30:00.123456Z")]
    public void A_moment_is_read_as_RFC_3339_has_it(string text, string expected)
    {
        Assert.True(Instant.TryParse(text, out var instant));
        Assert.Equal(expected, instant.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("2025-08-05")]
    [InlineData("2025-08-05T14:30:00")]
    [InlineData("2025-08-05T14:30Z")]
    [InlineData("2025-08-05T14:30:00.Z")]
    [InlineData("2025-08-05T14:30:00,5Z")]
    [InlineData("2025-08-05T24:00:00Z")]
    [InlineData("2025-08-05T14:60:00Z")]
    [InlineData("2025-02-29T14:30:00Z")]
    [InlineData("2025-08-05T14:30:00+24:00")]
    [InlineData("2025-08-05T14:30:00+02:60")]
    [InlineData("2025-08-05T14:30:00+0200")]
    [InlineData("2025-08-05T14:30:00+2:00")]
    [InlineData("2025-08-05T14:30:00 +02:00")]
    [InlineData("2025-08-05T14:30:00 Z")]
    [InlineData("2025-08-05T14:30:00ZZ")]
    [InlineData(" 2025-08-05T14:30:00Z")]
    [InlineData("2025-08-05T2:30:00 PM Z")]
    [InlineData("Tue, 05 Aug 2025 14:30:00 GMT")]
    [InlineData("20250805T143000Z")]
    [InlineData("1754404200")]
    [InlineData("0001-01-01T00:00:00+01:00")]
    [InlineData("9999-12-31T23:59:59-01:00")]
    [InlineData("2025-08-05T14:30:00+1\0:00")]
    [InlineData("2025-08-05T14:30:00.1234567890123Z")]
    [InlineData("２025-08-05T14:30:00Z")]
    public void What_is_no_moment_is_refused(string text)
    {
        Assert.False(Instant.TryParse(text, out _));
        Assert.False(Instant.TryParse(Encoding.UTF8.GetBytes(text), out _));
    }

    [Fact]
    public void A_moment_is_read_as_the_framework_reads_its_parts() => Properties.Hold(
        Micros.SelectMany(micros => Gen.Elements("Z", "z", "+02:00", "-23:59", "+24:00", "").SelectMany(offset =>
            Gen.Elements("", ".5", ".1234567", ".000000000001", ".1234567890123").SelectMany(fraction =>
                Gen.Choose(0, 60).SelectMany(place => Gen.Elements("0123456789-:.TtZz+ ,\0é".ToCharArray()).Select(
                    letter => (micros, offset, fraction, place, letter)))))),
        input =>
        {
            var text = new Instant(input.micros).ToTime()
                .ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + input.fraction + input.offset;
            if (input.place < text.Length)
            {
                text = text[..input.place] + input.letter + text[(input.place + 1)..];
            }

            var expected = ReadByTheFramework(text);
            Assert.Equal(expected is not null, Instant.TryParse(text, out var read));
            Assert.Equal(expected is not null, Instant.TryParse(Encoding.UTF8.GetBytes(text), out var same));
            Assert.Equal((expected ?? 0, expected ?? 0), (read.Micros, same.Micros));
        });

    private static long? ReadByTheFramework(string text)
    {
        var parts = Regex.Match(
            text,
            @"\A(.{19})(?:\.([0-9]{1,12}))?(?:[Zz]|([+-])([01][0-9]|2[0-3]):([0-5][0-9]))\z",
            RegexOptions.Singleline);
        if (!parts.Success || !DateTime.TryParseExact(
                parts.Groups[1].Value,
                ["yyyy-MM-dd'T'HH:mm:ss", "yyyy-MM-dd't'HH:mm:ss", "yyyy-MM-dd' 'HH:mm:ss"],
                CultureInfo.InvariantCulture,
                DateTimeStyles.None,
                out var second))
        {
            return null;
        }

        var minutes = parts.Groups[3].Success
            ? (int.Parse(parts.Groups[4].Value, CultureInfo.InvariantCulture) * 60)
                + int.Parse(parts.Groups[5].Value, CultureInfo.InvariantCulture)
            : 0;
        var micros = ((second.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerMicrosecond)
            + long.Parse(parts.Groups[2].Value.PadRight(6, '0')[..6], CultureInfo.InvariantCulture)
            - ((parts.Groups[3].Value == "-" ? -1 : 1) * minutes * 60_000_000L);
        return micros is >= -62_135_596_800_000_000 and < 253_402_300_800_000_000 ? micros : null;
    }
}
