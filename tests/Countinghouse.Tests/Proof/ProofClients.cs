using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Countinghouse.Proof;

/// <summary>An event as a client sends it; without an id the server makes one.</summary>
internal sealed record SentEvent(Guid? Id, bool IsClick, Guid Campaign, Guid? Offer = null, DateTime? At = null);

/// <summary>One request: one click or some impressions.</summary>
internal sealed record Send(IReadOnlyList<SentEvent> Events, int Node);

/// <summary>What a client was told in the end.</summary>
/// <param name="Send">What it had sent.</param>
/// <param name="Status">Of the answer.</param>
/// <param name="Accepted">Impressions that were new.</param>
/// <param name="Duplicates">Impressions that were not.</param>
/// <param name="Refused">Codes of impressions that were refused.</param>
/// <param name="Id">Of the click.</param>
/// <param name="Tries">How often it was sent until then.</param>
internal sealed record Acknowledged(
    Send Send, int Status, int Accepted, int Duplicates, IReadOnlyList<string> Refused, Guid? Id, int Tries);

/// <summary>
/// Clients as the contract wants them: whatever goes wrong, they send the same again, to the next node, until they are
/// told what became of it. An internal error is written down: it is never right.
/// </summary>
internal sealed class ProofClients(IReadOnlyList<Uri> nodes, string key) : IDisposable
{
    public const int Clients = 64;

    private const string BasePath = "/advertising/api/v1/";

    private readonly HttpClient[] _nodes = [.. nodes.Select(origin => new HttpClient(
        new SocketsHttpHandler { UseCookies = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) })
    {
        BaseAddress = new Uri(origin, BasePath),
        Timeout = TimeSpan.FromSeconds(30),
        DefaultRequestHeaders = { { "X-API-Key", key } },
    })];

    private int _internalErrors;
    private int _lostAnswers;
    private int _unavailable;

    public ConcurrentBag<Acknowledged> Told { get; } = [];

    /// <summary>Everything that must not happen, whatever the faults.</summary>
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Requests that were not answered, so that nobody knows what became of them.</summary>
    public int LostAnswers => _lostAnswers;

    /// <summary>Answers 503.</summary>
    public int Unavailable => _unavailable;

    /// <summary>Tries after which it was open what had become of the events.</summary>
    public int Untold => _lostAnswers + _unavailable;

    /// <summary>Has many clients send the plan, in its order as far as 64 at once keep one.</summary>
    public async Task Run(IReadOnlyList<Send> plan, TimeSpan patience, int clients = Clients)
    {
        using var deadline = new CancellationTokenSource(patience);
        var next = -1;
        await Task.WhenAll(Enumerable.Range(0, clients).Select(async _ =>
        {
            for (var mine = Interlocked.Increment(ref next);
                mine < plan.Count && !deadline.IsCancellationRequested;
                mine = Interlocked.Increment(ref next))
            {
                await UntilTold(plan[mine], deadline.Token);
            }
        }));
        if (next < plan.Count)
        {
            Failures.Enqueue($"not done in {patience}: {plan.Count - next} of {plan.Count} were never sent");
        }
    }

    /// <summary>Anything else over HTTP, once, to the first node that answers; it must succeed.</summary>
    public async Task<JsonElement> Post(string path, object? body)
    {
        var (status, text) = await Ask(HttpMethod.Post, path, body);
        return status is 200 or 201
            ? JsonDocument.Parse(text).RootElement.Clone()
            : throw new InvalidOperationException($"POST {path}: {status} {text}");
    }

    /// <summary>The same, whatever the answer is.</summary>
    public async Task<(int Status, string Text)> Ask(HttpMethod method, string path, object? body)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var idempotency = Convert.ToHexString(System.Security.Cryptography.RandomNumberGenerator.GetBytes(16));
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path)
            {
                Content = body is null ? null : Json(body),
            };
            if (method == HttpMethod.Post)
            {
                request.Headers.Add("Idempotency-Key", idempotency);
            }

            var (status, text) = await Try(request, attempt % _nodes.Length, deadline.Token);
            if (status is not (0 or 503) || deadline.IsCancellationRequested)
            {
                return (status, text);
            }

            await Task.Delay(50);
        }
    }

    public void Dispose() => Array.ForEach(_nodes, node => node.Dispose());

    public async Task UntilTold(Send send, CancellationToken deadline)
    {
        var isClick = send.Events[0].IsClick;
        var body = JsonSerializer.Serialize(
            isClick ? Shape(send.Events[0]) : new { impressions = send.Events.Select(Shape) });
        for (var attempt = 0; ; attempt++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, isClick ? "ads/click" : "ads/impressions")
            {
                Content = new StringContent(body, Encoding.UTF8, "application/json"),
            };
            var (status, text) = await Try(request, (send.Node + attempt) % _nodes.Length, deadline);
            if (status is 200 or 404 or 409 or 422)
            {
                Told.Add(Read(send, status, text, attempt + 1));
                return;
            }

            if (deadline.IsCancellationRequested)
            {
                Failures.Enqueue($"never told: last answer {status}");
                return;
            }

            await Task.Delay(status == 0 ? 100 : 25, CancellationToken.None);
        }
    }

    private async Task<(int Status, string Text)> Try(
        HttpRequestMessage request, int node, CancellationToken deadline)
    {
        try
        {
            using var response = await _nodes[node].SendAsync(request, deadline);
            var text = await response.Content.ReadAsStringAsync(deadline);
            var status = (int)response.StatusCode;
            if (status == (int)HttpStatusCode.ServiceUnavailable)
            {
                Interlocked.Increment(ref _unavailable);
            }
            else if (status >= 500 && Interlocked.Increment(ref _internalErrors) <= 20)
            {
                Failures.Enqueue($"node {node} answered {status}: {text}");
            }

            return (status, text);
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException or IOException)
        {
            if (error is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError })
            {
                Interlocked.Increment(ref _lostAnswers);
            }

            return (0, error.Message);
        }
    }

    private static object Shape(SentEvent sent) => new
    {
        campaign_id = sent.Campaign,
        event_id = sent.Id,
        offer_id = sent.Offer,
        occurred_at = sent.At is { } at ? at.ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ") : null,
    };

    private static StringContent Json(object body) =>
        new(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");

    private static Acknowledged Read(Send send, int status, string text, int tries)
    {
        if (status != 200)
        {
            return new Acknowledged(send, status, 0, 0, [], null, tries);
        }

        var answer = JsonDocument.Parse(text).RootElement;
        return send.Events[0].IsClick
            ? new Acknowledged(send, status, 0, 0, [], ReadId(answer.GetProperty("event_id").GetString()!), tries)
            : new Acknowledged(
                send,
                status,
                answer.GetProperty("accepted").GetInt32(),
                answer.GetProperty("duplicates").GetInt32(),
                [.. answer.GetProperty("rejected").EnumerateArray()
                    .Select(item => item.GetProperty("error_code").GetString()!)],
                null,
                tries);
    }

    /// <summary>The 22-character form of an id.</summary>
    public static Guid ReadId(string text)
    {
        const string digits = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        var value = text.Aggregate(UInt128.Zero, (sum, digit) => (sum * 57) + (UInt128)(uint)digits.IndexOf(digit));
        var bytes = new byte[16];
        for (var at = 15; at >= 0; at--, value >>= 8)
        {
            bytes[at] = (byte)(value & 0xFF);
        }

        return new Guid(bytes, bigEndian: true);
    }
}
