using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Countinghouse.Support;
using FsCheck;
using FsCheck.Fluent;

namespace Countinghouse.Primitives;

public sealed partial class DecimalTests
{
    private static readonly Gen<(long, long)> Pairs =
        Properties.Counts.SelectMany(left => Properties.Counts.Select(right => (left, right)));

    private static readonly Gen<string> Texts = Gen.OneOf(
        Properties.Text("0123456789", 24),
        Properties.Text("0123456789+-. eE,", 12),
        Properties.Text("019.", 8).Select(text => "-" + text),
        Properties.Longs.SelectMany(whole => Gen.Choose(0, 99_999_999)
            .Select(part => string.Create(CultureInfo.InvariantCulture, $"{whole}.{part}"))));

    [Fact]
    public void Money_is_rounded_half_away_from_zero_to_two_places() => Properties.Hold(
        Properties.Longs, micros => Assert.Equal(Rounded(micros, 10_000), new Money(micros).ToString()));

    [Fact]
    public void Halves_go_away_from_zero()
    {
        Assert.Equal("0.01", new Money(5_000).ToString());
        Assert.Equal("-0.01", new Money(-5_000).ToString());
        Assert.Equal("0.00", new Money(4_999).ToString());
        Assert.Equal("0.00", new Money(-4_999).ToString());
        Assert.Equal("2890.00", new Money(2_890_000_000).ToString());
        Assert.Equal("-12.50", new Money(-12_500_000).ToString());
        Assert.Equal("92233720368547758.07", new Cents(9_223_372_036_854_775_807).ToString());
    }

    [Fact]
    public void Click_through_is_a_rounded_percentage() => Properties.Hold(Pairs, pair =>
    {
        var (clicks, impressions) = pair;
        Assert.Equal(
            Rounded((BigInteger)clicks * 10_000, impressions), WireDecimal.Ctr(clicks, impressions).ToString());
    });

    [Fact]
    public void Cost_per_click_is_rounded_from_exact_micros() => Properties.Hold(Pairs, pair =>
    {
        var (micros, clicks) = pair;
        Assert.Equal(
            Rounded(micros, (BigInteger)clicks * 10_000),
            WireDecimal.EffectiveCpc(new Money(micros), clicks).ToString());
    });

    [Fact]
    public void Cost_per_thousand_is_rounded_from_exact_micros() => Properties.Hold(Pairs, pair =>
    {
        var (micros, impressions) = pair;
        Assert.Equal(
            Rounded((BigInteger)micros * 1000, (BigInteger)impressions * 10_000),
            WireDecimal.EffectiveCpm(new Money(micros), impressions).ToString());
    });

    [Fact]
    public void Every_figure_has_two_places_and_the_pattern_of_the_contract() => Properties.Hold(
        Properties.Longs,
        number =>
        {
            var texts = new[]
            {
                new Money(number).ToString(), new Cents(number).ToString(),
                WireDecimal.Ctr(number & long.MaxValue, 3).ToString(),
            };
            foreach (var text in texts)
            {
                Assert.Matches(TwoPlaces(), text);
                Assert.Matches(WireDecimal.Pattern, text);
                Assert.NotEqual("-0.00", text);
            }
        });

    [Fact]
    public void Bids_print_as_many_places_as_they_need_and_come_back() => Properties.Hold(
        Properties.Longs,
        micros =>
        {
            var text = Decimals.Exact(micros);

            Assert.Matches(WireDecimal.Pattern, text);
            Assert.Matches(AsManyAsNeeded(), text);
            if (micros != long.MinValue)
            {
                Assert.True(Decimals.TryParse(text, 6, out var read), text);
                Assert.Equal(micros, read);
            }
        });

