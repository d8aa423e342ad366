using System.Net.Http.Headers;

namespace Countinghouse.FakeStripe;

/// <summary>Posts webhooks, and again later when the receiver does not answer 2xx; in the end it gives up.</summary>
public sealed partial class FakeWebhookSender(
    FakeBank bank, FakeStripeOptions options, TimeProvider clock, ILogger<FakeWebhookSender> log) : BackgroundService
{
    private const int AttemptsMax = 6;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>After the first failure; twice as long after each one more.</summary>
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { Timeout = Patience };
        var waiting = new List<Try>();
        while (!stoppingToken.IsCancellationRequested)
        {
            waiting.AddRange(bank.TakeWebhooks().Select(webhook => new Try(webhook, 1, 0)));
            foreach (var one in waiting.Where(one => clock.GetTimestamp() >= one.NotBefore).ToList())
            {
                waiting.Remove(one);
                if (await Post(client, one.Webhook, stoppingToken))
                {
                    bank.Forget(one.Webhook);
                }
                else if (one.Attempt < AttemptsMax)
                {
                    var ticks = FirstDelay.TotalSeconds * (1 << (one.Attempt - 1)) * clock.TimestampFrequency;
                    waiting.Add(new Try(one.Webhook, one.Attempt + 1, clock.GetTimestamp() + (long)ticks));
                }
                else
                {
                    LogGivenUp(one.Webhook.EventId, AttemptsMax);
                    bank.Forget(one.Webhook);
                }
            }

            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> Post(HttpClient client, FakeWebhook webhook, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, options.WebhookUrl)
        {
            Content = new ByteArrayContent(webhook.Body),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json") { CharSet = "utf-8" };

        // Signed when sent: a receiver refuses a signature that is minutes old.
        request.Headers.TryAddWithoutValidation(
            "Stripe-Signature", FakeSignature.Make(bank.WebhookSecret, webhook.Body, clock.GetUtcNow()));
        try
        {
            using var answer = await client.SendAsync(request, cancellation);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private sealed record Try(FakeWebhook Webhook, int Attempt, long NotBefore);
}
