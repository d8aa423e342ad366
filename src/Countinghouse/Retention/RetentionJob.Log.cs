using Countinghouse.Primitives;

namespace Countinghouse.Retention;

public sealed partial class RetentionJob
{
    [LoggerMessage(
        EventId = 2101,
        Level = LogLevel.Information,
        Message = "{Month} was archived: {Events} events of {Advertisers} advertisers.")]
    private partial void LogArchived(Period month, long events, int advertisers);

    [LoggerMessage(
        EventId = 2102,
        Level = LogLevel.Error,
        Message = "The journal's months could not be looked after; it is tried again in six hours: {Reason}")]
    private partial void LogFailed(string reason);
}
