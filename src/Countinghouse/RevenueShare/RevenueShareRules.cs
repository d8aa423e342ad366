using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>What closing a month for one retailer comes to.</summary>
/// <param name="EventGross">Charges of the month's events at the retailer's locations.</param>
/// <param name="Adjustments">Corrections booked in this month; may be negative.</param>
/// <param name="CarryIn">What the months before left below one cent: 0..9,999 micros.</param>
/// <param name="CarryOut">What this month leaves below one cent: 0..9,999 micros.</param>
/// <param name="Gross">The pool in whole cents; the pool is these and the carry out, exactly.</param>
/// <param name="Fee">The platform's part.</param>
/// <param name="Share">The retailer's part; fee and share are the gross, exactly.</param>
/// <param name="Rate">The fee rate that applied; stored with the record, so the month is never re-priced.</param>
public readonly record struct Calculation(
    Money EventGross,
    Money Adjustments,
    Money CarryIn,
    Money CarryOut,
    Cents Gross,
    Cents Fee,
    Cents Share,
    FeeRate Rate)
{
    /// <summary>False when there is nothing to say: less than a cent is carried on, and no record is made.</summary>
    public bool MakesRecord => Gross.Value != 0;
}

/// <summary>May a month be closed now?</summary>
public enum CloseDecision
{
    Close = 1,

    /// <summary>Its 72 hours for late events are not over.</summary>
    TooEarly = 2,

    /// <summary>An earlier month is still open.</summary>
    OutOfOrder = 3,

    /// <summary>It lies before the first month that can still be closed.</summary>
    BeforeFirst = 4,
}

/// <summary>How events become money. Facts in, decisions out.</summary>
public static class RevenueShareRules
{
    /// <summary>Whole days between the end of a month and its close, for events that come late: 72 hours.</summary>
    public const int DaysForLateEvents = 3;

    /// <summary>
    /// Cents are made once a month: the pool's whole cents now, the rest is carried on. Everything is rounded down,
    /// also below zero (a pool of -1 micro is -1 cent and a carry of 9,999), so a carry is never negative and never a
    /// cent.
    /// </summary>
    public static Calculation Calculate(Money eventGross, Money adjustments, Money carryIn, FeeRate rate)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(carryIn.Micros);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(carryIn.Micros, Money.MicrosPerCent);

        var pool = (Int128)eventGross.Micros + adjustments.Micros + carryIn.Micros;
        var cents = FloorDivide(pool, Money.MicrosPerCent);
        var gross = new Cents((long)cents);
        var (fee, share) = Split(gross, rate);
        return new Calculation(
            eventGross,
            adjustments,
            carryIn,
            new Money((long)(pool - (cents * Money.MicrosPerCent))),
            gross,
            fee,
            share,
            rate);
    }

    /// <summary>
    /// Splits a month's gross. The fee is rounded down, so the odd cent is the retailer's, also when the gross is
    /// negative; fee + share = gross.
    /// </summary>
    public static (Cents Fee, Cents Share) Split(Cents gross, FeeRate rate)
    {
        var fee = new Cents((long)FloorDivide((Int128)gross.Value * rate.Ppm, FeeRate.Whole));
        return (fee, gross - fee);
    }

    /// <summary>The month to close before any later one; null while nothing was recorded or closed.</summary>
    public static Period? NextToClose(Period? lastClosed, Period? firstWithEvents) =>
        lastClosed?.Next ?? firstWithEvents;

    /// <summary>May this month be closed, when <paramref name="next"/> is the first one still open?</summary>
    public static CloseDecision Decide(Period period, Period? next, DateTimeOffset now)
    {
        if (!IsDue(period, now))
        {
            return CloseDecision.TooEarly;
        }

        if (period < next)
        {
            return CloseDecision.BeforeFirst;
        }

        return period > next ? CloseDecision.OutOfOrder : CloseDecision.Close;
    }

    /// <summary>Has it been over for 72 hours? Asked backwards, so that it holds to the calendar's end.</summary>
    public static bool IsDue(Period period, DateTimeOffset now) =>
        UtcDay.Of(now.AddDays(-DaysForLateEvents)).Period > period;

    /// <summary>The first instant at which the month may be closed.</summary>
    public static Instant ClosesAt(Period period) =>
        Instant.Of(period.LastDay.AddDays(1 + DaysForLateEvents).Start());

    /// <summary>A rate is set for a month that has not begun: nobody sells at a price set afterwards.</summary>
    public static bool MayTakeEffect(Period effective, DateTimeOffset now) => effective > UtcDay.Of(now).Period;

    /// <summary>The states from which a record may come into a state; none means that it is made in it.</summary>
    public static IReadOnlyList<RevenueShareStatusEnum> Before(RevenueShareStatusEnum status) => status switch
    {
        RevenueShareStatusEnum.Calculated => [RevenueShareStatusEnum.Disputed],
        RevenueShareStatusEnum.Approved => [RevenueShareStatusEnum.Calculated],
        RevenueShareStatusEnum.Paid => [RevenueShareStatusEnum.Approved],
        RevenueShareStatusEnum.Disputed =>
            [RevenueShareStatusEnum.Calculated, RevenueShareStatusEnum.Approved, RevenueShareStatusEnum.Paid],
    };

    /// <summary>Division rounding towards minus infinity; C# rounds towards zero.</summary>
    private static Int128 FloorDivide(Int128 value, Int128 divisor)
    {
        var quotient = value / divisor;
        return value < 0 && quotient * divisor != value ? quotient - 1 : quotient;
    }
}
