namespace Countinghouse.RevenueShare;

public sealed partial class SettlementJob
{
    [LoggerMessage(
        EventId = 1503,
        Level = LogLevel.Warning,
        Message = "The database cannot be reached; closing waits: {Reason}")]
    private partial void LogUnavailable(string reason);

    [LoggerMessage(
        EventId = 1504,
        Level = LogLevel.Error,
        Message = "A month that is due could not be closed; trying again in an hour.")]
    private partial void LogFailed(Exception error);
}
