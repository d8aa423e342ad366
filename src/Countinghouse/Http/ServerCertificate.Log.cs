namespace Countinghouse.Http;

public sealed partial class ServerCertificate
{
    [LoggerMessage(
        EventId = 1011,
        Level = LogLevel.Error,
        Message = "The renewed certificate cannot be read, the one before is used: {Reason}")]
    private partial void LogNotRead(string reason);
}
