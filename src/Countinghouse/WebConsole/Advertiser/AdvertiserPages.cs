using Countinghouse.WebConsole.Parts;

namespace Countinghouse.WebConsole.Advertiser;

/// <summary>Totals over days.</summary>
public sealed record Performance(
    long Impressions, long Clicks, string Spend, string Ctr, string EffectiveCpc, string EffectiveCpm);

/// <summary>A row of figures.</summary>
public sealed record SeriesRow(
    string Start, string? GroupId, string? GroupName, long Impressions, long Clicks, string Spend, string Ctr,
    string EffectiveCpc, string EffectiveCpm, long InvalidImpressions, long InvalidClicks, long UnbilledClicks,
    string State);

/// <summary>Figures over time.</summary>
public sealed record Series(IReadOnlyList<SeriesRow> Rows);

/// <summary>What the overview shows.</summary>
public sealed record OverviewModel(
    DayRange Range, Performance Now, Performance Before, IReadOnlyList<Chart.Point> Daily);

/// <summary>What an advertiser spends and gets.</summary>
public static class AdvertiserPages
{
    public static IEndpointRouteBuilder MapAdvertiser(this IEndpointRouteBuilder console)
    {
        console.MapGet("", Start);
        console.MapGet("/{organization_id}", Overview);
        return console;
    }

    /// <summary>To the pages that somebody most likely wants.</summary>
    private static IResult Start(ConsolePage page) => ConsolePage.SeeOther(
        page.Operates ? ConsolePage.Root + "/operator/periods"
        : page.Session.Memberships is [var first, ..] ? $"{ConsolePage.Root}/{first.OrganizationId}"
        : ConsolePage.Root + "/me");

    private static async Task<IResult> Overview(ConsolePage page)
    {
        var range = DayRange.Of(page);
        var reports = $"reporting/organizations/{page.Organization!.OrganizationId}";
        var now = await page.Api.Get<Performance>($"{reports}/performance", range.Parameters);
        var before = await page.Api.Get<Performance>($"{reports}/performance", range.Before.Parameters);
        var series = await page.Api.Get<Series>($"{reports}/performance/series", range.Parameters);
        return page.Show<OverviewPage>(new OverviewModel(
            range,
            now,
            before,
            [.. series.Rows.Select(row => new Chart.Point(
                Cell.Day(row.Start[..10]),
                [Cell.Money(row.Spend), Cell.Count(row.Impressions), Cell.Count(row.Clicks)]))]));
    }
}
