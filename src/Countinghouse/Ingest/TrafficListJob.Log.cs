namespace Countinghouse.Ingest;

public sealed partial class TrafficListJob
{
    [LoggerMessage(
        EventId = 1610,
        Level = LogLevel.Warning,
        Message = "The traffic lists were not read again; those of before are in force: {Reason}")]
    private partial void LogNotRead(string reason);
}
