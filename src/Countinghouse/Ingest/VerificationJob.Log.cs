namespace Countinghouse.Ingest;

public sealed partial class VerificationJob
{
    [LoggerMessage(
        EventId = 1606, Level = LogLevel.Error, Message = "The nightly verification could not be finished: {Reason}")]
    private partial void LogFailed(string reason);
}
