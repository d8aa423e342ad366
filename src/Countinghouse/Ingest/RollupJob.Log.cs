namespace Countinghouse.Ingest;

public sealed partial class RollupJob
{
    [LoggerMessage(
        EventId = 1602,
        Level = LogLevel.Warning,
        Message = "Rollups could not be written; trying again: {Reason}")]
    private partial void LogLater(string reason);

    [LoggerMessage(
        EventId = 1603,
        Level = LogLevel.Error,
        Message = "The journal cannot be read; run \"countinghouse verify\": {Reason}")]
    private partial void LogDamaged(string reason);
}
