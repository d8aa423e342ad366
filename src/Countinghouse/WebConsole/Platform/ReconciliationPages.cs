using Microsoft.AspNetCore.Http.Timeouts;

namespace Countinghouse.WebConsole.Platform;

/// <summary>Once that payouts were held against a provider's books.</summary>
public sealed record Reconciliation(
    string ReconciliationId, string StartedAt, string StartedBy, string Since, string? FinishedAt, long TransferCount,
    long PayoutCount, long DifferenceCount, string Failure)
{
    public string Ended => FinishedAt is null ? "running" : Failure.Length > 0 ? "failed"
        : DifferenceCount == 0 ? "agree" : "differs";
}

/// <summary>Something on which a provider and we disagree.</summary>
public sealed record PayoutDifference(
    string DifferenceId, string Kind, string? OrganizationId, string? OrganizationName, string? PayoutId,
    string TransferId, string Ours, string Theirs, string FoundAt, string LastSeenAt, string? SettledAt,
    string? SettledBy, string Note);

/// <summary>What the page of reconciliations shows.</summary>
public sealed record ReconciliationModel(bool ShowsAll, TableView Differences, TableView Runs, Refusal? Refusal);

/// <summary>Holding payouts against what providers say has moved.</summary>
public static class ReconciliationPages
{
    private const string RunForm = "run";

    public static IEndpointRouteBuilder MapReconciliation(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/reconciliation", List);

        // The provider's whole list is read before there is an answer.
        pages.MapForm("/reconciliation", Run).WithMetadata(new DisableRequestTimeoutAttribute());
        pages.MapForm("/reconciliation/{difference_id}/settle", Settle);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, null);

    private static async Task<IResult> Run(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Reconciliation>(HttpMethods.Post, "reconciliations", form);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(RunForm, form.Refused(problem)))
            : page.GoTo($"{PlatformPages.Root}/reconciliation", answer.Value!.Ended switch
            {
                "agree" => "Reconciled: payouts and the provider's books agree.",
                "differs" => $"Reconciled: {answer.Value.DifferenceCount} differences, listed below.",
                _ => $"Not complete: {answer.Value.Failure}",
            });
    }

    private static async Task<IResult> Settle(ConsolePage page, FormState form)
    {
        var difference = page.Id("difference_id");
        var answer = await page.Api.Send<PayoutDifference>(
            HttpMethods.Post, $"payout-differences/{difference}/settle", form, new { reason = form.Text("reason") });
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(difference, form.Refused(problem)))
            : page.GoTo(
                $"{PlatformPages.Root}/reconciliation",
                "Settled. The retailer stays on hold until you release it on its payout account.");
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var which = ("which", (object?)(page.Query("which") == "all" ? "all" : "open"));
        var (differences, runs) = (Differences(page, refusal), Runs(page));
        if (page.WantsCsv)
        {
            return page.Query("table") == "runs"
                ? runs.Csv(await page.Api.All<Reconciliation>("reconciliations"))
                : differences.Csv(await page.Api.All<PayoutDifference>("payout-differences", which));
        }

        var shown = await page.Api.Get<ApiPage<PayoutDifference>>(
            "payout-differences", which, ("page", page.Query("page")));
        var latest = await page.Api.Get<ApiPage<Reconciliation>>("reconciliations");
        return page.Show<ReconciliationPage>(
            new ReconciliationModel(
                page.Query("which") == "all",
                differences.View(
                    shown.Data,
                    page.Query("which") == "all"
                        ? "Payouts and providers have never disagreed."
                        : "No difference is open: nothing to settle.",
                    shown.Pagination),
                runs.View(latest.Data, "Nothing was reconciled yet. It happens once a day, or now, above."),
                refusal),
            refusal?.Form);
    }

    private static Table<PayoutDifference> Differences(ConsolePage page, Refusal? refusal) => new(
        "payout-differences",
        new("Found", row => Cell.Time(row.FoundAt)),
        new("What", row => Cell.Status(row.Kind)),
        new("Retailer", row => Cells.Organization(row.OrganizationId, row.OrganizationName, "/payout-account")),
        new("Payout", row => row is { PayoutId: { } payout, OrganizationId: { } retailer }
            ? Cell.Code(payout, $"{ConsolePage.Root}/{retailer}/payouts/{payout}")
            : Cell.Code(row.PayoutId)),
        new("Transfer", row => Cell.Code(row.TransferId)),
        new("We say", row => Cell.Text(row.Ours)),
        new("They say", row => Cell.Text(row.Theirs)),
        new("Seen last", row => Cell.Time(row.LastSeenAt)),
        new("Settled", row => row.SettledAt is null
            ? Cells.Drawn<SettleForm>(("Page", page), ("Difference", row), ("Refusal", refusal))
            : Cell.Text($"{Figures.Time(row.SettledAt)}: {row.Note}"), InCsv: false),
        new("Settled at", row => Cell.Time(row.SettledAt), InPage: false),
        new("Settled by", row => Cell.Code(row.SettledBy), InPage: false),
        new("Note", row => Cell.Text(row.Note), InPage: false),
        new("Retailer id", row => Cell.Code(row.OrganizationId), InPage: false));

    private static Table<Reconciliation> Runs(ConsolePage page) => new(
        "reconciliations",
        new("Began", row => Cell.Time(row.StartedAt)),
        new("Asked for by", row => Cells.Actor(page, row.StartedBy)),
        new("Result", row => Cell.Status(row.Ended)),
        new("Transfers", row => Cell.Count(row.TransferCount), IsNumber: true),
        new("Payouts", row => Cell.Count(row.PayoutCount), IsNumber: true),
        new("Differences", row => Cell.Count(row.DifferenceCount), IsNumber: true),
        new("Looked back to", row => Cell.Time(row.Since)),
        new("Ended", row => Cell.Time(row.FinishedAt)),
        new("Why incomplete", row => Cell.Text(row.Failure)));
}
