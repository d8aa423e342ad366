
namespace Countinghouse.WebConsole.Advertiser;

/// <summary>One campaign: its figures, its terms, and what can be done to it.</summary>
public static class CampaignPages
{
    private const int PacingDays = 7;

    /// <summary>The API's own limit.</summary>
    private const int HourDaysMax = 31;

    /// <summary>What the form to edit changes; of each it remembers what it showed.</summary>
    private static readonly string[] Terms = ["name", "bid", "daily_budget", "start_date", "end_date"];

    private static readonly Table<SeriesRow> BreakdownTable = new(
        "breakdown",
        new("Name", row => Cell.Text(row.GroupName ?? row.GroupId ?? "Events without an offer")),
        new("Id", row => Cell.Code(row.GroupId)),
        new("Spend", row => Cell.Money(row.Spend), IsNumber: true),
        new("Impressions", row => Cell.Count(row.Impressions), IsNumber: true),
        new("Clicks", row => Cell.Count(row.Clicks), IsNumber: true),
        new("CTR", row => Cell.Percent(row.Ctr), IsNumber: true),
        new("CPC", row => Cell.Money(row.EffectiveCpc), IsNumber: true),
        new("Invalid impressions", row => Cell.Count(row.InvalidImpressions), IsNumber: true),
        new("Invalid clicks", row => Cell.Count(row.InvalidClicks), IsNumber: true));

    private static readonly Table<HistoryRow> HistoryTable = new(
        "history",
        new("When", row => Cell.Time(row.At)),
        new("Who", row => Cell.Text(row.ActorName ?? row.Actor)),
        new("What", row => Cell.Text(row.Action)),
        new("Changes", row => Cell.Text(Changes.InWords(row.Changes.Before, row.Changes.After))));

    public static IEndpointRouteBuilder MapCampaignPages(this IEndpointRouteBuilder console)
    {
        var campaigns = console.MapGroup("/{organization_id}/campaigns");
        campaigns.MapPage("/new", New);
        campaigns.MapForm("/new", Create);
        campaigns.MapPage("/{campaign_id}", Show);
        campaigns.MapPage("/{campaign_id}/edit", Edit);
        campaigns.MapForm("/{campaign_id}/edit", Change);
        campaigns.MapForm("/{campaign_id}/offers", ReplaceOffers);
        campaigns.MapForm("/{campaign_id}/budget", TopUp);
        foreach (var action in (string[])["activate", "pause", "complete", "archive"])
        {
            campaigns.MapForm(
                $"/{{campaign_id}}/{action}", (ConsolePage page, FormState form) => Act(action, page, form));
        }

        return console;
    }

    private static IResult New(ConsolePage page) => page.Show<CampaignFormPage>(new CampaignFormModel(
        FormState.Fresh(("pricing", "cpc"), ("start_date", page.Today.ToString())), null));

    private static async Task<IResult> Create(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Campaign>(
            HttpMethods.Post,
            $"organizations/{page.Organization!.OrganizationId}/campaigns",
            form,
            new
            {
                name = form.Text("name"),
                pricing = form.Text("pricing"),
                bid = form.Text("bid"),
                budget = form.Text("budget"),
                daily_budget = form.Optional("daily_budget"),
                start_date = form.Optional("start_date"),
                end_date = form.Optional("end_date"),
                offers = form.Lines("offers"),
            });
        return answer.Value is { } campaign
            ? page.GoTo(Address(page, campaign.CampaignId), $"{campaign.Name} is a draft. Activate it to begin.")
            : page.Show<CampaignFormPage>(new CampaignFormModel(form.Refused(answer.Problem!), null), form);
    }

    private static async Task<IResult> Show(ConsolePage page)
    {
        var campaign = await Find(page);
        return page.WantsCsv ? await Csv(page, campaign) : await ShowWith(page, campaign, FormState.Fresh());
    }

