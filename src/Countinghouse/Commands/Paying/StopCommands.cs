using System.CommandLine;
using Countinghouse.Payouts;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts stop" and "resume": whether any payouts go on.</summary>
internal static class StopCommands
{
    public static Command CreateStop()
    {
        var reason = PayoutsLine.Text("--reason", "R", "Why, for whoever reads it later");
        var command = new DocumentedCommand(
            "stop",
            "Stop all payouts, on every node: nothing more is sent; what is under way is only looked up.",
            """
            countinghouse payouts stop --reason "The bank reports a transfer twice"
            """)
        {
            reason,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(async (line, cancellation) =>
        {
            var text = line.GetRequiredValue(reason);
            Refusals.Check(new StatedReason { Reason = text });
            await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
            var store = workplace.GetRequiredService<PayoutStore>();
            await store.Stop(text, PayoutsLine.Actor, PayoutsLine.Now(workplace), cancellation);
            var halt = (await store.FindHalt(cancellation))!;
            await Console.Error.WriteLineAsync(
                $"All payouts are stopped, since {halt.At} by {halt.Actor}: {halt.Reason}");
            return 0;
        });
        return command;
    }

    public static Command CreateResume()
    {
        var command = new DocumentedCommand(
            "resume",
            "Let payouts go on. Settle first, with the provider, what they were stopped for.",
            """
            countinghouse payouts resume
            """);
        DatabaseOptions.AddTo(command);
        command.SetAction(async (line, cancellation) =>
        {
            await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
            var wasStopped = await workplace.GetRequiredService<PayoutStore>().Resume(cancellation);
            await Console.Error.WriteLineAsync(wasStopped ? "Payouts go on." : "Payouts were not stopped.");
            return 0;
        });
        return command;
    }
}
