using Countinghouse.Primitives;

namespace Countinghouse.Adjustments;

/// <summary>What an adjustment goes by. The wire spells it in upper case.</summary>
public enum AdjustmentKind
{
    /// <summary>The whole charge of one event.</summary>
    Event = 1,

    /// <summary>A part of what a campaign was charged over some days.</summary>
    Days = 2,

    /// <summary>An amount that somebody decided on.</summary>
    Amount = 3,
}

/// <summary>Where a correction is booked.</summary>
/// <param name="Applied">The month whose books take it in: its own while that is open, else the next open one.</param>
/// <param name="Hour">The hour (yyyymmddhh) at which reports show it; in the month that takes it in.</param>
public readonly record struct Booking(Period Applied, int Hour);

/// <summary>Decides on corrections. Facts in, decisions out.</summary>
public static class AdjustmentRules
{
    /// <summary>
    /// A month that is fenced takes nothing in any more: what concerns it is booked in the first one after it, now or,
    /// when that is over but still open, at its end. So reports of a closed month never change.
    /// </summary>
    /// <param name="originHour">When what is corrected was booked (yyyymmddhh).</param>
    /// <param name="fencedThrough">Last month that takes nothing in.</param>
    /// <param name="now">The present.</param>
    public static Booking Book(int originHour, Period fencedThrough, DateTimeOffset now)
    {
        var origin = Period.FromNumber(originHour / 10_000);
        if (origin > fencedThrough)
        {
            return new Booking(origin, originHour);
        }

        var applied = fencedThrough.Next;
        var today = UtcDay.Of(now);
        return new Booking(
            applied,
            today.Period == applied ? today.FirstHour + now.UtcDateTime.Hour
                : today.Period > applied ? applied.LastDay.LastHour : applied.FirstDay.FirstHour);
    }

    /// <summary>A part of what is left of a charge, as a credit: rounded down, so never more than the part.</summary>
    public static Money Credit(Money left, FeeRate part) =>
        new(-(long)((Int128)left.Micros * part.Ppm / FeeRate.Whole));

    /// <summary>
    /// All corrections of a campaign at a location in a month together give back at most what was charged there, and
    /// never add to it.
    /// </summary>
    public static bool IsWithin(Money charged, Money adjusted) =>
        adjusted <= Money.Zero && charged + adjusted >= Money.Zero;
}
