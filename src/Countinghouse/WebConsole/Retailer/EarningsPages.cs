
namespace Countinghouse.WebConsole.Retailer;

/// <summary>What a retailer earned in a month.</summary>
public sealed record ShareRecord(
    string Id, string PeriodStart, string PeriodEnd, string GrossRevenue, string PlatformFee, string RetailerShare,
    string PlatformFeeRate, string Status, string? PaidAt, string StripeTransferId, int Revision, string? PayoutId)
{
    public string Month => PeriodStart[..7];
}

/// <summary>Something that is in the way, in the API's words.</summary>
public sealed record Block(string Code, string Detail);

/// <summary>What a retailer has earned, and when it is paid.</summary>
public sealed record PayoutOutlook(
    string TotalEarned, string TotalPaid, string PendingBalance, string WaitingForApproval, string Approved,
    string Disputed, string InTransfer, string Minimum, string? NextPayoutOn, string? NextPayoutAmount,
    IReadOnlyList<Block> Blocks);

/// <summary>What the page of earnings shows.</summary>
public sealed record EarningsModel(PayoutOutlook Outlook, TableView Records);

/// <summary>A part of what a record is made of.</summary>
public sealed record ShareLine(
    int LineNo, string Kind, string OriginMonth, string CampaignId, string LocationId, string Amount,
    long AmountMicros);

/// <summary>A change of a record's status.</summary>
public sealed record ShareTransition(
    int Number, string? FromStatus, string ToStatus, string Actor, string Reason, string At);

/// <summary>What the page of a record shows.</summary>
/// <param name="Share">The record.</param>
/// <param name="Lines">What it is made of.</param>
/// <param name="History">How it got where it stands.</param>
/// <param name="Refusal">The form that was refused; null for none.</param>
public sealed record ShareModel(ShareRecord Share, TableView Lines, TableView History, Refusal? Refusal);

/// <summary>An event behind a line.</summary>
public sealed record ShareEvent(
    string EventId, string Kind, string OfferId, string OccurredAt, string BillingDay, long ChargeMicros,
    long BatchNo);

/// <summary>What the page of a line's events shows.</summary>
public sealed record ShareEventsModel(ShareRecord Share, string LineNo, TableView Events);

/// <summary>What a retailer has earned: month by month, and each month down to its events.</summary>
public static class EarningsPages
{
    public static IEndpointRouteBuilder MapEarnings(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/earnings", List);
        console.MapPage("/{organization_id}/earnings/{share_id}", Read);
        console.MapPage("/{organization_id}/earnings/{share_id}/events", Events);
        console.MapPage("/{organization_id}/earnings/{share_id}/statement", Statement);
        console.MapForm("/{organization_id}/earnings/{share_id}/approve", Approve);
        console.MapForm("/{organization_id}/earnings/{share_id}/dispute", Dispute);
        console.MapForm("/{organization_id}/earnings/{share_id}/resolve", Resolve);
        return console;
    }

