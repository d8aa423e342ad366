using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Ledger;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.RevenueShare;

/// <summary>What an account comes to, in USD; exact figures in millionths of a USD beside it.</summary>
public sealed record AccountOut
{
    /// <summary>RECEIVABLE, PAYABLE, FEE, OWN, CARRY, CLEARING or BANK.</summary>
    public required string Account { get; init; }

    /// <summary>Sum of its debits.</summary>
    public required WireDecimal Debits { get; init; }

    /// <summary>Sum of its credits, below zero.</summary>
    public required WireDecimal Credits { get; init; }

    /// <summary>Debits and credits together.</summary>
    public required WireDecimal Balance { get; init; }

    /// <summary>The balance exactly; over all accounts these sum to zero.</summary>
    public required long BalanceMicros { get; init; }

    public static AccountOut Of(AccountBalance account) => new()
    {
        Account = LedgerWords.Of(account.Account),
        Debits = WireDecimal.From(account.Debits),
        Credits = WireDecimal.From(account.Credits),
        Balance = WireDecimal.From(account.Balance),
        BalanceMicros = account.Balance.Micros,
    };
}

/// <summary>The ledger's balances through a month.</summary>
public sealed record TrialBalanceOut
{
    /// <summary>The last month in it.</summary>
    public required Period Month { get; init; }

    /// <summary>Accounts with entries.</summary>
    public required IReadOnlyList<AccountOut> Accounts { get; init; }

    /// <summary>True when all balances sum to zero, as they must.</summary>
    public required bool IsBalanced { get; init; }
}

/// <summary>The ledger over HTTP; the operator's business.</summary>
public static class TrialBalanceEndpoints
{
    private static readonly WireQuery<Period> Month =
        new("month", "Last month to take in; the present one by default.");

    public static IEndpointRouteBuilder MapLedger(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/ledger/trial-balance", Read)
            .RequirePermission(Permission.Operate)
            .WithTags("Operations")
            .Strict()
            .WithQuery(Month)
            .WithName("apps_advertising_api_ledger_trial_balance")
            .WithSummary("Read the trial balance")
            .WithDescription(
                "What each account of the ledger comes to through a month: what advertisers owe, what retailers are "
                + "owed, the platform's fees and its own, and what is carried on below a cent. Debits are above zero.");
        return routes;
    }

    private static async Task<Ok<TrialBalanceOut>> Read(
        HttpContext context, Database database, TimeProvider clock, CancellationToken cancellation)
    {
        var through = Month.Read(context) ?? UtcDay.Of(clock.GetUtcNow()).Period;
        var accounts = await database.Read(
            (DbConnection connection) => LedgerStore.TrialBalance(connection, through, cancellation), cancellation);
        return TypedResults.Ok(new TrialBalanceOut
        {
            Month = through,
            Accounts = [.. accounts.Select(AccountOut.Of)],
            IsBalanced = accounts.Sum(account => account.Balance.Micros) == 0,
        });
    }
}
