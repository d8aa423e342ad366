using System.CommandLine;
using System.Globalization;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts preview": what paying now would do, written down for somebody to confirm.</summary>
internal static class PreviewCommand
{
    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Look at this retailer alone");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "preview",
            "Sum each retailer's approved records, and say who would be paid, and why others would not. Prints the run "
                + "and its fingerprint, which a confirmation names, then a row for each retailer. Nothing is paid.",
            """
            countinghouse payouts preview
            countinghouse payouts preview --organization CXvDk7dyZhWZ7U5u4E3S9F
            """)
        {
            Organization,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var only = line.GetValue(Organization);
        if (only is { } retailer)
        {
            await Workplace.RequireOrganization(workplace, retailer, cancellation);
        }

        var store = workplace.GetRequiredService<PayoutRunStore>();
        var run = await store.Preview(only, PayoutsLine.Actor, cancellation);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{run.PayoutCount:N0} {(run.PayoutCount == 1 ? "retailer" : "retailers")} would be paid {run.Amount} USD "
            + $"in all, {run.SkippedCount:N0} not. Nothing is paid until somebody confirms it."));

        // Lines, not a table: a terminal must not cut the fingerprint short.
        await Console.Out.WriteLineAsync($"run_id\t{run.Id}");
        await Console.Out.WriteLineAsync($"fingerprint\t{run.Fingerprint}\n");
        await WritePlan(store, run.Id, cancellation);
        return 0;
    }

    /// <summary>A row for each retailer.</summary>
    public static async Task WritePlan(PayoutRunStore store, PayoutRunId run, CancellationToken cancellation) =>
        TextTable.Write(
            ["organization_id", "outcome", "amount", "provider", "destination", "records"],
            (await PayoutsLine.All(page => store.ListRows(run, page, cancellation))).Select(row => new[]
            {
                row.Retailer.ToString(),
                PayoutWords.Of(row.Outcome),
                row.Amount.ToString(),
                row.Provider ?? "",
                row.Destination,
                row.Shares.Count.ToString(CultureInfo.InvariantCulture),
            }));
}