    private static async Task<IResult> List(ConsolePage page)
    {
        var organization = page.Organization!.OrganizationId;
        var table = Records(page);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ShareRecord>($"revenue-share/{organization}"));
        }

        var records = await page.Api.Get<ApiPage<ShareRecord>>(
            $"revenue-share/{organization}", ("page", page.Query("page")));
        return page.Show<EarningsPage>(new EarningsModel(
            await page.Api.Get<PayoutOutlook>($"organizations/{organization}/payout-outlook"),
            table.View(
                records.Data,
                "No month has earned anything yet. A record appears here when a month is closed, three days after its "
                + "end, in which advertisers paid for your offers.",
                records.Pagination)));
    }

    private static Task<IResult> Read(ConsolePage page) => Show(page, null);

    private static async Task<IResult> Events(ConsolePage page)
    {
        var path = $"{Path(page)}/events";
        var line = ("line_no", (object?)page.Query("line_no"));
        var table = new Table<ShareEvent>(
            "events",
            new("Event", row => Cell.Code(row.EventId)),
            new("Kind", row => Cell.Text(row.Kind)),
            new("Happened", row => Cell.Time(row.OccurredAt)),
            new("Billed on", row => Cell.Day(row.BillingDay)),
            new("Charge, millionths of a dollar", row => Cell.Count(row.ChargeMicros), IsNumber: true),
            new("Offer", row => Cell.Code(row.OfferId)),
            new("Batch", row => Cell.Count(row.BatchNo), IsNumber: true));
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ShareEvent>(path, line));
        }

        var share = await page.Api.Get<ShareRecord>(Path(page));
        var events = await page.Api.Get<ApiPage<ShareEvent>>(path, line, ("page", page.Query("page")));
        return page.Show<ShareEventsPage>(new ShareEventsModel(
            share,
            page.Query("line_no"),
            table.View(
                events.Data,
                "There are no events behind this line: it is a correction. The statement says what was corrected.",
                events.Pagination)));
    }

    /// <summary>A browser comes with its session, which the API takes from the console alone.</summary>
    private static Task<IResult> Statement(ConsolePage page) => page.Api.File(
        $"{Path(page)}/statement?format={(page.Query("format") == "html" ? "html" : "csv")}", "*/*");

    private static Task<IResult> Approve(ConsolePage page, FormState form) => Decide(
        page, form, "approve", new { revision = form.Number("revision") }, "Approved: a payout run may pay it now.");

    private static Task<IResult> Dispute(ConsolePage page, FormState form) => Decide(
        page, form, "dispute", Objection(form), "Disputed: it is not paid until the dispute is settled.");

    private static Task<IResult> Resolve(ConsolePage page, FormState form) => Decide(
        page, form, "resolve", Objection(form), "Settled: the record waits for approval again, as a new revision.");

    private static object Objection(FormState form) =>
        new { revision = form.Number("revision"), reason = form.Text("reason") };

    private static async Task<IResult> Decide(
        ConsolePage page, FormState form, string what, object body, string notice)
    {
        var answer = await page.Api.Send<ShareRecord>(HttpMethods.Post, $"{Path(page)}/{what}", form, body);
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(what, form.Refused(problem)))
            : page.GoTo($"{page.Home}/earnings/{page.Id("share_id")}", notice);
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var path = Path(page);
        var (lines, history) = (Lines(page, await LocationNames(page)), History(page));
        if (page.WantsCsv)
        {
            return page.Query("table") == "history"
                ? history.Csv(await page.Api.All<ShareTransition>($"{path}/history"))
                : lines.Csv(await page.Api.All<ShareLine>($"{path}/lines"));
        }

        var shown = await page.Api.Get<ApiPage<ShareLine>>($"{path}/lines", ("page", page.Query("page")));
        var model = new ShareModel(
            await page.Api.Get<ShareRecord>(path),
            lines.View(
                shown.Data, "The record has no lines: it only carries on what was below a cent.", shown.Pagination),
            history.View(await page.Api.All<ShareTransition>($"{path}/history"), "Nothing has happened to it yet."),
            refusal);
        return page.Show<SharePage>(model, refusal?.Form);
    }

    private static async Task<Dictionary<string, string>> LocationNames(ConsolePage page) =>
        (await page.Api.All<Location>($"organizations/{page.Organization!.OrganizationId}/locations"))
        .ToDictionary(location => location.LocationId, location => location.Name, StringComparer.Ordinal);

    private static string Path(ConsolePage page) =>
        $"revenue-share/{page.Organization!.OrganizationId}/{page.Id("share_id")}";

    private static Table<ShareRecord> Records(ConsolePage page) => new(
        "revenue-shares",
        new("Month", row => Cell.Text(row.Month, $"{page.Home}/earnings/{row.Id}")),
        new("Gross", row => Cell.Money(row.GrossRevenue), IsNumber: true),
        new("Fee", row => Cell.Money(row.PlatformFee), IsNumber: true),
        new("Fee rate", row => Cells.Rate(row.PlatformFeeRate), IsNumber: true),
        new("Your share", row => Cell.Money(row.RetailerShare), IsNumber: true),
        new("Status", row => Cell.Status(row.Status)),
        new("Paid", row => Cell.Time(row.PaidAt)),
        new("Payout", row => row.PayoutId is { } payout
            ? Cell.Text("Payout", $"{page.Home}/payouts/{payout}")
            : Cell.Text(null), InCsv: false),
        new("Record id", row => Cell.Code(row.Id), InPage: false),
        new("Payout id", row => Cell.Code(row.PayoutId), InPage: false));

    private static Table<ShareLine> Lines(ConsolePage page, Dictionary<string, string> locations) => new(
        "lines",
        new("Line", row => Cell.Count(row.LineNo), IsNumber: true),
        new("Kind", row => Cell.Status(row.Kind)),
        new("Month of the events", row => Cell.Text(row.OriginMonth)),
        new("Location", row => Cell.Text(locations.GetValueOrDefault(row.LocationId, row.LocationId))),
        new("Campaign", row => Cell.Code(row.CampaignId)),
        new("Charged", row => Cell.Money(row.Amount), IsNumber: true),
        new("Events", row => row.Kind == "EVENTS"
            ? Cell.Text("Events", $"{page.Home}/earnings/{page.Id("share_id")}/events?line_no={row.LineNo}")
            : Cell.Text(null), InCsv: false),
        new("Charged, millionths of a dollar", row => Cell.Count(row.AmountMicros), InPage: false),
        new("Location id", row => Cell.Code(row.LocationId), InPage: false));

    private static Table<ShareTransition> History(ConsolePage page) => new(
        "history",
        new("When", row => Cell.Time(row.At)),
        new("From", row => Cell.Status(row.FromStatus)),
        new("To", row => Cell.Status(row.ToStatus)),
        new("Who", row => Cells.Actor(page, row.Actor)),
        new("Why", row => Cell.Text(row.Reason)));
}
