namespace Countinghouse.Accounts;

public sealed partial class Mailer
{
    // Only the kind of the error: an SMTP server's own words may quote the address.
    [LoggerMessage(EventId = 1801, Level = LogLevel.Warning, Message = "A mail was not sent: {Kind}")]
    private partial void LogNotSent(string kind);
}
