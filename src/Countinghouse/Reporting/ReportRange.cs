using System.Globalization;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Reporting;

/// <summary>The days a report is about, both ends included.</summary>
public readonly record struct ReportRange(UtcDay Start, UtcDay End)
{
    public const int HourDaysMax = 31;
    public const int DayDaysMax = 400;
    public const int WeekDaysMax = 3_700;

    /// <summary>How many days back a report begins when the caller does not say.</summary>
    public const int DefaultDays = 30;

    public static readonly WireQuery<UtcDay> StartParameter =
        new("start_date", "First UTC day, inclusive. Default: 30 days ago.");

    public static readonly WireQuery<UtcDay> EndParameter =
        new("end_date", "Last UTC day, inclusive. Default: today.");

    public static (ReportRange Range, Problem? Problem) Read(HttpContext context, DateTimeOffset now)
    {
        var today = UtcDay.Of(now);
        var range = new ReportRange(
            StartParameter.Read(context) ?? today.AddDays(-DefaultDays), EndParameter.Read(context) ?? today);
        return (range, range.Start > range.End
            ? Problems.Invalid("start_date", $"must not be after end_date ({range.End})", "invalid_range")
            : null);
    }

    /// <summary>Days in it, both ends counted.</summary>
    public int DayCount => Start.DaysUntil(End) + 1;

    /// <summary>Refuses a span too long for rows of the given length; null when it is fine.</summary>
    public Problem? RefuseLength(Granularity granularity)
    {
        var most = granularity switch
        {
            Granularity.Hour => HourDaysMax,
            Granularity.Day => DayDaysMax,
            Granularity.Week or Granularity.Month or Granularity.All => WeekDaysMax,
        };
        return DayCount <= most
            ? null
            : Problems.Invalid(
                "end_date",
                string.Create(CultureInfo.InvariantCulture, $"must span at most {most} days, ends included"),
                "range_too_long");
    }
}
