using System.Collections.Concurrent;
using System.Net;

namespace Countinghouse.Proof;

/// <summary>
/// Others who use the server while things go wrong: they read reports, lists and pages, sign in and make keys. Each
/// answer must be what it always is, or 503 with Retry-After; nothing else may come of a database that is gone.
/// </summary>
internal sealed class ProofReaders : IAsyncDisposable
{
    private readonly HttpClient _client;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _work;
    private int _answers;
    private int _unavailable;

    /// <param name="origin">Whom they ask.</param>
    /// <param name="key">A manager's of the organization.</param>
    /// <param name="organization">Whose things are read.</param>
    /// <param name="campaign">One of its campaigns.</param>
    public ProofReaders(Uri origin, string key, Guid organization, Guid campaign)
    {
        _client = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = TimeSpan.FromSeconds(1),
        })
        {
            BaseAddress = origin,
            Timeout = TimeSpan.FromSeconds(30),
        };
        const string api = "/advertising/api/v1";
        Func<HttpRequestMessage>[] requests =
        [
            () => Get($"{api}/campaigns/{campaign}", key),
            () => Get($"{api}/reporting/organizations/{organization}/campaigns/overview", key),
            () => Get($"{api}/reporting/campaigns/{campaign}/summary", key),
            () => Get($"{api}/organizations/{organization}/api-keys", key),
            () => Get($"{api}/audit-log", key),
            () => Get("/console/sign-in", null),
            () => Get("/console", null),
            () => Post(
                $"{api}/organizations/{organization}/api-keys",
                key,
                """{"name":"a","kind":"csb","role":"readonly"}"""),
            () => Post($"{api}/session", null, """{"email":"nobody@example.com","password":"wrong password here"}"""),
            () => Post("/oauth/token", null, "grant_type=client_credentials&client_id=x&client_secret=y"),
        ];
        _work = Task.WhenAll(requests.Select(Ask));
    }

    /// <summary>Answers that must not be.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    public int Answers => _answers;

    public int Unavailable => _unavailable;

    public async Task Stop()
    {
        await _stopping.CancelAsync();
        await _work;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        _client.Dispose();
        _stopping.Dispose();
    }

    private async Task Ask(Func<HttpRequestMessage> make)
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                using var request = make();
                using var answer = await _client.SendAsync(request, CancellationToken.None);
                Interlocked.Increment(ref _answers);
                if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
                {
                    Interlocked.Increment(ref _unavailable);
                }

                if ((int)answer.StatusCode >= 500
                    && (answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter is null))
                {
                    Failures.Enqueue(
                        $"{request.Method} {request.RequestUri} was answered {(int)answer.StatusCode}"
                        + $" {answer.Headers.RetryAfter}: {await answer.Content.ReadAsStringAsync()}");
                }
            }
            catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
            {
                // The node was killed; a client asks again.
            }

            await Task.Delay(40, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static HttpRequestMessage Get(string path, string? key) => With(key, new(HttpMethod.Get, path));

    private static HttpRequestMessage Post(string path, string? key, string body) =>
        With(key, new(HttpMethod.Post, path)
        {
            Content = new StringContent(
                body, null, body[0] == '{' ? "application/json" : "application/x-www-form-urlencoded"),
        });

    private static HttpRequestMessage With(string? key, HttpRequestMessage request)
    {
        if (key is not null)
        {
            request.Headers.Add("X-API-Key", key);
        }

        return request;
    }
}
