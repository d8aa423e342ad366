namespace Countinghouse.Ingest;

public sealed partial class ClientKeyErasureJob
{
    [LoggerMessage(
        EventId = 1612,
        Level = LogLevel.Warning,
        Message = "Old client keys were not all erased; trying again in an hour: {Reason}")]
    private partial void LogNotErased(string reason);
}