    /// <summary>What the address asks for; hours are shown of a month at most, as the API gives them.</summary>
    private static (DayRange Range, string Granularity, string By) View(ConsolePage page)
    {
        var granularity = page.Query("granularity") is ("hour" or "week") and var asked ? asked : "day";
        var range = DayRange.Of(page);
        return (
            granularity == "hour"
                ? range.AtMost(HourDaysMax, $"Hours are shown of {HourDaysMax} days at most: the last of them.")
                : range,
            granularity,
            page.Query("by") is ("offer" or "retailer") and var named ? named : "location");
    }

    /// <param name="page">The page.</param>
    /// <param name="campaign">The campaign.</param>
    /// <param name="topUp">The form to add to the budget; also says why another action was refused.</param>
    private static async Task<IResult> ShowWith(ConsolePage page, Campaign campaign, FormState topUp)
    {
        var (range, granularity, by) = View(page);
        var reports = $"reporting/campaigns/{campaign.CampaignId}";
        var series = await page.Api.Get<Series>(
            $"{reports}/performance", [.. range.Parameters, ("granularity", granularity)]);
        var last = new DayRange(page.Today.AddDays(-PacingDays), page.Today);
        var lastDays = await page.Api.Get<Series>($"{reports}/performance", last.Parameters);
        var traffic = await page.Api.Get<InvalidTraffic>($"{reports}/invalid-traffic", range.Parameters);
        var history = await page.Api.Get<ApiPage<HistoryRow>>(
            $"campaigns/{campaign.CampaignId}/history", ("page", page.Query("page")), ("page_size", 10));
        return page.Show<CampaignPage>(
            new CampaignModel(
                range,
                campaign,
                Pacing.Of(campaign, lastDays.Rows, page.Today),
                granularity,
                by,
                AdvertiserPages.Points(series, granularity == "hour"),
                BreakdownTable.View(
                    (await Breakdown(page, campaign, range, by)).Rows, "No events of this campaign in these days."),
                AdvertiserPages.ReasonsView(traffic),
                HistoryTable.View(history.Data, "Nothing was changed yet.", history.Pagination),
                topUp),
            topUp);
    }

    private static async Task<IResult> Csv(ConsolePage page, Campaign campaign)
    {
        var (range, granularity, by) = View(page);
        var reports = $"reporting/campaigns/{campaign.CampaignId}";
        return page.Query("table") switch
        {
            "breakdown" => BreakdownTable.Csv((await Breakdown(page, campaign, range, by)).Rows),
            "reasons" => AdvertiserPages.ReasonsCsv(
                await page.Api.Get<InvalidTraffic>($"{reports}/invalid-traffic", range.Parameters)),
            "history" => HistoryTable.Csv(
                await page.Api.All<HistoryRow>($"campaigns/{campaign.CampaignId}/history")),
            _ => AdvertiserPages.SeriesCsv(await page.Api.Get<Series>(
                $"{reports}/performance", [.. range.Parameters, ("granularity", granularity)])),
        };
    }

    private static Task<Series> Breakdown(ConsolePage page, Campaign campaign, DayRange range, string by) =>
        page.Api.Get<Series>(
            $"reporting/campaigns/{campaign.CampaignId}/performance",
            [.. range.Parameters, ("granularity", "all"), ("group_by", by)]);

    private static async Task<IResult> Edit(ConsolePage page)
    {
        var campaign = await Find(page);
        return page.Show<CampaignFormPage>(new CampaignFormModel(TermsOf(campaign), campaign));
    }

    private static FormState TermsOf(Campaign campaign) => FormState.Fresh(
        [.. Terms.Select(term => (term, (string?)Term(campaign, term)))]);

    internal static FormState OffersOf(Campaign campaign) =>
        FormState.Fresh(("offers", string.Join('\n', campaign.Offers)));

    /// <summary>What the campaign has there now; empty for nothing.</summary>
    internal static string Term(Campaign campaign, string term) => term switch
    {
        "name" => campaign.Name,
        "bid" => campaign.Bid,
        "daily_budget" => campaign.DailyBudget ?? "",
        "start_date" => campaign.StartDate,
        "end_date" => campaign.EndDate ?? "",
        _ => throw new ArgumentOutOfRangeException(nameof(term), term, "not a term"),
    };

