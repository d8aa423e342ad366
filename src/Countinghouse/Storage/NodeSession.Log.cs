namespace Countinghouse.Storage;

public sealed partial class NodeSession
{
    [LoggerMessage(EventId = 1101, Level = LogLevel.Information, Message = "This node now runs: {Jobs}.")]
    private partial void LogTook(string jobs);

    [LoggerMessage(
        EventId = 1102,
        Level = LogLevel.Warning,
        Message = "The node's own connection is gone; its jobs pause and another node may take them: {Reason}")]
    private partial void LogLost(string reason);

    [LoggerMessage(EventId = 1103, Level = LogLevel.Error, Message = "The node's own connection failed.")]
    private partial void LogFailed(Exception error);
}
