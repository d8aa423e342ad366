using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts paid", "failed" and "retry": what only a person can know of a payout.</summary>
internal static class DecisionCommands
{
    public static Command CreatePaid()
    {
        var payout = PayoutsLine.PayoutArgument();
        var reference = PayoutsLine.Text("--reference", "R", "The bank's reference; one payment pays one payout");
        return Create(
            new DocumentedCommand(
                "paid",
                "Mark a manual payout as paid by the bank: its records are PAID.",
                """
                countinghouse payouts paid 6mVw1cKQ8ZsHfD2pTn4rXe --reference "2026-11-04 0017"
                """)
            {
                payout, reference,
            },
            payout,
            line => Refusals.Check(
                new ManualPayment { Reference = line.GetRequiredValue(reference) }, PayoutRefusals.Check),
            (decisions, line, found, cancellation) => decisions.Paid(
                found.OrganizationId,
                found.PayoutId,
                line.GetRequiredValue(reference),
                PayoutsLine.Actor,
                cancellation));
    }

    public static Command CreateFailed()
    {
        var payout = PayoutsLine.PayoutArgument();
        var reason = PayoutsLine.Text("--reason", "R", "Why, for whoever reads it later");
        return Create(
            new DocumentedCommand(
                "failed",
                "Mark a manual payout as one that the bank has not paid and will not: its records wait for another "
                    + "run.",
                """
                countinghouse payouts failed 6mVw1cKQ8ZsHfD2pTn4rXe --reason "The account was closed"
                """)
            {
                payout, reason,
            },
            payout,
            line => Refusals.Check(new StatedReason { Reason = line.GetRequiredValue(reason) }),
            (decisions, line, found, cancellation) => decisions.Failed(
                found.OrganizationId,
                found.PayoutId,
                line.GetRequiredValue(reason),
                PayoutsLine.Actor,
                cancellation));
    }

    public static Command CreateRetry()
    {
        var payout = PayoutsLine.PayoutArgument();
        return Create(
            new DocumentedCommand(
                "retry",
                "Try a payout again before its 24 hours are over. You say that you have looked in the provider's own "
                    + "books and that nothing moved; the list is asked once more, then it is sent.",
                """
                countinghouse payouts retry 6mVw1cKQ8ZsHfD2pTn4rXe
                """)
            {
                payout,
            },
            payout,
            _ => { },
            (decisions, _, found, cancellation) => decisions.Retry(
                found.OrganizationId, found.PayoutId, cancellation));
    }

    private static DocumentedCommand Create(
        DocumentedCommand command,
        Argument<PayoutId> payout,
        Action<ParseResult> check,
        Func<PayoutDecisions, ParseResult, PayoutOut, CancellationToken, Task<Decided>> decide)
    {
        DatabaseOptions.AddTo(command);
        command.SetAction(async (line, cancellation) =>
        {
            check(line);
            await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
            var id = line.GetRequiredValue(payout);
            var found = await PayoutsLine.Find(workplace, id, cancellation);
            var decided = await decide(
                workplace.GetRequiredService<PayoutDecisions>(), line, found.Payout, cancellation);
            var now = await PayoutsLine.Find(workplace, id, cancellation);
            if (PayoutRefusals.Of(decided, now) is { } problem)
            {
                throw Refusals.Say(problem);
            }

            TextTable.Write(PayoutsLine.Columns, [PayoutsLine.Row(now.Payout)]);
            return 0;
        });
        return command;
    }
}
