using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts cancel": a preview that nobody shall confirm.</summary>
internal static class CancelCommand
{
    private static readonly Argument<PayoutRunId> RunId = PayoutsLine.RunArgument();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "cancel",
            "Cancel a preview, so that nobody can confirm it. What was confirmed is not cancelled by this.",
            """
            countinghouse payouts cancel 3gNc2sFgK7e4kTJw9XqHbY
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
        var store = workplace.GetRequiredService<PayoutRunStore>();
        var decided = await store.Cancel(run.Id, PayoutsLine.Actor, cancellation);
        if (PayoutRefusals.Of(decided, await store.Find(run.Id, cancellation)) is { } problem)
        {
            throw Refusals.Say(problem);
        }

        await Console.Error.WriteLineAsync($"The run {run.Id} is cancelled; nothing is paid by it.");
        return 0;
    }
}
