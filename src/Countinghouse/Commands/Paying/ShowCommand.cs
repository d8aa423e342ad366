using System.CommandLine;
using System.Globalization;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts show": a payout, the records that it settles, and what the provider was asked.</summary>
internal static class ShowCommand
{
    private static readonly Argument<PayoutId> Payout = PayoutsLine.PayoutArgument();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "show",
            "Show a payout: where it stands, the records that it settles, and every attempt to send it. Three tables, "
                + "with an empty line between them.",
            """
            countinghouse payouts show 6mVw1cKQ8ZsHfD2pTn4rXe
            """)
        {
            Payout,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        Write(await PayoutsLine.Find(workplace, line.GetRequiredValue(Payout), cancellation));
        return 0;
    }

    private static void Write(PayoutDetailOut payout)
    {
        TextTable.Write(PayoutsLine.Columns, [PayoutsLine.Row(payout.Payout)]);
        Console.Out.WriteLine();
        TextTable.Write(
            ["share_id", "month", "amount"],
            payout.Items.Select(item => new[]
            {
                item.ShareId.ToString(), item.Month.ToString(), item.Amount.ToString(),
            }));
        Console.Out.WriteLine();
        TextTable.Write(
            [
                "attempt_no", "outcome", "sends", "first_sent_at", "last_sent_at", "http_status", "error_code",
                "request_ref", "idempotency_key",
            ],
            payout.Attempts.Select(attempt => new[]
            {
                attempt.AttemptNo.ToString(CultureInfo.InvariantCulture),
                PayoutWords.Of(attempt.Outcome),
                attempt.Sends.ToString(CultureInfo.InvariantCulture),
                attempt.FirstSentAt.ToString(),
                attempt.LastSentAt.ToString(),
                attempt.HttpStatus?.ToString(CultureInfo.InvariantCulture) ?? "",
                attempt.ErrorCode,
                attempt.RequestRef,
                attempt.IdempotencyKey,
            }));
    }
}
