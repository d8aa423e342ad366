namespace Countinghouse.Credentials;

public sealed partial class TokenSweepJob
{
    [LoggerMessage(EventId = 1211, Level = LogLevel.Warning, Message = "Ended access tokens wait: {Reason}")]
    private partial void LogNotSwept(string reason);
}
