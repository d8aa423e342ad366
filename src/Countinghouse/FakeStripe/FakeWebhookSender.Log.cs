namespace Countinghouse.FakeStripe;

public sealed partial class FakeWebhookSender
{
    [LoggerMessage(
        EventId = 2901,
        Level = LogLevel.Warning,
        Message = "Webhook {WebhookEvent} was given up after {Attempts} attempts.")]
    private partial void LogGivenUp(string webhookEvent, int attempts);
}
