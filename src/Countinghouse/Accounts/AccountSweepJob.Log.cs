namespace Countinghouse.Accounts;

public sealed partial class AccountSweepJob
{
    [LoggerMessage(
        EventId = 1803, Level = LogLevel.Warning, Message = "Ended sessions and links were not cleaned up: {Reason}")]
    private partial void LogNotCleaned(string reason);
}
