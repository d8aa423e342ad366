using Countinghouse.WebConsole.Retailer;

namespace Countinghouse.WebConsole.Platform;

/// <summary>Whether payouts go on.</summary>
public sealed record PayoutState(bool IsStopped, string Reason, string? StoppedAt, string? StoppedBy);

/// <summary>What the page of all payouts shows.</summary>
public sealed record AllPayoutsModel(
    PayoutState Going, string State, string OrganizationId, string RunId, TableView Payouts, Refusal? Refusal);

/// <summary>Every retailer's payouts, and the switch that stops them all.</summary>
public static class AllPayoutsPages
{
    public static IEndpointRouteBuilder MapAllPayouts(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/payouts", List);
        pages.MapForm("/payouts/stop", Stop);
        pages.MapForm("/payouts/resume", Resume);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, null);

    private static Task<IResult> Stop(ConsolePage page, FormState form) =>
        Switch(page, form, "stop", new { reason = form.Text("reason") }, "All payouts are stopped.");

    private static Task<IResult> Resume(ConsolePage page, FormState form) =>
        Switch(page, form, "resume", null, "Payouts go on.");

    private static async Task<IResult> Switch(
        ConsolePage page, FormState form, string what, object? body, string notice)
    {
        var answer = await page.Api.Send<PayoutState>(HttpMethods.Post, $"payout-state/{what}", form, body);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(what, form.Refused(problem)))
            : page.GoTo($"{PlatformPages.Root}/payouts", notice);
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        (string, object?)[] filter =
        [
            ("state", page.Query("state")), ("organization_id", page.Query("organization_id")),
            ("run_id", page.Query("run_id")),
        ];
        var table = PayoutPages.Payouts(ofAll: true);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<Payout>("payouts", filter));
        }

        var answer = await page.Api.Ask<ApiPage<Payout>>("payouts", [.. filter, ("page", page.Query("page"))]);
        var shown = answer.Problem is { } problem ? new Refusal("filter", FormState.Fresh().Refused(problem)) : refusal;
        return page.Show<AllPayoutsPage>(
            new AllPayoutsModel(
                await page.Api.Get<PayoutState>("payout-state"),
                page.Query("state"),
                page.Query("organization_id"),
                page.Query("run_id"),
                table.View(
                    answer.Value?.Data ?? [],
                    "There are no such payouts. A confirmed run makes them: see Payout runs.",
                    answer.Value?.Pagination),
                shown),
            shown?.Form);
    }
}