    /// <summary>
    /// Changes what was typed over and nothing else. What somebody else has changed since the form was opened is not
    /// overwritten: the form comes back and says so.
    /// </summary>
    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var campaign = await Find(page);
        var typed = Terms.Where(term => form.Text(term) != form.Text("was_" + term)).ToList();
        var meanwhile = typed.Where(term => Term(campaign, term) != form.Text("was_" + term)).ToList();
        if (meanwhile.Count > 0)
        {
            form.Refused([.. meanwhile.Select(term => new ApiFault(
                term, $"was changed to \"{Term(campaign, term)}\" meanwhile; save again to replace that"))]);
            return page.Show<CampaignFormPage>(new CampaignFormModel(form, campaign), form);
        }

        if (typed.Count == 0)
        {
            return page.GoTo(Address(page, campaign.CampaignId), "Nothing was different, so nothing was changed.");
        }

        var changed = await page.Api.Send<Campaign>(
            HttpMethods.Patch,
            $"campaigns/{campaign.CampaignId}",
            form,
            typed.ToDictionary(term => term, form.Optional));
        return changed.Problem is { } refusal
            ? page.Show<CampaignFormPage>(new CampaignFormModel(form.Refused(refusal), campaign), form)
            : page.GoTo(Address(page, campaign.CampaignId), "Changed. A new bid holds for events from now on.");
    }

    private static async Task<IResult> ReplaceOffers(ConsolePage page, FormState form)
    {
        var campaign = await Find(page);
        var replaced = await page.Api.Send<Campaign>(
            HttpMethods.Put, $"campaigns/{campaign.CampaignId}/offers", form, new { offers = form.Lines("offers") });
        return replaced.Problem is { } problem
            ? page.Show<CampaignFormPage>(
                new CampaignFormModel(TermsOf(campaign), campaign) { Offers = form.Refused(problem) }, form)
            : page.GoTo(
                Address(page, campaign.CampaignId), $"It promotes {replaced.Value!.Offers.Count} offers from now on.");
    }

    private static async Task<IResult> TopUp(ConsolePage page, FormState form)
    {
        var campaign = await Find(page);
        var answer = await page.Api.Send<Campaign>(
            HttpMethods.Post, $"campaigns/{campaign.CampaignId}/budget", form, new { amount = form.Text("amount") });
        if (answer.Value is { } changed)
        {
            return page.GoTo(
                Address(page, campaign.CampaignId),
                $"The budget is {Figures.Money(changed.Budget)} now, {Figures.Money(changed.RemainingBudget)} of it "
                + "left.");
        }

        return await ShowWith(page, campaign, form.Refused(answer.Problem!));
    }

    private static async Task<IResult> Act(string action, ConsolePage page, FormState form)
    {
        var campaign = await Find(page);
        var answer = await page.Api.Send<Campaign>(
            HttpMethods.Post, $"campaigns/{campaign.CampaignId}/{action}", form);
        return answer.Value is { } changed
            ? page.GoTo(Address(page, campaign.CampaignId), $"{changed.Name} is {changed.Status} now.")
            : await ShowWith(page, campaign, form.Refused(answer.Problem!));
    }

    /// <summary>The campaign of the address, if it belongs to the organization of the address.</summary>
    private static async Task<Campaign> Find(ConsolePage page)
    {
        var campaign = await page.Api.Get<Campaign>("campaigns/" + page.Id("campaign_id"));
        return campaign.OrganizationId == page.Organization!.OrganizationId
            ? campaign
            : throw new RefusedByApiException(new ApiProblem(
                StatusCodes.Status404NotFound, "Not found", "This organization has no such campaign."));
    }

    private static string Address(ConsolePage page, string campaign) => $"{page.Home}/campaigns/{campaign}";
}
