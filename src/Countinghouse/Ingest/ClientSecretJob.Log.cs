namespace Countinghouse.Ingest;

public sealed partial class ClientSecretJob
{
    [LoggerMessage(
        EventId = 1611,
        Level = LogLevel.Warning,
        Message = "The secrets of client keys were not prepared or not deleted; trying again: {Reason}")]
    private partial void LogNotPrepared(string reason);
}
