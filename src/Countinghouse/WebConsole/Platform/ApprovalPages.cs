
namespace Countinghouse.WebConsole.Platform;

/// <summary>A record among those of all retailers.</summary>
public sealed record ListedShare(
    string OrganizationId, string OrganizationName, string? DisputeReason, string Id, string PeriodStart,
    string GrossRevenue, string PlatformFee, string RetailerShare, string PlatformFeeRate, string Status, int Revision)
{
    public string Month => PeriodStart[..7];

    /// <summary>What an approval names: the record as it was seen.</summary>
    public string Seen => $"{OrganizationId}:{Id}:{Revision}";
}

/// <summary>What became of the approval of one record.</summary>
public sealed record ApprovalResult(
    string OrganizationId, string ShareId, string Outcome, string Detail);

/// <summary>What became of many approvals.</summary>
public sealed record Approvals(int Approved, IReadOnlyList<ApprovalResult> Results);

/// <summary>What the page of records to approve shows.</summary>
public sealed record ApprovalsModel(string Status, string Period, string Search, TableView Records, FormState Form);

/// <summary>What the page shows after some approvals were refused.</summary>
public sealed record ApprovalsDoneModel(int Approved, string Back, TableView Refused);

/// <summary>Approving what retailers earned, and settling what they dispute.</summary>
public static class ApprovalPages
{
    /// <summary>Tabs; empty for any status.</summary>
    public static readonly IReadOnlyList<(string Status, string Title)> Tabs =
    [
        ("CALCULATED", "To approve"), ("DISPUTED", "Disputed"), ("APPROVED", "Approved"), ("PAID", "Paid"),
        ("ANY", "All"),
    ];

    private const string ToApprove = "CALCULATED";
    private const string Disputed = "DISPUTED";
    private const int PageSize = 100;

    public static IEndpointRouteBuilder MapApprovals(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/approvals", List);
        pages.MapForm("/approvals", Approve);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, FormState.Fresh());

    private static async Task<IResult> Approve(ConsolePage page, FormState form)
    {
        var chosen = form.Many("record").Select(seen => seen.Split(':')).Where(seen => seen.Length == 3).ToList();
        if (chosen.Count == 0)
        {
            return await Show(page, form.Refused("records", "must be chosen: tick at least one"));
        }

        var answer = await page.Api.Send<Approvals>(HttpMethods.Post, "revenue-shares/approvals", form, new
        {
            approvals = chosen.Select(seen => new
            {
                organization_id = seen[0],
                share_id = seen[1],
                revision = int.TryParse(seen[2], out var revision) ? revision : 0,
            }),
        });
        if (answer.Problem is { } problem)
        {
            return await Show(page, form.Refused(problem));
        }

        var (back, done) = (page.Context.Request.Path + page.Context.Request.QueryString, answer.Value!);
        return done.Approved == done.Results.Count
            ? page.GoTo(back, $"Approved: {done.Approved} of {done.Results.Count} records.")
            : page.Show<ApprovalsDonePage>(new ApprovalsDoneModel(done.Approved, back, await Refused(page, done)));
    }

    private static async Task<TableView> Refused(ConsolePage page, Approvals done)
    {
        var refused = done.Results.Where(one => one.Outcome != "approved").ToList();
        var names = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var id in refused.Select(one => one.OrganizationId).Distinct())
        {
            if (await page.Api.TryGet<ListedOrganization>($"organizations/{Uri.EscapeDataString(id)}") is { } found)
            {
                names[id] = found.Name;
            }
        }

        return new Table<ApprovalResult>(
            "refused",
            new("Retailer", row => Cells.Organization(row.OrganizationId, names.GetValueOrDefault(row.OrganizationId))),
            new("Record", row => Cell.Code(
                row.ShareId, $"{ConsolePage.Root}/{row.OrganizationId}/earnings/{row.ShareId}")),
            new("Outcome", row => Cell.Status(row.Outcome)),
            new("Why", row => Cell.Text(row.Detail))).View(refused, "All were approved.");
    }

    private static async Task<IResult> Show(ConsolePage page, FormState form)
    {
        var status = page.Query("status") is { Length: > 0 } asked ? asked : ToApprove;
        (string, object?)[] filter =
        [
            ("status", status == "ANY" ? null : status), ("period", page.Query("period")), ("q", page.Query("q")),
        ];
        var table = Records(page, status, form);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ListedShare>("revenue-shares", filter));
        }

        var answer = await page.Api.Ask<ApiPage<ListedShare>>(
            "revenue-shares", [.. filter, ("page", page.Query("page")), ("page_size", PageSize)]);
        var shown = answer.Problem is { } problem ? form.Refused(problem) : form;
        return page.Show<ApprovalsPage>(
            new ApprovalsModel(
                status,
                page.Query("period"),
                page.Query("q"),
                table.View(answer.Value?.Data ?? [], Empty(status), answer.Value?.Pagination),
                shown),
            shown);
    }

    private static string Empty(string status) => status switch
    {
        ToApprove => "Nothing waits for approval. Records come when a month is closed, under Periods.",
        Disputed => "Nothing is disputed.",
        _ => "No record is in this status here. Change the filter above.",
    };

    private static Table<ListedShare> Records(ConsolePage page, string status, FormState form) => new(
        "revenue-shares",
        new("Choose", row => Cells.Box(
            "record", row.Seen, $"{row.OrganizationName}, {row.Month}", form.Many("record").Contains(row.Seen)),
            InCsv: false, InPage: status == ToApprove),
        new("Retailer", row => Cells.Organization(row.OrganizationId, row.OrganizationName, "/earnings")),
        new("Month", row => Cell.Text(row.Month, $"{ConsolePage.Root}/{row.OrganizationId}/earnings/{row.Id}")),
        new("Gross", row => Cell.Money(row.GrossRevenue), IsNumber: true),
        new("Fee", row => Cell.Money(row.PlatformFee), IsNumber: true),
        new("Fee rate", row => Cells.Rate(row.PlatformFeeRate), IsNumber: true),
        new("Share", row => Cell.Money(row.RetailerShare), IsNumber: true),
        new("Status", row => Cell.Status(row.Status)),
        new("Revision", row => Cell.Count(row.Revision), IsNumber: true),
        new("Why disputed", row => Cell.Text(row.DisputeReason), InPage: status == Disputed),
        new("Settle", row => Cells.Drawn<ResolveForm>(("Page", page), ("Share", row)),
            InCsv: false, InPage: status == Disputed),
        new("Retailer id", row => Cell.Code(row.OrganizationId), InPage: false),
        new("Record id", row => Cell.Code(row.Id), InPage: false));
}
