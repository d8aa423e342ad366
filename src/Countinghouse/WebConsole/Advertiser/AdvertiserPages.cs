using Countinghouse.Access;
using Countinghouse.WebConsole.Parts;

namespace Countinghouse.WebConsole.Advertiser;

/// <summary>What an advertiser spends and gets for it.</summary>
public static class AdvertiserPages
{
    private static readonly Table<CampaignRow> CampaignTable = new(
        "campaigns",
        new("Campaign id", row => Cell.Code(row.CampaignId), InPage: false),
        new("Campaign", row => Cell.Drawn(CampaignCells.Name(row), row.Name), Sort: "name"),
        new("Status", row => Cell.Status(row.Status), Sort: "status"),
        new("Spend by day", row => Cell.Drawn(CampaignCells.Course(row)), InCsv: false),
        new("Spend", row => Cell.Money(row.Spend), IsNumber: true, Sort: "spend"),
        new("Impressions", row => Cell.Count(row.Impressions), IsNumber: true, Sort: "impressions"),
        new("Clicks", row => Cell.Count(row.Clicks), IsNumber: true, Sort: "clicks"),
        new("CTR", row => Cell.Percent(row.Ctr), IsNumber: true, Sort: "ctr"),
        new("CPC", row => Cell.Money(row.EffectiveCpc), IsNumber: true, Sort: "effective_cpc"),
        new("CPM", row => Cell.Money(row.EffectiveCpm), IsNumber: true, InPage: false),
        new("Budget left", row => Cell.Drawn(CampaignCells.Budget(row)), Sort: "remaining", InCsv: false),
        new("Budget", row => Cell.Money(row.Budget), IsNumber: true, InPage: false),
        new("Budget left", row => Cell.Money(row.RemainingBudget), IsNumber: true, InPage: false));

    private static readonly Table<SeriesRow> DayTable = new(
        "performance",
        new("Start", row => Cell.Time(row.Start)),
        new("Spend", row => Cell.Money(row.Spend), IsNumber: true),
        new("Impressions", row => Cell.Count(row.Impressions), IsNumber: true),
        new("Clicks", row => Cell.Count(row.Clicks), IsNumber: true),
        new("CTR", row => Cell.Percent(row.Ctr), IsNumber: true),
        new("CPC", row => Cell.Money(row.EffectiveCpc), IsNumber: true),
        new("CPM", row => Cell.Money(row.EffectiveCpm), IsNumber: true),
        new("Invalid impressions", row => Cell.Count(row.InvalidImpressions), IsNumber: true),
        new("Invalid clicks", row => Cell.Count(row.InvalidClicks), IsNumber: true),
        new("Unbilled clicks", row => Cell.Count(row.UnbilledClicks), IsNumber: true),
        new("State", row => Cell.Status(row.State)));

    private static readonly Table<ReasonRow> ReasonTable = new(
        "invalid-traffic",
        new("Reason", row => Cell.Drawn(CampaignCells.Word(row.Reason), row.Reason)),
        new("Kind", row => Cell.Text(row.Validity)),
        new("Impressions", row => Cell.Count(row.Impressions), IsNumber: true),
        new("Clicks", row => Cell.Count(row.Clicks), IsNumber: true));

    /// <summary>That there is one is all that is asked.</summary>
    private sealed record Share(string Id);

    public static IEndpointRouteBuilder MapAdvertiser(this IEndpointRouteBuilder console)
    {
        console.MapPage("", Start);
        console.MapPage("/{organization_id}", Overview);
        console.MapPage("/{organization_id}/traffic", Traffic);
        console.MapPage("/{organization_id}/receipts", ShowReceipt);
        console.MapCampaignPages();
        return console;
    }

    /// <summary>Rows of a series as a table to download.</summary>
    internal static IResult SeriesCsv(Series series) => DayTable.Csv(series.Rows);

    internal static IResult ReasonsCsv(InvalidTraffic traffic) => ReasonTable.Csv(traffic.Rows);

    internal static TableView ReasonsView(InvalidTraffic traffic) => ReasonTable.View(
        traffic.Rows, "No invalid traffic in these days: every event was counted as valid.");

