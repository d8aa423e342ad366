using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>Corrections of a month's charges that a close takes in, and what is booked of that month.</summary>
/// <param name="Origin">The month whose charges they correct: the one being closed or an earlier one.</param>
/// <param name="Amount">What they come to; below zero: given back.</param>
/// <param name="Rate">The rate that applied in that month.</param>
/// <param name="Before">What earlier records already have of that month; nothing of the one being closed.</param>
public readonly record struct Correction(Period Origin, Money Amount, FeeRate Rate, SharePart Before);

/// <summary>What a record has of one month of origin. Summed over all records: that month as it is known now.</summary>
/// <param name="Origin">The month of origin.</param>
/// <param name="Pool">What cents are made of.</param>
/// <param name="Gross">Its cents.</param>
/// <param name="Fee">The platform's part.</param>
/// <param name="Share">The retailer's part; fee and share are the gross, exactly.</param>
/// <param name="Rate">The rate of the month of origin.</param>
public readonly record struct SharePart(
    Period Origin, Money Pool, Cents Gross, Cents Fee, Cents Share, FeeRate Rate);

/// <summary>What closing a month for one retailer comes to.</summary>
/// <param name="EventGross">Charges of the month's events at the retailer's locations.</param>
/// <param name="Adjustments">Corrections booked in this month; may be negative.</param>
/// <param name="CarryIn">What the months before left below one cent: 0..9,999 micros.</param>
/// <param name="CarryOut">What this month leaves below one cent: 0..9,999 micros.</param>
/// <param name="Gross">The pool in whole cents; the pool is these and the carry out, exactly.</param>
/// <param name="Fee">The platform's part.</param>
/// <param name="Share">The retailer's part; fee and share are the gross, exactly.</param>
/// <param name="Rate">The fee rate that applied; stored with the record, so the month is never re-priced.</param>
/// <param name="Parts">The same by month of origin, the month itself first.</param>
public readonly record struct Calculation(
    Money EventGross,
    Money Adjustments,
    Money CarryIn,
    Money CarryOut,
    Cents Gross,
    Cents Fee,
    Cents Share,
    FeeRate Rate,
    IReadOnlyList<SharePart> Parts)
{
    /// <summary>True when corrections were taken in: they are shown even when they come to nothing.</summary>
    public bool HasCorrections { get; init; }

    /// <summary>False when there is nothing to say: less than a cent is carried on, and no record is made.</summary>
    public bool MakesRecord => Gross.Value != 0 || HasCorrections;
}

/// <summary>What people do to a record.</summary>
public enum ShareAction
{
    /// <summary>The operator agrees; then it may be paid.</summary>
    Approve = 1,

    /// <summary>The retailer or the operator objects, with a reason.</summary>
    Dispute = 2,

    /// <summary>The operator settles the dispute; the record waits for approval again, as a new revision.</summary>
    Resolve = 3,
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

/// <summary>What keeps the next month from being closed, as far as that is known without reading its events.</summary>
public enum CloseBlock
{
    /// <summary>No event was recorded yet, so there is no month to close.</summary>
    NoEvents = 1,

    /// <summary>The month is not over.</summary>
    MonthNotOver = 2,

    /// <summary>The month is over, but not its 72 hours for late events.</summary>
    WaitsForLateEvents = 3,

    /// <summary>The last verification found differences.</summary>
    VerificationDifferent = 4,
}

/// <summary>How events become money. Facts in, decisions out.</summary>
public static class RevenueShareRules
{
    /// <summary>Whole days between the end of a month and its close, for events that come late: 72 hours.</summary>
    public const int DaysForLateEvents = 3;

    /// <summary>
    /// Cents are made once per month of origin. A correction of an earlier month re-rates that month as a whole, by its
    /// own rate, and the difference to what was booked of it becomes a part of this record; what of it makes no whole
    /// cent joins this month's own pool. Of that the whole cents are made now and the rest is carried on. Everything is
    /// rounded down, also below zero (a pool of -1 micro is -1 cent and a carry of 9,999), so a carry is never negative
    /// and never a cent. The pool is the gross and the carry out, exactly.
    /// </summary>
    public static Calculation Calculate(
        Period period, Money eventGross, Money carryIn, FeeRate rate, IReadOnlyList<Correction> corrections)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(carryIn.Micros);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(carryIn.Micros, Money.MicrosPerCent);

