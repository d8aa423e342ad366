using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts plan": what a run does, for whoever is to confirm it.</summary>
internal static class PlanCommand
{
    private static readonly Argument<PayoutRunId> RunId = PayoutsLine.RunArgument();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "plan",
            "Show a run: where it stands, its fingerprint, and what it does with each retailer. Read it before you "
                + "confirm it.",
            """
            countinghouse payouts plan 3gNc2sFgK7e4kTJw9XqHbY
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
        await Console.Out.WriteLineAsync($"run_id\t{run.Id}");
        await Console.Out.WriteLineAsync($"state\t{PayoutWords.Of(run.State)}");
        await Console.Out.WriteLineAsync($"previewed by\t{run.CreatedBy}");
        await Console.Out.WriteLineAsync($"decided by\t{run.DecidedBy}");
        await Console.Out.WriteLineAsync($"amount\t{run.Amount}");
        await Console.Out.WriteLineAsync($"fingerprint\t{run.Fingerprint}\n");
        await PreviewCommand.WritePlan(workplace.GetRequiredService<PayoutRunStore>(), run.Id, cancellation);
        return 0;
    }
}
