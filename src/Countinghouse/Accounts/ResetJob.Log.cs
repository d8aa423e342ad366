namespace Countinghouse.Accounts;

public sealed partial class ResetJob
{
    [LoggerMessage(EventId = 1802, Level = LogLevel.Warning, Message = "A new password could not be offered: {Reason}")]
    private partial void LogNotOffered(string reason);
}
