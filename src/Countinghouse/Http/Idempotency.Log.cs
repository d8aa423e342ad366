namespace Countinghouse.Http;

public sealed partial class Idempotency
{
    [LoggerMessage(
        EventId = 1003, Level = LogLevel.Error, Message = "The answer to a request was not kept: {Reason}")]
    private partial void LogNotKept(string reason);
}
