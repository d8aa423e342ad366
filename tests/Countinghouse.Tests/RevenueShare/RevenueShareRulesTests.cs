using System.Numerics;
using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

public sealed class RevenueShareRulesTests
{
    private const int Seed = 20260705;
    private const int Cases = 250_000;

    [Theory]
    [InlineData(100, 150_000, 15, 85)]
    [InlineData(1, 150_000, 0, 1)]
    [InlineData(7, 150_000, 1, 6)]
    [InlineData(1, 999_999, 0, 1)]
    [InlineData(12_345, 0, 0, 12_345)]
    [InlineData(12_345, 1_000_000, 12_345, 0)]
    [InlineData(-1, 150_000, -1, 0)]
    [InlineData(-100, 150_000, -15, -85)]
    public void The_fee_is_rounded_down_and_the_odd_cent_is_the_retailers(long gross, int ppm, long fee, long share) =>
        Assert.Equal(
            (new Cents(fee), new Cents(share)), RevenueShareRules.Split(new Cents(gross), new FeeRate(ppm)));

    [Theory]
    [InlineData(0, 0, 0, 0, 0)]
    [InlineData(9_999, 0, 0, 0, 9_999)]
    [InlineData(9_999, 0, 1, 1, 0)]
    [InlineData(25_000, 0, 9_999, 3, 4_999)]
    [InlineData(0, -1, 0, -1, 9_999)]
    [InlineData(0, -10_000, 0, -1, 0)]
    [InlineData(0, -10_001, 5, -1, 4)]
    [InlineData(0, -10_001, 0, -2, 9_999)]
    [InlineData(5_000, -5_000, 42, 0, 42)]
    public void Whole_cents_are_made_and_the_rest_is_carried(
        long events, long adjustments, long carryIn, long gross, long carryOut)
    {
        var made = Calculate(events, adjustments, carryIn, 150_000);

        Assert.Equal(gross, made.Gross.Value);
        Assert.Equal(carryOut, made.CarryOut.Micros);
        Assert.Equal(gross != 0 || adjustments != 0, made.MakesRecord);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(10_000)]
    public void A_carry_of_a_cent_or_below_nothing_is_a_bug(long carryIn) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Calculate(0, 0, carryIn, 0));

    /// <summary>Against arithmetic of another kind: big integers, and division checked by its remainder.</summary>
    [Fact]
    public void Any_pool_and_rate_keep_every_micro_and_every_cent()
    {
        var random = new Random(Seed);
        var carry = 0L;
        BigInteger received = 0, handedOn = 0;
        for (var index = 0; index < Cases; index++)
        {
            var events = random.NextInt64(0, 1L << random.Next(1, 60));
            var adjustments = random.Next(3) == 0 ? -random.NextInt64(0, 1L << random.Next(1, 60)) : 0;
            var ppm = random.Next(4) == 0 ? random.Next(2) * FeeRate.Whole : random.Next(FeeRate.Whole + 1);
            var made = Calculate(events, adjustments, carry, ppm);

            var pool = (BigInteger)events + adjustments + carry;
            var feeRest = ((BigInteger)made.Gross.Value * ppm) - ((BigInteger)made.Fee.Value * 1_000_000);
            var holds = pool == ((BigInteger)made.Gross.Value * 10_000) + made.CarryOut.Micros
                && made.CarryOut.Micros is >= 0 and <= 9_999
                && made.Fee.Value + made.Share.Value == made.Gross.Value
                && feeRest >= 0 && feeRest < 1_000_000;
            Assert.True(holds, $"seed {Seed}, case {index}: {made}");

            received += (BigInteger)events + adjustments;
            handedOn += (BigInteger)made.Gross.Value * 10_000;
            carry = made.CarryOut.Micros;
        }

        Assert.Equal(received, handedOn + carry);
    }

    private static Calculation Calculate(long events, long adjustments, long carryIn, int ppm)
    {
        var (month, rate) = (Month("2026-07"), new FeeRate(ppm));
        return RevenueShareRules.Calculate(
            month,
            new Money(events),
            new Money(carryIn),
            rate,
            adjustments == 0
                ? []
                : [new Correction(
                    month,
                    new Money(adjustments),
                    rate,
                    new SharePart(month, default, default, default, default, rate))]);
    }

    [Theory]
    [InlineData("2026-07", "2026-08-03T23:59:59.999999Z", false)]
    [InlineData("2026-07", "2026-08-04T00:00:00Z", true)]
    [InlineData("2028-02", "2028-03-03T23:59:59Z", false)]
    [InlineData("2028-02", "2028-03-04T00:00:00Z", true)]
    [InlineData("2026-12", "2027-01-04T00:00:00Z", true)]
    [InlineData("9999-12", "2026-08-15T00:00:00Z", false)]
    [InlineData("0001-01", "2026-08-15T00:00:00Z", true)]
    public void A_month_may_be_closed_72_hours_after_its_end(string month, string now, bool due)
    {
        Assert.Equal(due, RevenueShareRules.IsDue(Month(month), Time(now)));
        Assert.Equal(due, RevenueShareRules.ClosesAt(Month(month)) <= Instant.Of(Time(now)));
    }

    [Theory]
    [InlineData("2026-05", "2026-05", CloseDecision.Close)]
    [InlineData("2026-05", null, CloseDecision.Close)]
    [InlineData("2026-06", "2026-05", CloseDecision.OutOfOrder)]
    [InlineData("2026-04", "2026-05", CloseDecision.BeforeFirst)]
    [InlineData("2026-08", "2026-05", CloseDecision.TooEarly)]
    [InlineData("9999-12", null, CloseDecision.TooEarly)]
    public void Months_close_in_order(string month, string? next, CloseDecision expected) => Assert.Equal(
        expected,
        RevenueShareRules.Decide(
            Month(month), next is null ? null : Month(next), Time("2026-08-15T12:00:00Z")));

    [Fact]
    public void After_a_closed_month_comes_the_next_whatever_the_events_say()
    {
        Assert.Equal(Month("2027-01"), RevenueShareRules.NextToClose(Month("2026-12"), Month("2026-01")));
        Assert.Equal(Month("2026-03"), RevenueShareRules.NextToClose(null, Month("2026-03")));
        Assert.Null(RevenueShareRules.NextToClose(null, null));
    }

    [Theory]
    [InlineData("2026-08", false)]
    [InlineData("2026-07", false)]
    [InlineData("2026-09", true)]
    public void A_rate_takes_effect_in_a_month_that_has_not_begun(string month, bool allowed) => Assert.Equal(
        allowed, RevenueShareRules.MayTakeEffect(Month(month), Time("2026-08-31T23:59:59Z")));

    [Fact]
    public void The_numbers_of_stored_ids_never_change() => Assert.Equal(
        NamedId.Create("revenue_share/2222222222222222222222/2026-07"),
        CloseStore.ShareOf(default, Month("2026-07")).Value);

    private static Period Month(string text) =>
        Period.TryParse(text, out var period) ? period : throw new ArgumentException(text);

    private static DateTimeOffset Time(string text) =>
        Instant.TryParse(text, out var time) ? time.ToTime() : throw new ArgumentException(text);
}
