namespace Countinghouse.Ingest;

public sealed partial class JournalUpgrade
{
    [LoggerMessage(
        EventId = 1630,
        Level = LogLevel.Warning,
        Message = "Packing the events of {Organizations} organizations into the journal, once; this may take a while")]
    private partial void LogBegun(int organizations);

    [LoggerMessage(
        EventId = 1631,
        Level = LogLevel.Warning,
        Message = "All events are packed: {Events} of {Organizations} organizations")]
    private partial void LogDone(long events, int organizations);
}
