namespace Countinghouse.Payouts;

public sealed partial class PayoutJob
{
    [LoggerMessage(
        EventId = 1705,
        Level = LogLevel.Warning,
        Message = "The database cannot be reached; payouts wait: {Reason}")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(
        EventId = 1706,
        Level = LogLevel.Error,
        Message = "A step of the payouts failed; it is tried again in the next round.")]
    private partial void LogStepFailed(Exception error);
}
