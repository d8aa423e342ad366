using System.Text;

namespace Countinghouse.Payouts;

/// <summary>The words in columns; frozen.</summary>
public static class PayoutWords
{
    public static string Of(PayoutState state) => Upper(state.ToString());

    public static PayoutState State(string word) => Enum.Parse<PayoutState>(word, ignoreCase: true);

    public static string Of(RunState state) => Upper(state.ToString());

    public static string Of(AttemptOutcome outcome) => Upper(outcome.ToString());

    public static AttemptOutcome Attempt(string word) => Parse<AttemptOutcome>(word);

    public static string Of(PlanOutcome outcome) => Upper(outcome.ToString());

    public static PlanOutcome Plan(string word) => Parse<PlanOutcome>(word);

    public static string Of(DifferenceKind kind) => Upper(kind.ToString());

    public static DifferenceKind Difference(string word) => Parse<DifferenceKind>(word);

    private static T Parse<T>(string word)
        where T : struct, Enum => Enum.Parse<T>(word.Replace("_", "", StringComparison.Ordinal), ignoreCase: true);

    /// <summary>InFlight is IN_FLIGHT.</summary>
    private static string Upper(string name)
    {
        var word = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && word.Length > 0)
            {
                word.Append('_');
            }

            word.Append(char.ToUpperInvariant(letter));
        }

        return word.ToString();
    }
}
