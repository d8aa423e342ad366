using Countinghouse.Http;
using Countinghouse.Payouts.Providers;

namespace Countinghouse.Payouts;

/// <summary>What is refused and in which words: the same over HTTP and on the command line.</summary>
public static class PayoutRefusals
{
    /// <summary>Why a run was not decided; null when it was.</summary>
    public static Problem? Of(DecideOutcome decided, PayoutRun? run) => decided switch
    {
        DecideOutcome.Decided => null,
        DecideOutcome.NoSuchRun => Problems.NotFound(),
        DecideOutcome.NotPreviewed => Problems.RunNotPreviewed(PayoutWords.Of(run!.State)),
        DecideOutcome.OtherFingerprint => Problems.RunOtherFingerprint(),
        DecideOutcome.SamePerson => Problems.RunSamePerson(),
    };

    /// <summary>Why a person's word on a payout was not taken; null when it was.</summary>
    public static Problem? Of(Decided decided, PayoutDetailOut? payout) => (decided, payout) switch
    {
        (_, null) or (Decided.NoSuchPayout, _) => Problems.NotFound(),
        (Decided.Done, _) => null,
        (Decided.NotPossible, { } found) => Problems.PayoutNotIn(PayoutWords.Of(found.Payout.State)),
        (Decided.ReferenceUsed, _) => Problems.PaymentReferenceUsed(),
        (Decided.MoreThanPaid, { } found) => Problems.MoreThanPaid(
            found.Payout.Amount.ToString(), found.Payout.ReversedAmount.ToString()),
    };

    /// <summary>What is wrong with a payment; null when nothing is. A reference stands in one line of a statement.
    /// </summary>
    public static FieldError? Check(ManualPayment payment) => payment.Reference.Any(char.IsControl)
        ? new FieldError("reference", "must be one line of text", "invalid")
        : null;

    /// <summary>Why money cannot be sent there; null when it can.</summary>
    public static Problem? Of(DestinationCheck check) => check switch
    {
        DestinationCheck.Fine => null,
        DestinationCheck.Malformed => Problems.Invalid(
            "destination", "must be a connected account (acct_...) for stripe, or one line of text for manual"),
        DestinationCheck.Unknown => Problems.Invalid("destination", "names no account that the provider knows"),
        DestinationCheck.CannotReceive => Problems.Invalid("destination", "may not receive transfers yet"),
        DestinationCheck.NotConfigured => Problems.ProviderNotConfigured(),
        DestinationCheck.Unreachable => Problems.ProviderUnreachable(HttpOptions.RetryAfterSeconds),
    };
}
