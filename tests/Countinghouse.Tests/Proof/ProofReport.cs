namespace Countinghouse.Proof;

/// <summary>
/// Where runs write down what happened, for the table that ./test --long prints: one line each, (kind, what, engine,
/// count, detail) with tabs between. Without the variable nothing is written.
/// </summary>
internal static class ProofReport
{
    /// <summary>Names the file; ./test sets it.</summary>
    public const string Variable = "COUNTINGHOUSE_PROOF_REPORT";

    private static readonly Lock OneAtATime = new();

    public static void Add(string kind, string what, object engine, long count, string detail = "")
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path)
        {
            lock (OneAtATime)
            {
                File.AppendAllText(path, $"{kind}\t{what}\t{engine}\t{count}\t{detail}\n");
            }
        }
    }
}
