using System.CommandLine;
using System.Globalization;
using Countinghouse.Payouts;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts reconcile": holds payouts against the provider's books, now.</summary>
internal static class ReconcileCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "reconcile",
            "Hold payouts against the provider's books, both ways; a serving node does it once a day. Exit code 1 when "
                + "something differs, or when the provider could not be asked.",
            """
            countinghouse payouts reconcile
            countinghouse payouts reconcile || countinghouse payouts differences
            """);
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var id = await workplace.GetRequiredService<Reconciliation>().RunNow(PayoutsLine.Actor, cancellation);
        var done = (await workplace.GetRequiredService<ReconciliationStore>().Find(id, cancellation))!;
        await Console.Error.WriteLineAsync(
            done.Failure.Length > 0 ? done.Failure
            : done.DifferenceCount > 0 ? "Not everything agrees: see \"payouts differences\"."
            : "Everything that was compared agrees.");
        TextTable.Write(
            ["reconciliation_id", "since", "transfers", "payouts", "differences", "failure"],
            [[
                done.ReconciliationId.ToString(),
                done.Since.ToString(),
                done.TransferCount.ToString(CultureInfo.InvariantCulture),
                done.PayoutCount.ToString(CultureInfo.InvariantCulture),
                done.DifferenceCount.ToString(CultureInfo.InvariantCulture),
                done.Failure,
            ]]);
        return done.Failure.Length > 0 || done.DifferenceCount > 0 ? CommandLine.Failed : 0;
    }
}
