namespace Countinghouse.Access;

public sealed partial class KeyUseJob
{
    [LoggerMessage(EventId = 1201, Level = LogLevel.Warning, Message = "Uses of keys were not written down: {Reason}")]
    private partial void LogNotWritten(string reason);
}