    internal static IReadOnlyList<Chart.Point> Points(Series series, bool byHour = false) =>
    [
        .. series.Rows.Select(row => new Chart.Point(
            byHour ? Cell.Time(row.Start) : Cell.Day(row.Start[..10]),
            [Cell.Money(row.Spend), Cell.Count(row.Impressions), Cell.Count(row.Clicks)])),
    ];

    /// <summary>To the pages that somebody most likely wants.</summary>
    private static async Task<IResult> Start(ConsolePage page)
    {
        if (page.Operates)
        {
            return ConsolePage.SeeOther(ConsolePage.Root + "/operator/periods");
        }

        if (page.Session.Memberships is not [var first, ..])
        {
            return ConsolePage.SeeOther(ConsolePage.Root + "/me");
        }

        // A retailer that advertises nothing has come for what it earns.
        var campaigns = await page.Api.Get<ApiPage<CampaignRow>>(
            $"organizations/{first.OrganizationId}/campaigns", ("page_size", 1));
        var shares = campaigns.Pagination.TotalCount > 0
            ? null
            : await page.Api.TryGet<ApiPage<Share>>($"revenue-share/{first.OrganizationId}", ("page_size", 1));
        return ConsolePage.SeeOther(
            $"{ConsolePage.Root}/{first.OrganizationId}" + (shares?.Pagination.TotalCount > 0 ? "/earnings" : ""));
    }

    private static async Task<IResult> Overview(ConsolePage page)
    {
        var range = DayRange.Of(page);
        var reports = $"reporting/organizations/{page.Organization!.OrganizationId}";
        (string, object?)[] asked =
        [
            .. range.Parameters, ("q", page.Query("q")), ("status", page.Query("status")),
            ("sort", page.Query("sort")), ("order", page.Query("order")),
        ];
        if (page.WantsCsv)
        {
            return page.Query("table") == "days"
                ? SeriesCsv(await page.Api.Get<Series>($"{reports}/performance/series", range.Parameters))
                : CampaignTable.Csv(await page.Api.All<CampaignRow>($"{reports}/campaigns/overview", asked));
        }

        var now = await page.Api.Get<Performance>($"{reports}/performance", range.Parameters);
        var before = await page.Api.Get<Performance>($"{reports}/performance", range.Before.Parameters);
        var series = await page.Api.Get<Series>($"{reports}/performance/series", range.Parameters);
        var campaigns = await page.Api.Get<ApiPage<CampaignRow>>(
            $"{reports}/campaigns/overview", [.. asked, ("page", page.Query("page"))]);
        var isSearch = page.Query("q").Length + page.Query("status").Length > 0;
        return page.Show<OverviewPage>(new OverviewModel(
            range,
            now.Totals,
            before.Totals,
            Points(series),
            CampaignTable.View(
                [.. campaigns.Data.Select(row => row with { Link = $"{page.Home}/campaigns/{row.CampaignId}" })],
                isSearch ? "No campaign is like that. Change the search, or leave it empty to see all."
                : page.May(Permission.WriteCampaigns)
                    ? "No campaign yet. Create the first: name, price, budget, offers."
                : "No campaign yet. An editor of this organization can create one.",
                campaigns.Pagination)));
    }

    private static async Task<IResult> Traffic(ConsolePage page)
    {
        var range = DayRange.Of(page);
        var traffic = await page.Api.Get<InvalidTraffic>(
            $"reporting/organizations/{page.Organization!.OrganizationId}/invalid-traffic", range.Parameters);
        return page.WantsCsv
            ? ReasonsCsv(traffic)
            : page.Show<TrafficPage>(new TrafficModel(range, traffic, ReasonsView(traffic)));
    }

    /// <summary>An id that cannot be one is no more found than one that there is not.</summary>
    private static async Task<IResult> ShowReceipt(ConsolePage page)
    {
        var id = page.Query("event_id").Trim();
        if (id.Length == 0)
        {
            return page.Show<ReceiptPage>(new ReceiptModel("", null, IsMissing: false));
        }

        var answer = await page.Api.Ask<Receipt>(
            $"organizations/{page.Organization!.OrganizationId}/events/{Uri.EscapeDataString(id)}");
        return answer.Problem is { Status: not (404 or 422) } problem
            ? throw new RefusedByApiException(problem)
            : page.Show<ReceiptPage>(new ReceiptModel(id, answer.Value, IsMissing: answer.Value is null));
    }
}
