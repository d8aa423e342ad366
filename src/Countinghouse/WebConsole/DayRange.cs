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

    public int Days => 1 + (int)(End.Start() - Start.Start()).TotalDays;

    /// <summary>As many days, right before.</summary>
    public DayRange Before => new(Start.AddDays(-Days), Start.AddDays(-1));

    /// <summary>For the API's parameters.</summary>
    public (string Name, object? Value)[] Parameters => [("start_date", Start), ("end_date", End)];

    /// <summary>What cannot be read or makes no sense falls back to the usual days.</summary>
    public static DayRange Of(ConsolePage page)
    {
        var last = UtcDay.TryParse(page.Query("end_date"), out var end) ? end : page.Today;
        var first = UtcDay.TryParse(page.Query("start_date"), out var start)
            ? start
            : last.AddDays(1 - (int.TryParse(page.Query("days"), CultureInfo.InvariantCulture, out var days)
                && days is > 0 and <= DaysMax ? days : UsualDays));
        var range = new DayRange(first, last);
        return first > last || range.Days > DaysMax ? new DayRange(last.AddDays(1 - UsualDays), last) : range;
    }
}
