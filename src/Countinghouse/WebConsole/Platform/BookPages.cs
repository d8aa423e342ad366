
namespace Countinghouse.WebConsole.Platform;

/// <summary>What an account comes to.</summary>
public sealed record LedgerAccount(string Account, string Debits, string Credits, string Balance, long BalanceMicros);

/// <summary>The ledger's balances through a month.</summary>
public sealed record TrialBalance(string Month, IReadOnlyList<LedgerAccount> Accounts, bool IsBalanced);

/// <summary>What the page of the ledger shows; no balance when the month was refused.</summary>
public sealed record LedgerModel(string Month, TrialBalance? Balance, TableView Accounts, FormState Form);

/// <summary>The platform's books: what everything comes to.</summary>
public static class BookPages
{
    public static IEndpointRouteBuilder MapBooks(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/ledger", Ledger);
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
