
namespace Countinghouse.WebConsole.Retailer;

/// <summary>A transfer that settles a set of records.</summary>
public sealed record Payout(
    string PayoutId, string OrganizationId, string RunId, string Amount, string ReversedAmount, string Provider,
    string Destination, string State, string? TransferId, string Failure, string CreatedAt, string? DueAt,
    string? SettledAt, string? SettledBy, string? OrganizationName);

/// <summary>A record that a payout settles.</summary>
public sealed record PayoutItem(string ShareId, string Month, string Amount);

/// <summary>What a provider was asked, and what it said.</summary>
public sealed record PayoutAttempt(
    int AttemptNo, string IdempotencyKey, int Sends, string FirstSentAt, string LastSentAt, string Outcome,
    int? HttpStatus, string ErrorCode, string RequestRef);

/// <summary>A payout with everything behind it.</summary>
public sealed record PayoutDetail(
    Payout Payout, IReadOnlyList<PayoutItem> Items, IReadOnlyList<PayoutAttempt> Attempts);

/// <summary>What the page of a retailer's payouts shows.</summary>
public sealed record PayoutsModel(string State, TableView Payouts);

/// <summary>What the page of a payout shows.</summary>
public sealed record PayoutModel(PayoutDetail Detail, TableView Items, TableView Attempts, Refusal? Refusal);

/// <summary>What a retailer was paid; on a payout's page the operator says what became of it.</summary>
public static class PayoutPages
{
    public static readonly IReadOnlyList<(string Value, string Text)> States =
    [
        ("", "Any state"), ("READY", "Ready"), ("SENDING", "Sending"), ("UNKNOWN", "Unknown"),
        ("SUCCEEDED", "Succeeded"), ("FAILED", "Failed"), ("CANCELLED", "Cancelled"), ("REVERSED", "Reversed"),
    ];

    public static IEndpointRouteBuilder MapPayouts(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/payouts", List);
        console.MapPage("/{organization_id}/payouts/{payout_id}", Read);
        console.MapForm("/{organization_id}/payouts/{payout_id}/cancel", Cancel);
        console.MapForm("/{organization_id}/payouts/{payout_id}/retry", Retry);
        console.MapForm("/{organization_id}/payouts/{payout_id}/paid", MarkPaid);
        console.MapForm("/{organization_id}/payouts/{payout_id}/failed", MarkFailed);
        console.MapForm("/{organization_id}/payouts/{payout_id}/returned", MarkReturned);
        return console;
    }

    /// <summary>Payouts as a table; the operator's has the retailers too.</summary>
    public static Table<Payout> Payouts(bool ofAll) => new(
        "payouts",
        [
            new("Made", row => Cell.Time(row.CreatedAt)),
            .. ofAll
                ? [new Column<Payout>("Retailer", row => Cells.Organization(row.OrganizationId, row.OrganizationName))]
                : Array.Empty<Column<Payout>>(),
            new("Amount", row => Cell.Money(row.Amount), IsNumber: true),
            new("State", row => Cell.Status(row.State)),
            new(
                "Came back",
                row => Cell.Money(row.ReversedAmount == "0.00" ? null : row.ReversedAmount),
                IsNumber: true),
            new("By", row => Cell.Text(row.Provider)),
            new("To", row => Cell.Text(row.Destination)),
            new("Transfer", row => Cell.Code(row.TransferId)),
            new("Settled", row => Cell.Time(row.SettledAt)),
            new("Payout", row => Cell.Text(
                "Details", $"{ConsolePage.Root}/{row.OrganizationId}/payouts/{row.PayoutId}"), InCsv: false),
            new("Payout id", row => Cell.Code(row.PayoutId), InPage: false),
            new("Retailer id", row => Cell.Code(row.OrganizationId), InPage: false),
            new("Run id", row => Cell.Code(row.RunId), InPage: false),
        ]);

    private static async Task<IResult> List(ConsolePage page)
    {
        var path = $"organizations/{page.Organization!.OrganizationId}/payouts";
        var state = ("state", (object?)page.Query("state"));
        var table = Payouts(ofAll: false);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<Payout>(path, state));
        }

        var payouts = await page.Api.Get<ApiPage<Payout>>(path, state, ("page", page.Query("page")));
        return page.Show<PayoutsPage>(new PayoutsModel(page.Query("state"), table.View(
            payouts.Data,
            page.Query("state").Length > 0
                ? "No payout is in this state. Look at all of them."
                : "Nothing was paid yet. The page of earnings says what the next payout waits for.",
            payouts.Pagination)));
    }

    private static Task<IResult> Read(ConsolePage page) => Show(page, null);

    private static Task<IResult> Cancel(ConsolePage page, FormState form) =>
        Say(page, form, "cancel", null, "Cancelled: its records wait for another run.");

    private static Task<IResult> Retry(ConsolePage page, FormState form) =>
        Say(page, form, "retry", null, "It is looked up once more and then sent again.");

    private static Task<IResult> MarkPaid(ConsolePage page, FormState form) => Say(
        page, form, "paid", new { reference = form.Text("reference") }, "Marked as paid: its records are paid.");

    private static Task<IResult> MarkFailed(ConsolePage page, FormState form) => Say(
        page,
        form,
        "failed",
        new { reason = form.Text("reason") },
        "Marked as failed: its records wait for another run.");

    private static Task<IResult> MarkReturned(ConsolePage page, FormState form) => Say(
        page, form, "returned", new { amount = form.Text("amount") }, "The return is noted.");

    private static async Task<IResult> Say(
        ConsolePage page, FormState form, string what, object? body, string notice)
    {
        var answer = await page.Api.Send<PayoutDetail>(HttpMethods.Post, $"{Path(page)}/{what}", form, body);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(what, form.Refused(problem)))
            : page.GoTo($"{page.Home}/payouts/{page.Id("payout_id")}", notice);
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var items = new Table<PayoutItem>(
            "payout-records",
            new("Month", row => Cell.Text(row.Month, $"{page.Home}/earnings/{row.ShareId}")),
            new("Share", row => Cell.Money(row.Amount), IsNumber: true),
            new("Record id", row => Cell.Code(row.ShareId), InPage: false));
        var attempts = new Table<PayoutAttempt>(
            "payout-attempts",
            new("Attempt", row => Cell.Count(row.AttemptNo), IsNumber: true),
            new("Outcome", row => Cell.Status(row.Outcome)),
            new("Sent first", row => Cell.Time(row.FirstSentAt)),
            new("Sent last", row => Cell.Time(row.LastSentAt)),
            new("Times", row => Cell.Count(row.Sends), IsNumber: true),
            new("Answer", row => Cell.Count(row.HttpStatus), IsNumber: true),
            new("Error", row => Cell.Text(row.ErrorCode)),
            new("Key", row => Cell.Code(row.IdempotencyKey)),
            new("Provider's request", row => Cell.Code(row.RequestRef)));
        var detail = await page.Api.Get<PayoutDetail>(Path(page));
        if (page.WantsCsv)
        {
            return page.Query("table") == "attempts" ? attempts.Csv(detail.Attempts) : items.Csv(detail.Items);
        }

        return page.Show<PayoutPage>(
            new PayoutModel(
                detail,
                items.View(detail.Items, "It settles no records."),
                attempts.View(detail.Attempts, "Nothing was sent yet."),
                refusal),
            refusal?.Form);
    }

    private static string Path(ConsolePage page) =>
        $"organizations/{page.Organization!.OrganizationId}/payouts/{page.Id("payout_id")}";
}
