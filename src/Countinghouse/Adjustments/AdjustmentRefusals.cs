using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Adjustments;

/// <summary>What is refused and in which words: the same over HTTP and on the command line.</summary>
public static class AdjustmentRefusals
{
    /// <summary>A quarter: longer spans are better looked at in parts.</summary>
    public const int DaysMax = 92;

    /// <summary>What is wrong with days that each on their own are right.</summary>
    public static FieldError? Check(DaysCredit wanted) => wanted switch
    {
        _ when wanted.EndDate < wanted.StartDate =>
            new FieldError("end_date", "must not be before start_date", "invalid"),
        _ when wanted.StartDate.DaysUntil(wanted.EndDate) >= DaysMax =>
            new FieldError("end_date", $"must be at most {DaysMax} days from start_date, both included", "invalid"),
        { Fraction.Ppm: 0 } => new FieldError("fraction", "must be more than zero", "invalid"),
        _ => null,
    };

    public static FieldError? Check(AmountCorrection wanted) =>
        wanted.Amount == Money.Zero ? new FieldError("amount", "must not be zero", "invalid") : null;

    /// <summary>Why nothing was written; null when it was.</summary>
    public static Problem? Of(AdjustOutcome outcome, AdjustmentKind kind) => outcome switch
    {
        AdjustOutcome.Adjusted => null,
        AdjustOutcome.NothingCharged =>
            Problems.Invalid(Subject(kind), "names nothing that the campaign was charged for"),
        AdjustOutcome.AlreadyGivenBack => Problems.AlreadyGivenBack(),
        AdjustOutcome.MoreThanCharged => Problems.MoreThanCharged(),
        AdjustOutcome.BudgetTooSmall => Problems.BudgetDoesNotCover(),
        AdjustOutcome.TooMany => Problems.Invalid(
            "end_date", $"makes more than {AdjustmentStore.AtOnceMax} rows; name fewer days"),
    };

    /// <summary>The member that says what is to be corrected.</summary>
    private static string Subject(AdjustmentKind kind) => kind switch
    {
        AdjustmentKind.Event => "event_id",
        AdjustmentKind.Days => "start_date",
        AdjustmentKind.Amount => "location_id",
    };
}
