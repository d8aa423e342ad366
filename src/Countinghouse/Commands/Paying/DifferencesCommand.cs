using System.CommandLine;
using Countinghouse.Payouts;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts differences": what providers and payouts disagree on.</summary>
internal static class DifferencesCommand
{
    private static readonly Option<bool> Settled = new("--all")
    {
        Description = "Those too that somebody has settled",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "differences",
            "List what providers and payouts disagree on, the latest first. Each is listed once and has put its "
                + "retailer on hold.",
            """
            countinghouse payouts differences
            countinghouse payouts differences --all | cut -f 2,5
            """)
        {
            Settled,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var store = workplace.GetRequiredService<ReconciliationStore>();
        var openOnly = !line.GetValue(Settled);
        var found = await PayoutsLine.All(page => store.ListDifferences(openOnly, page, cancellation));
        TextTable.Write(
            [
                "difference_id", "kind", "organization_id", "payout_id", "transfer_id", "ours", "theirs", "found_at",
                "settled_at", "note",
            ],
            found.Select(one => new[]
            {
                one.DifferenceId.ToString(),
                PayoutWords.Of(one.Kind),
                one.OrganizationId?.ToString() ?? "",
                one.PayoutId?.ToString() ?? "",
                one.TransferId,
                one.Ours,
                one.Theirs,
                one.FoundAt.ToString(),
                one.SettledAt?.ToString() ?? "",
                one.Note,
            }));
        return 0;
    }
}
