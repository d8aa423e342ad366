using System.Net;
using System.Text;

namespace Countinghouse.FakeStripe;

/// <summary>
/// The bank behind an <see cref="HttpClient"/>, without a network and without waiting: an answer that would take
/// longer than the client's patience is the timeout that the client would have seen.
/// </summary>
public sealed class FakeStripeHandler(FakeBank bank, TimeSpan patience) : HttpMessageHandler
{
    protected override async Task<HttpResponseMessage> SendAsync(
        HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? "" : await request.Content.ReadAsStringAsync(cancellationToken);
        Assert.True(FakeForm.TryParse(body, out var form));
        Assert.True(FakeForm.TryParse(request.RequestUri!.Query.TrimStart('?'), out var query));
        var answer = bank.Handle(new FakeRequest(
            request.Method.Method,
            Uri.UnescapeDataString(request.RequestUri.AbsolutePath),
            query,
            form,
            Header(request, "Idempotency-Key"),
            FakeRequest.HasKey(request.Headers.Authorization?.ToString(), onlyKey: null))
        {
            HasVersion = Header(request, "Stripe-Version") is { Length: > 0 },
        });
        if (answer.Delivery == FakeDelivery.Dropped)
        {
            throw new HttpRequestException(HttpRequestError.ResponseEnded, "The fake has cut the connection.");
        }

        if (answer.Delay >= patience)
        {
            throw new TaskCanceledException("The fake is too slow.", new TimeoutException());
        }

        var response = new HttpResponseMessage((HttpStatusCode)answer.Status)
        {
            RequestMessage = request,
            Content = new StringContent(answer.Json, Encoding.UTF8, "application/json"),
        };
        if (answer.IsReplayed)
        {
            response.Headers.Add("Idempotent-Replayed", "true");
        }

        if (answer.RetryAfterSeconds is { } seconds)
        {
            response.Headers.Add("Retry-After", $"{seconds}");
        }

        return response;
    }

    private static string? Header(HttpRequestMessage request, string name) =>
        request.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;
}
