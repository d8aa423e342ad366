using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts confirm": pays what a preview showed.</summary>
internal static class ConfirmCommand
{
    /// <summary>What is due later than this is left to a serving node.</summary>
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private static readonly Argument<PayoutRunId> RunId = PayoutsLine.RunArgument();

    private static readonly Option<string> Fingerprint = PayoutsLine.Text(
        "--fingerprint", "F", "The fingerprint of the preview as you read it");

    private static readonly Option<bool> Send = new("--send")
    {
        Description = "Send what is due from here, too, until nothing is due within ten seconds",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "confirm",
            "Pay what a preview showed, as far as it is still so. Unless Payouts:SecondPerson says otherwise, this "
                + "takes somebody else than the preview did. The payouts are made at once; a serving node sends them.",
            """
            countinghouse payouts confirm 3gNc2sFgK7e4kTJw9XqHbY --fingerprint 5f70bf18a08660b6...
            countinghouse payouts confirm 3gNc2sFgK7e4kTJw9XqHbY --fingerprint 5f70bf18a08660b6... --send
            """)
        {
            RunId, Fingerprint, Send,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var wanted = new Confirmation { Fingerprint = line.GetRequiredValue(Fingerprint) };
        Refusals.Check(wanted);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var run = await PayoutsLine.Find(workplace, line.GetRequiredValue(RunId), cancellation);
        var store = workplace.GetRequiredService<PayoutRunStore>();
        var decided = await store.Confirm(run.Id, wanted.Fingerprint, PayoutsLine.Actor, cancellation);
        if (PayoutRefusals.Of(decided, await store.Find(run.Id, cancellation)) is { } problem)
        {
            throw Refusals.Say(problem);
        }

        await store.Reserve(cancellation);
        if (line.GetValue(Send))
        {
            await SendDue(workplace, cancellation);
        }

        var payouts = await workplace.GetRequiredService<PayoutReader>().OfRun(run.Id, cancellation);
        await Console.Error.WriteLineAsync(Describe(payouts, line.GetValue(Send)));
        TextTable.Write(PayoutsLine.Columns, payouts.Select(PayoutsLine.Row));
        return 0;
    }

    /// <summary>Any number of workers may run, so a serving node need not be stopped for it.</summary>
    private static async Task SendDue(ServiceProvider workplace, CancellationToken cancellation)
    {
        var store = workplace.GetRequiredService<PayoutStore>();
        var worker = workplace.GetRequiredService<PayoutWorker>();
        while ((await store.Due(PayoutsLine.Now(workplace) + Soon, 1, cancellation)).Count > 0)
        {
            if (await worker.RunDue(cancellation) == 0)
            {
                await Task.Delay(Pause, cancellation);
            }
        }
    }

    private static string Describe(List<PayoutOut> payouts, bool isSent)
    {
        var sum = new Cents(payouts.Sum(payout => payout.Amount.Value));
        var waiting = payouts.Count(payout => payout.DueAt is not null);
        var byHand = payouts.Count(payout => payout is { State: PayoutState.Sending, DueAt: null });
        return $"{payouts.Count} {(payouts.Count == 1 ? "payout is" : "payouts are")} made, {sum} USD in all."
            + (waiting == 0 ? ""
                : isSent ? $" {waiting} not done yet: a serving node (Payouts:Work) goes on."
                : " A serving node (Payouts:Work) sends them within seconds.")
            + (byHand > 0 ? $" {byHand} for your bank to pay: see \"payouts bank-file\"." : "");
    }
}
