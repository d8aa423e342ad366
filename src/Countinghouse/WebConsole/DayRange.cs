using System.Globalization;
using Countinghouse.Primitives;

namespace Countinghouse.WebConsole;

/// <summary>The days a page is about: asked for by the address, else the last 30 up to today.</summary>
/// <param name="Start">The first, UTC.</param>
/// <param name="End">The last, UTC.</param>
public sealed record DayRange(UtcDay Start, UtcDay End)
{
    private const int UsualDays = 30;

    /// <summary>Longer ones would make a table nobody reads; the API gives them.</summary>
    public const int DaysMax = 366;

    /// <summary>Long before any event, and far enough from the beginning of the calendar to reckon with.</summary>
    private static readonly UtcDay Earliest = UtcDay.Of(DateTimeOffset.UnixEpoch);

    public int Days => 1 + (int)(End.Start() - Start.Start()).TotalDays;

    /// <summary>As many days, right before.</summary>
    public DayRange Before => new(Start.AddDays(-Days), Start.AddDays(-1));

    /// <summary>For the API's parameters.</summary>
    public (string Name, object? Value)[] Parameters => [("start_date", Start), ("end_date", End)];

    /// <summary>Why other days are shown than were asked for; null when they are those.</summary>
    public string? Complaint { get; private init; }

    /// <summary>What cannot be read or makes no sense falls back to the usual days, and says so.</summary>
    public static DayRange Of(ConsolePage page)
    {
        var usual = new DayRange(page.Today.AddDays(1 - UsualDays), page.Today);
        var (from, to, span) = (page.Query("start_date"), page.Query("end_date"), page.Query("days"));
        var (start, end) = (usual.Start, usual.End);
        var days = UsualDays;
        if ((to.Length > 0 && !UtcDay.TryParse(to, out end)) || (from.Length > 0 && !UtcDay.TryParse(from, out start))
            || (span.Length > 0
                && !(int.TryParse(span, CultureInfo.InvariantCulture, out days) && days is > 0 and <= DaysMax)))
        {
            return usual.Complaining($"These are not days that can be read, so the last {UsualDays} are shown.");
        }

        end = end > page.Today || end < Earliest ? page.Today : end;
        var range = new DayRange(from.Length > 0 ? start : end.AddDays(1 - days), end);
        return range.Start > range.End
            ? usual.Complaining($"The first day is after the last, so the last {UsualDays} days are shown.")
            : range.AtMost(DaysMax, $"More than {DaysMax} days are not shown at once, so these are the last of them.");
    }

    /// <summary>No more than so many days, the last of them.</summary>
    public DayRange AtMost(int days, string why) => Days <= days
        ? this
        : (this with { Start = End.AddDays(1 - days) }).Complaining(why);

    private DayRange Complaining(string why) => this with { Complaint = why };
}
