using Countinghouse.WebConsole.Retailer;

namespace Countinghouse.WebConsole.Platform;

/// <summary>A run of payouts.</summary>
public sealed record PayoutRun(
    string RunId, string State, string Fingerprint, string Minimum, long PayoutCount, string Amount, long SkippedCount,
    string CreatedAt, string CreatedBy, string? DecidedAt, string? DecidedBy);

/// <summary>What a run does with one retailer.</summary>
public sealed record PlanRow(
    string OrganizationId, string? OrganizationName, string Outcome, string Amount, string? Provider,
    string Destination, IReadOnlyList<string> ShareIds);

/// <summary>What the page of runs shows.</summary>
/// <param name="Runs">Previews and what became of them.</param>
/// <param name="State">Whether payouts go on.</param>
/// <param name="New">The form for a preview.</param>
public sealed record PayoutRunsModel(TableView Runs, PayoutState State, FormState New);

/// <summary>How far a confirmed run is.</summary>
/// <param name="NotMade">Retailers of the preview that had changed before it was confirmed.</param>
/// <param name="States">Its payouts by state.</param>
/// <param name="Moves">True while something happens without anybody.</param>
/// <param name="HasBank">True while some are for a bank to pay, and for somebody to mark.</param>
public sealed record RunProgress(
    long NotMade, IReadOnlyList<(string State, int Count)> States, bool Moves, bool HasBank);

/// <summary>What the page of a run shows.</summary>
public sealed record PayoutRunModel(PayoutRun Run, TableView Plan, RunProgress? Progress, Refusal? Refusal);

/// <summary>Paying retailers: one asks for a preview, another confirms it.</summary>
public static class PayoutRunPages
{
    public static IEndpointRouteBuilder MapPayoutRuns(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/payout-runs", List);
        pages.MapForm("/payout-runs", Preview);
        pages.MapPage("/payout-runs/{run_id}", Read);
        pages.MapForm("/payout-runs/{run_id}/confirm", Confirm);
        pages.MapForm("/payout-runs/{run_id}/cancel", Cancel);
        pages.MapPage("/payout-runs/{run_id}/bank-file", BankFile);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => ShowRuns(page, FormState.Fresh());

    private static async Task<IResult> Preview(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<PayoutRun>(
            HttpMethods.Post, "payout-runs", form, new { organization_id = form.Optional("organization_id") });
        return answer.Problem is { } problem
            ? await ShowRuns(page, form.Refused(problem))
            : page.GoTo(
                $"{PlatformPages.Root}/payout-runs/{answer.Value!.RunId}",
                "This is a preview. Nothing is paid until somebody confirms it.");
    }

    private static Task<IResult> Read(ConsolePage page) => Show(page, null);

    private static Task<IResult> Confirm(ConsolePage page, FormState form) => Decide(
        page,
        form,
        "confirm",
        new { fingerprint = form.Text("fingerprint") },
        "Confirmed: the payouts are made and sent within seconds.");

    private static Task<IResult> Cancel(ConsolePage page, FormState form) =>
        Decide(page, form, "cancel", null, "Cancelled: nobody can confirm it any more.");

    private static Task<IResult> BankFile(ConsolePage page) => page.Api.File($"{Path(page)}/bank-file", "text/csv");

    private static async Task<IResult> Decide(
        ConsolePage page, FormState form, string what, object? body, string notice)
    {
        var answer = await page.Api.Send<PayoutRun>(HttpMethods.Post, $"{Path(page)}/{what}", form, body);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(what, form.Refused(problem)))
            : page.GoTo($"{PlatformPages.Root}/payout-runs/{page.Id("run_id")}", notice);
    }

    private static async Task<IResult> ShowRuns(ConsolePage page, FormState form)
    {
        var table = Runs(page);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<PayoutRun>("payout-runs"));
        }

        var runs = await page.Api.Get<ApiPage<PayoutRun>>("payout-runs", ("page", page.Query("page")));
        return page.Show<PayoutRunsPage>(
            new PayoutRunsModel(
                table.View(
                    runs.Data,
                    "No run was ever asked for. Approve records first, then ask for a preview above.",
                    runs.Pagination),
                await page.Api.Get<PayoutState>("payout-state"),
                form),
            form);
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var table = Plan();
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<PlanRow>($"{Path(page)}/plan"));
        }

        var run = await page.Api.Get<PayoutRun>(Path(page));
        var plan = await page.Api.Get<ApiPage<PlanRow>>($"{Path(page)}/plan", ("page", page.Query("page")));
        return page.Show<PayoutRunPage>(
            new PayoutRunModel(
                run,
                table.View(
                    plan.Data, "No retailer has approved records. Approve some, then preview again.", plan.Pagination),
                run.State == "CONFIRMED" ? await Progress(page, run) : null,
                refusal),
            refusal?.Form);
    }

    /// <summary>A page's pagination says how many there are, whatever the page's size.</summary>
    private static async Task<RunProgress> Progress(ConsolePage page, PayoutRun run)
    {
        var (states, sending) = (new List<(string State, int Count)>(), Array.Empty<Payout>());
        foreach (var (state, _) in PayoutPages.States.Where(one => one.Value.Length > 0))
        {
            var some = await page.Api.Get<ApiPage<Payout>>(
                "payouts", ("run_id", run.RunId), ("state", state), ("page_size", state == "SENDING" ? 100 : 1));
            sending = state == "SENDING" ? [.. some.Data] : sending;
            if (some.Pagination.TotalCount > 0)
            {
                states.Add((state, some.Pagination.TotalCount));
            }
        }

        return new RunProgress(
            Math.Max(0, run.PayoutCount - states.Sum(one => one.Count)),
            states,
            states.Any(one => one.State is "READY" or "UNKNOWN") || sending.Any(payout => payout.DueAt is not null),
            sending.Any(payout => payout.DueAt is null));
    }

    private static string Path(ConsolePage page) => $"payout-runs/{page.Id("run_id")}";

    private static Table<PayoutRun> Runs(ConsolePage page) => new(
        "payout-runs",
        new("Asked for", row => Cell.Time(row.CreatedAt)),
        new("By", row => Cells.Actor(page, row.CreatedBy)),
        new("State", row => Cell.Status(row.State)),
        new("Payouts", row => Cell.Count(row.PayoutCount), IsNumber: true),
        new("Amount", row => Cell.Money(row.Amount), IsNumber: true),
        new("Not paid", row => Cell.Count(row.SkippedCount), IsNumber: true),
        new("Decided", row => Cell.Time(row.DecidedAt)),
        new("By whom", row => Cells.Actor(page, row.DecidedBy)),
        new("Run", row => Cell.Code(row.RunId, $"{PlatformPages.Root}/payout-runs/{row.RunId}")));

    private static Table<PlanRow> Plan() => new(
        "plan",
        new("Retailer", row => Cells.Organization(row.OrganizationId, row.OrganizationName, "/earnings")),
        new("What", row => Cell.Status(row.Outcome)),
        new("Amount", row => Cell.Money(row.Amount), IsNumber: true),
        new("Records", row => Cell.Count(row.ShareIds.Count), IsNumber: true),
        new("By", row => Cell.Text(row.Provider)),
        new("To", row => Cell.Text(row.Destination)),
        new("Account", row => Cell.Text(
            "Account", $"{ConsolePage.Root}/{row.OrganizationId}/payout-account"), InCsv: false),
        new("Retailer id", row => Cell.Code(row.OrganizationId), InPage: false));
}
