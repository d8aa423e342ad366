namespace Countinghouse.Access;

public sealed partial class CredentialUseJob
{
    [LoggerMessage(
        EventId = 1201, Level = LogLevel.Warning, Message = "Uses of credentials were not written down: {Reason}")]
    private partial void LogNotWritten(string reason);
}
