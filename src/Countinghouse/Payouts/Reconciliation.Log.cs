namespace Countinghouse.Payouts;

public sealed partial class Reconciliation
{
    [LoggerMessage(
        EventId = 1703,
        Level = LogLevel.Error,
        Message = "A payout and its provider disagree ({Kind}): payout {Payout}, transfer {Transfer}. Its retailer, "
            + "if it has one, is on hold; the list of differences says more.")]
    private partial void LogDifference(DifferenceKind kind, string payout, string transfer);

    [LoggerMessage(
        EventId = 1704,
        Level = LogLevel.Warning,
        Message = "{Provider} could not be asked for its transfers; the reconciliation is incomplete.")]
    private partial void LogUnreachable(string provider);
}