    [Fact]
    public void Reading_agrees_with_a_model() => Properties.Hold(
        Texts.SelectMany(text => Gen.Choose(0, 6).Select(places => (text, places))),
        input =>
        {
            var expected = Read(input.text, input.places);

            Assert.Equal(expected is not null, Decimals.TryParse(input.text, input.places, out var scaled));
            Assert.Equal(expected ?? 0, scaled);
        });

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("-")]
    [InlineData("+.")]
    [InlineData("1e3")]
    [InlineData("1,000.00")]
    [InlineData("1.2.3")]
    [InlineData("--1")]
    [InlineData("0x10")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("١٢")]
    [InlineData("1.001")]
    [InlineData("99999999999999999999")]
    [InlineData("1000000000.01")]
    [InlineData("-1000000000.01")]
    public void What_is_no_amount_is_refused(string text) => Assert.False(Money.TryParse(text, out _));

    [Theory]
    [InlineData("250.00", 250_000_000)]
    [InlineData("250", 250_000_000)]
    [InlineData("250.", 250_000_000)]
    [InlineData(".5", 500_000)]
    [InlineData("+0.10", 100_000)]
    [InlineData("-12.5", -12_500_000)]
    [InlineData("000001.000000", 1_000_000)]
    [InlineData("1000000000", 1_000_000_000_000_000)]
    public void What_the_pattern_allows_is_read(string text, long micros)
    {
        Assert.True(Money.TryParse(text, out var money));
        Assert.Equal(micros, money.Micros);
    }

    [Fact]
    public void A_fee_rate_is_between_nothing_and_everything() => Properties.Hold(
        Gen.OneOf(Gen.Choose(-10, 1_000_010), Gen.Choose(int.MinValue / 2, int.MaxValue / 2)),
        ppm =>
        {
            if (ppm is < 0 or > FeeRate.Whole)
            {
                Assert.Throws<ArgumentOutOfRangeException>(() => new FeeRate(ppm));
                Assert.False(FeeRate.TryParse(Decimals.Exact(ppm), out _));
                return;
            }

            var rate = new FeeRate(ppm);
            Assert.True(FeeRate.TryParse(rate.ToString(), out var read));
            Assert.Equal(rate, read);
        });

    [Fact]
    public void A_fee_rate_prints_as_a_fraction()
    {
        Assert.Equal("0.15", new FeeRate(150_000).ToString());
        Assert.Equal("0.125", new FeeRate(125_000).ToString());
        Assert.Equal("1.00", new FeeRate(1_000_000).ToString());
        Assert.Equal("0.00", default(FeeRate).ToString());
        Assert.Equal("0.000001", new FeeRate(1).ToString());
    }

    /// <summary>Half away from zero, by doubling: the quotient in hundredths, printed.</summary>
    private static string Rounded(BigInteger numerator, BigInteger denominator)
    {
        var hundredths = denominator.IsZero
            ? BigInteger.Zero
            : ((2 * BigInteger.Abs(numerator)) + denominator) / (2 * denominator);
        var sign = numerator.Sign < 0 && !hundredths.IsZero ? "-" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{sign}{hundredths / 100}.{(int)(hundredths % 100):00}");
    }

    private static long? Read(string text, int places)
    {
        var match = Number().Match(text);
        var fraction = match.Groups["fraction"].Value;
        if (!match.Success || fraction.Length > places && fraction[places..].Any(digit => digit != '0'))
        {
            return null;
        }

        var digits = match.Groups["whole"].Value + fraction.PadRight(places, '0')[..places];
        var scaled = digits.Length == 0 ? 0 : BigInteger.Parse(digits, CultureInfo.InvariantCulture);
        return scaled > long.MaxValue ? null : (long)scaled * (text[0] == '-' ? -1 : 1);
    }

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)\.[0-9]{2}$")]
    private static partial Regex TwoPlaces();

    [GeneratedRegex(@"^-?[0-9]+\.([0-9]{2}|[0-9]{2,5}[1-9])$")]
    private static partial Regex AsManyAsNeeded();

    [GeneratedRegex(@"^[+-]?(?=\.?[0-9])(?<whole>[0-9]*)(\.(?<fraction>[0-9]*))?\z")]
    private static partial Regex Number();
}
