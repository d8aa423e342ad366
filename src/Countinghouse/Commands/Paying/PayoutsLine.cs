using System.CommandLine;
using Countinghouse.Http;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>What the sub-commands of "payouts" share: their words, who acts, what there is to act on.</summary>
internal static class PayoutsLine
{
    private const int PageRows = 100;

    /// <summary>The columns of a run of rows that is a payout each.</summary>
    public static readonly string[] Columns =
    [
        "payout_id", "organization_id", "run_id", "state", "amount", "reversed_amount", "provider", "destination",
        "transfer_id", "failure", "created_at", "due_at", "settled_at",
    ];

    /// <summary>Whoever is at the terminal; the second person of a run has to be another one.</summary>
    public static string Actor => $"command:payouts/{Environment.UserName}";

    /// <summary>Each command has arguments of its own, so that each help stands alone.</summary>
    public static Argument<PayoutRunId> RunArgument() =>
        WireArguments.Argument<PayoutRunId>("RUN", "The run, as \"payouts preview\" names it");

    public static Argument<PayoutId> PayoutArgument() =>
        WireArguments.Argument<PayoutId>("PAYOUT", "The payout, as \"payouts list\" names it");

    public static Argument<OrganizationId> RetailerArgument() =>
        WireArguments.Argument<OrganizationId>("ORGANIZATION", "The retailer");

    public static Option<string> Text(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        Required = true,
    };

    public static Instant Now(ServiceProvider workplace) =>
        Instant.Of(workplace.GetRequiredService<TimeProvider>().GetUtcNow());

    public static async Task<PayoutRun> Find(
        ServiceProvider workplace, PayoutRunId run, CancellationToken cancellation) =>
        await workplace.GetRequiredService<PayoutRunStore>().Find(run, cancellation)
        ?? throw new CommandException($"There is no payout run {run} in this database.");

    /// <summary>The payout with everything behind it, whoever's it is.</summary>
    public static async Task<PayoutDetailOut> Find(
        ServiceProvider workplace, PayoutId payout, CancellationToken cancellation) =>
        await workplace.GetRequiredService<PayoutStore>().Find(payout, cancellation) is { } found
        && await workplace.GetRequiredService<PayoutReader>().Find(found.Organization, payout, cancellation)
            is { } detail
            ? detail
            : throw new CommandException($"There is no payout {payout} in this database.");

    /// <summary>All pages of a list.</summary>
    public static async Task<List<T>> All<T>(Func<Page, Task<Paged<T>>> read)
    {
        var rows = new List<T>();
        for (var page = new Page(1, PageRows); ; page = page with { Number = page.Number + 1 })
        {
            var some = await read(page);
            rows.AddRange(some.Data);
            if (!some.Pagination.HasNext)
            {
                return rows;
            }
        }
    }

    public static string[] Row(PayoutOut payout) =>
    [
        payout.PayoutId.ToString(),
        payout.OrganizationId.ToString(),
        payout.RunId.ToString(),
        PayoutWords.Of(payout.State),
        payout.Amount.ToString(),
        payout.ReversedAmount.ToString(),
        payout.Provider,
        payout.Destination,
        payout.TransferId ?? "",
        payout.Failure,
        payout.CreatedAt.ToString(),
        payout.DueAt?.ToString() ?? "",
        payout.SettledAt?.ToString() ?? "",
    ];
}
