using Countinghouse.Primitives;

namespace Countinghouse.Retention;

/// <summary>Why a month stays in the database.</summary>
public enum ArchiveRefusal
{
    /// <summary>It may go.</summary>
    None = 0,

    /// <summary>Ids of its events may still be remembered, or the settings keep it.</summary>
    TooYoung = 1,

    /// <summary>It is not closed, so its events may still be settled.</summary>
    NotClosed = 2,

    /// <summary>The last verification found differences.</summary>
    NotVerified = 3,

    /// <summary>An earlier month is still in the database: months go in order.</summary>
    OutOfOrder = 4,
}

/// <summary>Which months may leave the journal.</summary>
public static class ArchiveRules
{
    /// <summary>
    /// Whole months that stay beside the current one, at least: two are 59 days or more; ids are remembered for 35.
    /// </summary>
    public const int MonthsKeptMin = 2;

    /// <summary>The newest month that is old enough.</summary>
    public static Period NewestOldEnough(DateTimeOffset now, int monthsKept)
    {
        var month = UtcDay.Of(now).Period.Previous;
        for (var kept = 0; kept < monthsKept; kept++)
        {
            month = month.Previous;
        }

        return month;
    }

    /// <summary>Whether a month may go.</summary>
    /// <param name="month">Of receipt.</param>
    /// <param name="oldest">The oldest month with batches in the database.</param>
    /// <param name="oldEnough">The newest month that is old enough.</param>
    /// <param name="nextToClose">The first month still open; null while none was ever closed or recorded.</param>
    /// <param name="isClean">True unless the last verification found differences.</param>
    public static ArchiveRefusal Decide(
        Period month, Period oldest, Period oldEnough, Period? nextToClose, bool isClean)
    {
        if (month > oldEnough)
        {
            return ArchiveRefusal.TooYoung;
        }

        if (month > oldest)
        {
            return ArchiveRefusal.OutOfOrder;
        }

        if (nextToClose is not { } next || next <= month)
        {
            return ArchiveRefusal.NotClosed;
        }

        return isClean ? ArchiveRefusal.None : ArchiveRefusal.NotVerified;
    }
}
