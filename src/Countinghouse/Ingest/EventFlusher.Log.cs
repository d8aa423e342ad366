namespace Countinghouse.Ingest;

public sealed partial class EventFlusher
{
    [LoggerMessage(
        EventId = 1601,
        Level = LogLevel.Warning,
        Message = "The database was lost while events were written (try {Attempt}); writing them again: {Reason}")]
    private partial void LogTriedAgain(int attempt, string reason);
}
