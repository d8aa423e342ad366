using System.Globalization;

namespace Countinghouse.Primitives;

/// <summary>
/// An amount in whole micro-USD (10^-6 USD). Everything inside counts in these; nothing is ever rounded.
/// </summary>
public readonly record struct Money(long Micros) : IComparable<Money>, IWireText<Money>
{
    public const long MicrosPerUnit = 1_000_000;
    public const long MicrosPerCent = 10_000;

    /// <summary>
    /// Largest amount a caller may enter: a billion dollars. Sums of nine million such still fit 64 bits.
    /// </summary>
    public const long EnteredMicrosMax = 1_000_000_000 * MicrosPerUnit;

    public static readonly Money Zero = new(0);

    public static string Expected =>
        "an amount in USD as a JSON string with at most two places, for example \"250.00\"";

    public static Money operator +(Money left, Money right) => new(left.Micros + right.Micros);
    public static Money operator -(Money left, Money right) => new(left.Micros - right.Micros);
    public static bool operator <(Money left, Money right) => left.Micros < right.Micros;
    public static bool operator >(Money left, Money right) => left.Micros > right.Micros;
    public static bool operator <=(Money left, Money right) => left.Micros <= right.Micros;
    public static bool operator >=(Money left, Money right) => left.Micros >= right.Micros;

    public int CompareTo(Money other) => Micros.CompareTo(other.Micros);

    public static bool TryParse(string text, out Money value)
    {
        var parsed = Decimals.TryParse(text, places: 2, out var hundredths);
        parsed = parsed && Math.Abs(hundredths) <= EnteredMicrosMax / MicrosPerCent;
        value = parsed ? new Money(hundredths * MicrosPerCent) : default;
        return parsed;
    }

    /// <summary>Two places, rounded half away from zero.</summary>
    public override string ToString() => WireDecimal.From(this).ToString();
}

/// <summary>Whole cents: what a closed month is made of.</summary>
public readonly record struct Cents(long Value)
{
    public static Cents operator +(Cents left, Cents right) => new(left.Value + right.Value);
    public static Cents operator -(Cents left, Cents right) => new(left.Value - right.Value);

    public override string ToString() => WireDecimal.From(this).ToString();
}

/// <summary>
/// A price in micro-USD as its buyer wrote it: per click (CPC) or per thousand impressions (CPM). Prints as many
/// places as it needs, at least two.
/// </summary>
public readonly record struct Bid(long Micros) : IWireText<Bid>
{
    /// <summary>Ten thousand dollars a click is a typing error, not a bid.</summary>
    public const long MicrosMax = 10_000 * Money.MicrosPerUnit;

    public static string Expected => "a price in USD as a JSON string with at most six places, for example \"0.25\"";

    public static bool TryParse(string text, out Bid value)
    {
        var parsed = Decimals.TryParse(text, places: 6, out var micros) && Math.Abs(micros) <= MicrosMax;
        value = parsed ? new Bid(micros) : default;
        return parsed;
    }

    public override string ToString() => Decimals.Exact(Micros);
}

/// <summary>
/// The platform's part of a retailer's gross, in parts per million; prints as a fraction, "0.15" for 15 %.
/// </summary>
public readonly record struct FeeRate : IWireText<FeeRate>
{
    public const int Whole = 1_000_000;

    public FeeRate(int ppm)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(ppm);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(ppm, Whole);
        Ppm = ppm;
    }

    public int Ppm { get; }

    public static string Expected => "a fraction from 0 to 1 as a JSON string with at most six places, "
        + "for example \"0.15\" for 15 %";

    public static bool TryParse(string text, out FeeRate value)
    {
        var parsed = Decimals.TryParse(text, places: 6, out var ppm) && ppm is >= 0 and <= Whole;
        value = parsed ? new FeeRate((int)ppm) : default;
        return parsed;
    }

    public override string ToString() => Decimals.Exact(Ppm);
}

