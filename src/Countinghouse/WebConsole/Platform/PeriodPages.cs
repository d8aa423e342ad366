using Microsoft.AspNetCore.Http.Timeouts;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole.Platform;

/// <summary>Something that is in the way, in the API's words.</summary>
public sealed record CloseBlock(string Code, string Detail);

/// <summary>The month to close next.</summary>
public sealed record NextSettlement(
    string? Period, string? FirstDay, string? LastDay, string? ClosableFrom, bool IsClosable, string? State,
    IReadOnlyList<CloseBlock> Blocks);

/// <summary>What the records of a month come to.</summary>
public sealed record SettlementRecords(long Count, string GrossRevenue, string PlatformFee, string RetailerShare);

/// <summary>A month that is closed, or being closed.</summary>
public sealed record ClosedMonth(
    string Period, string State, string? StartedAt, string? ClosedAt, long? EventCount, string? Charge,
    SettlementRecords? Records);

/// <summary>A retailer's record in a month.</summary>
public sealed record SettledRetailer(
    string OrganizationId, string? OrganizationName, string ShareId, string GrossRevenue, string PlatformFee,
    string RetailerShare, string PlatformFeeRate);

/// <summary>What closing a month makes, or has made.</summary>
public sealed record SettlementResult(
    string Period, string State, bool DryRun, string? ClosedAt, long EventCount, string Charge,
    SettlementRecords Records, ApiPage<SettledRetailer> Retailers);

/// <summary>What the page of months shows.</summary>
public sealed record PeriodsModel(NextSettlement Next, TableView Closed);

/// <summary>What the page shows on which a month is closed.</summary>
/// <param name="Period">The month.</param>
/// <param name="Result">What closing it would make; null when that was refused.</param>
/// <param name="Retailers">The same by retailer.</param>
/// <param name="Form">The confirmation, or why the dry run was refused.</param>
public sealed record ClosingModel(string Period, SettlementResult? Result, TableView? Retailers, FormState Form);

/// <summary>A figure of a closed month, and what the dry run had said.</summary>
public sealed record Compared(string Title, Cell Closed, Cell? Dry)
{
    public bool Agrees => Dry is null || Dry.Raw == Closed.Raw;
}

/// <summary>What the page of a closed month shows.</summary>
/// <param name="Month">The month.</param>
/// <param name="Figures">Its figures, beside the dry run's when there was one right before.</param>
public sealed record ClosedMonthModel(ClosedMonth Month, IReadOnlyList<Compared> Figures);

/// <summary>Closing months: what is in the way, what would come of it, and what came of it.</summary>
public static class PeriodPages
{
    private const int PreviewRows = 100;

    public static IEndpointRouteBuilder MapPeriods(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/periods", List);
        pages.MapPage("/periods/{period}", Read);

        // A month of many events takes a while to be added up.
        pages.MapPage("/periods/{period}/close", DryRun).WithMetadata(new DisableRequestTimeoutAttribute());
        pages.MapForm("/periods/{period}/close", Close).WithMetadata(new DisableRequestTimeoutAttribute());
        return pages;
    }

