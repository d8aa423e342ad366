using System.Globalization;
using Countinghouse.Primitives;

namespace Countinghouse.WebConsole.Advertiser;

/// <summary>How fast a campaign spends: for planning, not for billing, so rounded as people round.</summary>
/// <param name="DailyAverage">USD a day over the last seven whole days.</param>
/// <param name="TimePercent">What of its days has passed; null without an end.</param>
/// <param name="LastsUntil">The day on which the budget is used up at this pace; null: not in ten years.</param>
/// <param name="Verdict">What that means, in words.</param>
public sealed record Pacing(string DailyAverage, decimal? TimePercent, UtcDay? LastsUntil, string Verdict)
{
    private const int Window = 7;
    private const int FarthestDays = 3650;

    /// <summary>Spending within this many percent of the days that have passed is on pace.</summary>
    private const int TolerancePercent = 10;

    public static Pacing Of(Campaign campaign, IReadOnlyList<SeriesRow> lastDays, UtcDay today)
    {
        var average = lastDays.Where(row => row.Start[..10] != today.ToString()).Sum(row => Figures.Number(row.Spend))
            / Window;
        var days = average > 0 ? Figures.Number(campaign.RemainingBudget) / average : FarthestDays + 1;
        UtcDay? lasts = days <= FarthestDays ? today.AddDays((int)days) : null;
        var passed = Passed(campaign, today);
        return new Pacing(
            average.ToString("0.00", CultureInfo.InvariantCulture),
            passed,
            lasts,
            Judge(campaign, average, lasts, passed));
    }

    private static decimal? Passed(Campaign campaign, UtcDay today)
    {
        if (!UtcDay.TryParse(campaign.StartDate, out var start)
            || !UtcDay.TryParse(campaign.EndDate ?? "", out var end))
        {
            return null;
        }

        var all = (decimal)(end.Start() - start.Start()).TotalDays + 1;
        var gone = (decimal)(today.Start() - start.Start()).TotalDays + 1;
        return Math.Clamp(gone / all * 100, 0, 100);
    }

    private static string Judge(Campaign campaign, decimal average, UtcDay? lasts, decimal? passed)
    {
        if (campaign.Status != "active")
        {
            return "Not running, so nothing is charged.";
        }

        if (average == 0)
        {
            return "Nothing was charged in the last seven days.";
        }

        if (campaign.EndDate is { } end && lasts is { } day && UtcDay.TryParse(end, out var last) && day < last)
        {
            return "The budget runs out before the end date: top it up, or lower the bid or the daily budget.";
        }

        return passed is { } percent && campaign.SpentPercent < percent - TolerancePercent
            ? "Behind: less of the budget is spent than of the time has passed."
            : "On pace.";
    }
}
