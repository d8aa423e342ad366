using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts bank-file": what the operator's bank is to pay, as CSV.</summary>
internal static class BankFileCommand
{
    private static readonly Argument<PayoutRunId> RunId = PayoutsLine.RunArgument();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "bank-file",
            "Write a run's manual payouts that are not marked as paid or failed yet to standard output, as CSV. The "
                + "payout's id is the reference to give the bank.",
            """
            countinghouse payouts bank-file 3gNc2sFgK7e4kTJw9XqHbY > payouts.csv
            """)
        {
            RunId,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var run = await PayoutsLine.Find(workplace, line.GetRequiredValue(RunId), cancellation);
        var payouts = await workplace.GetRequiredService<PayoutReader>().BankFile(run.Id, cancellation);
        await using var output = Console.OpenStandardOutput();
        await output.WriteAsync(PayoutRunEndpoints.WriteBankFile(payouts), cancellation);
        return 0;
    }
}