/// <summary>
/// A figure as clients read it: exactly two places. Made once, from exact integers, rounded half away from zero; never
/// calculated with.
/// </summary>
public readonly record struct WireDecimal(Int128 Hundredths)
{
    /// <summary>The pattern the contract gives for every decimal.</summary>
    public const string Pattern = @"^(?!^[-+.]*$)[+-]?0*\d*\.?\d*$";

    public static WireDecimal From(Money money) => Quotient(money.Micros, Money.MicrosPerCent);

    public static WireDecimal From(Cents cents) => new(cents.Value);

    /// <summary>Clicks per hundred impressions; 0 without impressions.</summary>
    public static WireDecimal Ctr(long clicks, long impressions) => Percent(clicks, impressions);

    /// <summary>A part in hundredths of the whole; 0 of nothing.</summary>
    public static WireDecimal Percent(long part, long whole) => Quotient((Int128)part * 100 * 100, whole);

    /// <summary>Spend per click in USD; 0 without clicks.</summary>
    public static WireDecimal EffectiveCpc(Money spend, long clicks) =>
        Quotient(spend.Micros, (Int128)clicks * Money.MicrosPerCent);

    /// <summary>Spend per thousand impressions in USD; 0 without impressions.</summary>
    public static WireDecimal EffectiveCpm(Money spend, long impressions) =>
        Quotient((Int128)spend.Micros * 1000, (Int128)impressions * Money.MicrosPerCent);

    public override string ToString()
    {
        var whole = Int128.Abs(Hundredths);
        var sign = Hundredths < 0 ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{whole / 100}.{(int)(whole % 100):00}");
    }

    private static WireDecimal Quotient(Int128 numerator, Int128 denominator)
    {
        if (denominator == 0)
        {
            return default;
        }

        var half = numerator < 0 ? -(denominator / 2) : denominator / 2;
        return new WireDecimal((numerator + half) / denominator);
    }
}

/// <summary>Plain decimal digits to scaled integers and back.</summary>
public static class Decimals
{
    /// <summary>
    /// Reads digits with an optional sign and point as an integer scaled by 10^<paramref name="places"/>. False for
    /// anything else: exponents, more places than allowed, more than 64 bits.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, int places, out long scaled)
    {
        scaled = 0;
        var negative = text.StartsWith('-');
        var digits = text.StartsWith('-') || text.StartsWith('+') ? text[1..] : text;
        var point = digits.IndexOf('.');
        var fraction = point < 0 ? 0 : digits.Length - point - 1;
        if (digits.Length == (point < 0 ? 0 : 1) || digits.Length > 40)
        {
            return false;
        }

        Int128 number = 0;
        var seen = 0;
        for (var index = 0; index < digits.Length; index++)
        {
            if (index == point)
            {
                continue;
            }

            if (!char.IsAsciiDigit(digits[index]) || number > long.MaxValue)
            {
                return false;
            }

            seen += index > point && point >= 0 ? 1 : 0;
            if (seen > places)
            {
                if (digits[index] != '0')
                {
                    return false;
                }

                continue;
            }

            number = (number * 10) + (digits[index] - '0');
        }

        for (var place = Math.Min(fraction, places); place < places; place++)
        {
            number *= 10;
        }

        if (number > long.MaxValue)
        {
            return false;
        }

        scaled = negative ? -(long)number : (long)number;
        return true;
    }

    /// <summary>Millionths printed with as many places as they need, at least two.</summary>
    public static string Exact(long millionths)
    {
        var whole = Int128.Abs(millionths);
        var text = string.Create(
            CultureInfo.InvariantCulture, $"{whole / 1_000_000}.{(int)(whole % 1_000_000):000000}");
        var end = text.Length;
        while (text[end - 1] == '0' && text[end - 3] != '.')
        {
            end--;
        }

        return (millionths < 0 ? "-" : "") + text[..end];
    }
}