    private static async Task<IResult> List(ConsolePage page)
    {
        var table = Months();
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ClosedMonth>("settlements"));
        }

        var closed = await page.Api.Get<ApiPage<ClosedMonth>>("settlements", ("page", page.Query("page")));
        return page.Show<PeriodsPage>(new PeriodsModel(
            await page.Api.Get<NextSettlement>("settlements/next"),
            table.View(
                closed.Data,
                "No month is closed yet. The first can be closed three days after its end, above.",
                closed.Pagination)));
    }

    private static async Task<IResult> Read(ConsolePage page)
    {
        var month = (await page.Api.All<ClosedMonth>("settlements"))
            .FirstOrDefault(one => one.Period == page.Id("period"));
        if (month is null)
        {
            return ConsolePage.SeeOther($"{PlatformPages.Root}/periods");
        }

        return page.Show<ClosedMonthPage>(new ClosedMonthModel(
            month,
            [
                Figure("Events", "events", Cell.Count(month.EventCount)),
                Figure("Charged to advertisers", "charge", Cell.Money(month.Charge)),
                Figure("Retailers with a record", "count", Cell.Count(month.Records?.Count)),
                Figure("Gross of the records", "gross", Cell.Money(month.Records?.GrossRevenue)),
                Figure("Platform's fee", "fee", Cell.Money(month.Records?.PlatformFee)),
                Figure("Retailers' share", "share", Cell.Money(month.Records?.RetailerShare)),
            ]));

        Compared Figure(string title, string name, Cell cell) => new(
            title, cell, page.Query(name) is { Length: > 0 } dry ? cell with { Raw = dry } : null);
    }

    private static Task<IResult> DryRun(ConsolePage page) => ShowDryRun(page, FormState.Fresh());

    private static async Task<IResult> Close(ConsolePage page, FormState form)
    {
        var period = page.Id("period");
        if (form.Text("confirmation") != period)
        {
            return await ShowDryRun(page, form.Refused("confirmation", $"must be {period}, which closes that month"));
        }

        var answer = await page.Api.Send<SettlementResult>(HttpMethods.Post, "settlements", form, new { period });
        return answer.Problem is { } problem
            ? await ShowDryRun(page, form.Refused(problem))
            : page.GoTo(
                QueryHelpers.AddQueryString(
                    $"{PlatformPages.Root}/periods/{period}",
                    ((string[])["events", "charge", "count", "gross", "fee", "share"])
                        .ToDictionary(name => name, name => (string?)form.Text(name))),
                $"{period} is closed. Its records wait for approval.");
    }

    /// <summary>The dry run writes nothing, so it may be looked at like any other page.</summary>
    private static async Task<IResult> ShowDryRun(ConsolePage page, FormState form)
    {
        var table = Retailers();
        if (page.WantsCsv)
        {
            return table.Csv(await AllRetailers(page));
        }

        var number = int.TryParse(page.Query("page"), out var asked) ? asked : 1;
        var answer = await Preview(page, number);
        var shown = answer.Problem is { } problem && form.Problem is null ? form.Refused(problem) : form;
        return page.Show<ClosingPage>(
            new ClosingModel(
                page.Id("period"),
                answer.Value,
                answer.Value is { } result
                    ? table.View(
                        result.Retailers.Data, "No retailer earned a cent in this month.", result.Retailers.Pagination)
                    : null,
                shown),
            shown);
    }

    private static async Task<IReadOnlyList<SettledRetailer>> AllRetailers(ConsolePage page)
    {
        var all = new List<SettledRetailer>();
        for (var number = 1; ; number++)
        {
            var answer = await Preview(page, number);
            var retailers = (answer.Value ?? throw new RefusedByApiException(answer.Problem!)).Retailers;
            all.AddRange(retailers.Data);
            if (!retailers.Pagination.HasNext)
            {
                return all;
            }
        }
    }

    private static Task<ApiAnswer<SettlementResult>> Preview(ConsolePage page, int number) =>
        page.Api.Send<SettlementResult>(
            HttpMethods.Post,
            $"settlements?page={number}&page_size={PreviewRows}",
            FormState.Of(page),
            new { period = page.Id("period"), dry_run = true });

    private static Table<ClosedMonth> Months() => new(
        "periods",
        new("Month", row => Cell.Text(row.Period, $"{PlatformPages.Root}/periods/{row.Period}")),
        new("State", row => Cell.Status(row.State)),
        new("Events", row => Cell.Count(row.EventCount), IsNumber: true),
        new("Charged", row => Cell.Money(row.Charge), IsNumber: true),
        new("Records", row => Cell.Count(row.Records?.Count), IsNumber: true),
        new("Gross", row => Cell.Money(row.Records?.GrossRevenue), IsNumber: true),
        new("Fee", row => Cell.Money(row.Records?.PlatformFee), IsNumber: true),
        new("Retailers' share", row => Cell.Money(row.Records?.RetailerShare), IsNumber: true),
        new("Closed", row => Cell.Time(row.ClosedAt)));

    private static Table<SettledRetailer> Retailers() => new(
        "dry-run",
        new("Retailer", row => Cells.Organization(row.OrganizationId, row.OrganizationName, "/earnings")),
        new("Gross", row => Cell.Money(row.GrossRevenue), IsNumber: true),
        new("Fee", row => Cell.Money(row.PlatformFee), IsNumber: true),
        new("Fee rate", row => Cells.Rate(row.PlatformFeeRate), IsNumber: true),
        new("Share", row => Cell.Money(row.RetailerShare), IsNumber: true),
        new("Retailer id", row => Cell.Code(row.OrganizationId), InPage: false),
        new("Record id", row => Cell.Code(row.ShareId), InPage: false));
}