        var late = corrections.Where(correction => correction.Origin < period).Select(ReRate).ToList();
        var adjustments = new Money(corrections.Sum(correction => correction.Amount.Micros));
        var pool = (Int128)eventGross.Micros + adjustments.Micros + carryIn.Micros
            - late.Sum(part => part.Gross.Value * Money.MicrosPerCent);
        var gross = new Cents((long)FloorDivide(pool, Money.MicrosPerCent));
        var (fee, share) = Split(gross, rate);
        SharePart[] parts = [new(period, new Money((long)pool), gross, fee, share, rate), .. late];
        return new Calculation(
            eventGross,
            adjustments,
            carryIn,
            new Money((long)(pool - ((Int128)gross.Value * Money.MicrosPerCent))),
            new Cents(parts.Sum(part => part.Gross.Value)),
            new Cents(parts.Sum(part => part.Fee.Value)),
            new Cents(parts.Sum(part => part.Share.Value)),
            rate,
            parts)
        {
            HasCorrections = corrections.Count > 0,
        };
    }

    /// <summary>What a month comes to with the correction, less what is booked of it.</summary>
    private static SharePart ReRate(Correction correction)
    {
        var before = correction.Before;
        var gross = new Cents((long)FloorDivide(
            (Int128)before.Pool.Micros + correction.Amount.Micros, Money.MicrosPerCent));
        var (fee, share) = Split(gross, correction.Rate);
        return new SharePart(
            correction.Origin,
            correction.Amount,
            gross - before.Gross,
            fee - before.Fee,
            share - before.Share,
            correction.Rate);
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

    /// <summary>
    /// Everything that would refuse to close <paramref name="next"/>, the first month still open, now. Whether rollups
    /// are what the events come to only the close itself finds out: it reads them all.
    /// </summary>
    public static IReadOnlyList<CloseBlock> Blocks(Period? next, DateTimeOffset now, bool isClean)
    {
        var blocks = new List<CloseBlock>();
        if (next is not { } period)
        {
            blocks.Add(CloseBlock.NoEvents);
        }
        else if (Decide(period, next, now) == CloseDecision.TooEarly)
        {
            blocks.Add(UtcDay.Of(now).Period > period ? CloseBlock.WaitsForLateEvents : CloseBlock.MonthNotOver);
        }

        if (!isClean)
        {
            blocks.Add(CloseBlock.VerificationDifferent);
        }

        return blocks;
    }

    /// <summary>Has it been over for 72 hours? Asked backwards, so that it holds to the calendar's end.</summary>
    public static bool IsDue(Period period, DateTimeOffset now) =>
        UtcDay.Of(now.AddDays(-DaysForLateEvents)).Period > period;

    /// <summary>The first instant at which the month may be closed.</summary>
    public static Instant ClosesAt(Period period) =>
        Instant.Of(period.LastDay.AddDays(1 + DaysForLateEvents).Start());

    /// <summary>A rate is set for a month that has not begun: nobody sells at a price set afterwards.</summary>
    public static bool MayTakeEffect(Period effective, DateTimeOffset now) => effective > UtcDay.Of(now).Period;

    /// <summary>From which states an action is possible, and into which it leads.</summary>
    public static (IReadOnlyList<RevenueShareStatusEnum> From, RevenueShareStatusEnum To) Change(ShareAction action) =>
        action switch
        {
            ShareAction.Approve => ([RevenueShareStatusEnum.Calculated], RevenueShareStatusEnum.Approved),
            ShareAction.Dispute => (
                [RevenueShareStatusEnum.Calculated, RevenueShareStatusEnum.Approved], RevenueShareStatusEnum.Disputed),
            ShareAction.Resolve => ([RevenueShareStatusEnum.Disputed], RevenueShareStatusEnum.Calculated),
        };

    /// <summary>
    /// A settled dispute makes a record of which nobody has seen what it says now: whoever approved or read the old one
    /// has to look again.
    /// </summary>
    public static bool RaisesRevision(ShareAction action) => action == ShareAction.Resolve;

    /// <summary>Division rounding towards minus infinity; C# rounds towards zero.</summary>
    private static Int128 FloorDivide(Int128 value, Int128 divisor)
    {
        var quotient = value / divisor;
        return value < 0 && quotient * divisor != value ? quotient - 1 : quotient;
    }
}
