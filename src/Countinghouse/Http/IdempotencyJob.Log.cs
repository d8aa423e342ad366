namespace Countinghouse.Http;

public sealed partial class IdempotencyJob
{
    [LoggerMessage(EventId = 1004, Level = LogLevel.Warning, Message = "Stored answers were not cleaned up: {Reason}")]
    private partial void LogNotCleaned(string reason);
}
