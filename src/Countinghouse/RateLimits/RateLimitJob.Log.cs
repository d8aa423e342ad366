namespace Countinghouse.RateLimits;

public sealed partial class RateLimitJob
{
    [LoggerMessage(EventId = 1301, Level = LogLevel.Warning, Message = "Rate limit counts wait: {Reason}")]
    private partial void LogNotWritten(string reason);

    [LoggerMessage(
        EventId = 1302,
        Level = LogLevel.Warning,
        Message = "Too many addresses at once; {Requests} requests of new ones shared one rate limit.")]
    private partial void LogCrowded(int requests);

    [LoggerMessage(EventId = 1303, Level = LogLevel.Error, Message = "The rate limit job failed and goes on.")]
    private partial void LogFailed(Exception error);
}
