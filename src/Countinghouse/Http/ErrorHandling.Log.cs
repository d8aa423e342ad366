namespace Countinghouse.Http;

public sealed partial class ErrorHandling
{
    [LoggerMessage(EventId = 1001, Level = LogLevel.Error, Message = "A request failed unexpectedly.")]
    private partial void LogUnexpected(Exception error);

    [LoggerMessage(EventId = 1002, Level = LogLevel.Warning, Message = "The database did not answer: {Reason}")]
    private partial void LogUnavailable(string reason);
}
