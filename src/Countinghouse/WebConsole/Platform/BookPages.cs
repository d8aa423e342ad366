using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole.Platform;

/// <summary>What an account comes to.</summary>
public sealed record LedgerAccount(string Account, string Debits, string Credits, string Balance, long BalanceMicros);

/// <summary>The ledger's balances through a month.</summary>
public sealed record TrialBalance(string Month, IReadOnlyList<LedgerAccount> Accounts, bool IsBalanced);

/// <summary>What the page of the ledger shows; no balance when the month was refused.</summary>
public sealed record LedgerModel(string Month, TrialBalance? Balance, TableView Accounts, FormState Form);

/// <summary>A change that was made.</summary>
public sealed record AuditEntry(
    long EntryNo, string? OrganizationId, string At, string Actor, string Credential, string Action, string Subject,
    JsonElement? Before, JsonElement? After, string RequestId);

/// <summary>What the page of the audit log shows.</summary>
/// <param name="Filter">What was asked for, and why that was refused.</param>
/// <param name="Entries">The latest first.</param>
/// <param name="Csv">Where all of them are as a CSV.</param>
public sealed record AuditModel(FormState Filter, TableView Entries, string Csv);

/// <summary>The platform's books: what everything comes to, and who changed what.</summary>
public static class BookPages
{
    /// <summary>The API's filters, which the page has under the same names.</summary>
    private static readonly string[] Filters =
        ["organization_id", "actor", "action", "subject", "start_date", "end_date"];

    public static IEndpointRouteBuilder MapBooks(this IEndpointRouteBuilder pages)
    {
        pages.MapGet("/ledger", Ledger);
        pages.MapGet("/audit", Audit);
        return pages;
    }

    private static async Task<IResult> Ledger(ConsolePage page)
    {
        var table = new Table<LedgerAccount>(
            "trial-balance",
            new("Account", row => Cell.Text(row.Account)),
            new("What it is", row => Cell.Text(Meaning(row.Account)), InCsv: false),
            new("Debits", row => Cell.Money(row.Debits), IsNumber: true),
            new("Credits", row => Cell.Money(row.Credits), IsNumber: true),
            new("Balance", row => Cell.Money(row.Balance), IsNumber: true),
            new("Balance, millionths of a dollar", row => Cell.Count(row.BalanceMicros), InPage: false));
        var answer = await page.Api.Ask<TrialBalance>("ledger/trial-balance", ("month", page.Query("month")));
        var form = answer.Problem is { } problem ? FormState.Fresh().Refused(problem) : FormState.Fresh();
        var accounts = answer.Value?.Accounts ?? [];
        return page.WantsCsv && answer.Value is not null
            ? table.Csv(accounts)
            : page.Show<LedgerPage>(
                new LedgerModel(
                    answer.Value?.Month ?? page.Query("month"),
                    answer.Value,
                    table.View(accounts, "Nothing is booked yet. Closing a month books it, under Periods."),
                    form),
                form);
    }

    private static async Task<IResult> Audit(ConsolePage page)
    {
        (string Name, object? Value)[] filter = [.. Filters.Select(name => (name, (object?)page.Query(name)))];
        if (page.WantsCsv)
        {
            return await page.Api.File(
                QueryHelpers.AddQueryString("audit-log", filter
                    .Select(pair => KeyValuePair.Create(pair.Name, (string?)pair.Value))
                    .Where(pair => !string.IsNullOrEmpty(pair.Value))),
                "text/csv");
        }

        var answer = await page.Api.Ask<ApiPage<AuditEntry>>("audit-log", [.. filter, ("page", page.Query("page"))]);
        var form = FormState.Fresh([.. filter.Select(pair => (pair.Name, (string?)pair.Value))]);
        var shown = answer.Problem is { } problem ? form.Refused(problem) : form;
        var table = new Table<AuditEntry>(
            "audit-log",
            new("When", row => Cell.Time(row.At)),
            new("Who", row => Cells.Actor(page, row.Actor)),
            new("What", row => Cell.Text(row.Action, Addresses.With(page.Context, ("action", row.Action), ("page", null)))),
            new("To what", row => Cell.Code(
                row.Subject, Addresses.With(page.Context, ("subject", row.Subject), ("page", null)))),
            new("Organization", row => row.OrganizationId is { } id
                ? Cell.Code(id, $"{ConsolePage.Root}/{id}")
                : Cell.Text("the platform")),
            new("Changes", row => Cells.Drawn<AuditChanges>(("Entry", row))));
        return page.Show<AuditPage>(
            new AuditModel(
                shown,
                table.View(
                    answer.Value?.Data ?? [],
                    "No change is like that. Ask for less above; everything that is changed is here.",
                    answer.Value?.Pagination),
                Addresses.With(page.Context, ("format", "csv"), ("page", null))),
            shown);
    }

    private static string Meaning(string account) => account switch
    {
        "RECEIVABLE" => "what advertisers owe",
        "PAYABLE" => "what retailers are owed",
        "FEE" => "the platform's fees",
        "OWN" => "charges on nobody's offers: the platform's own",
        "CARRY" => "carried on below a cent",
        "CLEARING" => "on its way to retailers",
        "BANK" => "paid out",
        _ => "",
    };
}
