using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;

namespace Countinghouse.Http;

/// <summary>On an endpoint whose answer shows secrets once: the members never stored, at any depth.</summary>
public sealed class SecretMembers(params string[] names)
{
    public IReadOnlyList<string> Names { get; } = names;
}

/// <summary>
/// Makes a POST with an Idempotency-Key safe to send again: the first one runs, and its answer is given to all that
/// repeat it. Comes after authorization. A request without the header goes straight through.
/// </summary>
public sealed partial class Idempotency(IdempotencyStore store, ILogger<Idempotency> log)
{
    public const string Header = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";
    public const int KeyLengthMax = 255;

    /// <summary>Events have ids of their own, which do this job.</summary>
    private const string EventsPath = HttpOptions.BasePath + "/ads";

    private static readonly SearchValues<char> Printable =
        SearchValues.Create(Enumerable.Range(' ', '~' - ' ' + 1).Select(code => (char)code).ToArray());

    public Task Middleware(HttpContext context, RequestDelegate next) =>
        context.Request.Headers.TryGetValue(Header, out var sent) && HttpMethods.IsPost(context.Request.Method)
            ? Handle(context, next, sent)
            : next(context);

    private async Task Handle(HttpContext context, RequestDelegate next, StringValues sent)
    {
        var path = context.Request.Path;
        var caller = context.User.FindFirst(CallerClaims.Subject)?.Value;
        if (caller is null || context.GetEndpoint() is null || Refusal.Stands(context)
            || !path.StartsWithSegments(HttpOptions.BasePath) || path.StartsWithSegments(EventsPath))
        {
            await next(context);
            return;
        }

        if (sent is not [{ Length: >= 1 and <= KeyLengthMax } key] || key.AsSpan().ContainsAnyExcept(Printable))
        {
            await Problems.Invalid(Header, $"must be given once, as 1 to {KeyLengthMax} printable ASCII characters")
                .ExecuteAsync(context);
            return;
        }

        var body = await ReadBody(context);
        var attempt = store.NewAttempt(caller, key, Hash(context.Request, body));
        var (start, answer) = await store.Begin(attempt, context.RequestAborted);
        await (start switch
        {
            IdempotencyStart.Started => Run(context, next, attempt),
            IdempotencyStart.Answered => Replay(context.Response, answer!, context.RequestAborted),
            IdempotencyStart.UnderWay => Problems.IdempotencyUnderWay().ExecuteAsync(context),
            IdempotencyStart.OtherRequest => Problems.IdempotencyKeyReused().ExecuteAsync(context),
        });
    }

    /// <summary>Reads the body and puts it back for the handler. Kestrel ends one too large with a 413.</summary>
    private static async Task<byte[]> ReadBody(HttpContext context)
    {
        var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        buffer.Position = 0;
        context.Request.Body = buffer;
        return buffer.ToArray();
    }

    private static byte[] Hash(HttpRequest request, byte[] body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> length = stackalloc byte[sizeof(int)];
        foreach (var part in new[] { request.Method, request.Path.Value!, request.QueryString.Value ?? "" })
        {
            // With its length before it, so that nothing can move from one part into the next.
            var bytes = Encoding.UTF8.GetBytes(part);
            BinaryPrimitives.WriteInt32BigEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }

        hash.AppendData(body);
        return hash.GetHashAndReset();
    }

    private static async Task Replay(HttpResponse response, StoredAnswer answer, CancellationToken cancellation)
    {
        response.StatusCode = answer.Status;
        response.Headers[ReplayedHeader] = "true";
        if (answer.ContentType.Length > 0)
        {
            response.ContentType = answer.ContentType;
        }

        if (answer.Location.Length > 0)
        {
            response.Headers.Location = answer.Location;
        }

        if (answer.Body.Length > 0)
        {
            await response.Body.WriteAsync(answer.Body, cancellation);
        }
    }

    /// <summary>Runs the handler; its answer is stored before anybody sees it.</summary>
    private async Task Run(HttpContext context, RequestDelegate next, IdempotentAttempt attempt)
    {
        var response = context.Response;
        var wire = response.Body;
        var buffer = new MemoryStream();
        response.Body = buffer;
        var isDone = false;
        try
        {
            await next(context);
            await response.BodyWriter.FlushAsync(CancellationToken.None);
            isDone = response.StatusCode is >= 200 and < 300;
        }
        finally
        {
            response.Body = wire;
            if (!isDone)
            {
                // Nothing was changed, so the key is free again. The caller may be gone; this still has to be done.
                await store.Remove(attempt, CancellationToken.None);
            }
        }

        if (isDone)
        {
            await Keep(attempt, new StoredAnswer(
                response.StatusCode,
                response.ContentType ?? "",
                response.Headers.Location.ToString(),
                WithoutSecrets(buffer.ToArray(), context.GetEndpoint()?.Metadata.GetMetadata<SecretMembers>())));
        }

        buffer.Position = 0;
        await buffer.CopyToAsync(wire, context.RequestAborted);
    }

    private async Task Keep(IdempotentAttempt attempt, StoredAnswer answer)
    {
        try
        {
            await store.Complete(attempt, answer, CancellationToken.None);
        }
        catch (Exception error) when (Storage.Database.IsUnavailable(error))
        {
            // The work is done and the caller hears so. A repetition is told that it cannot be known: never run twice.
            LogNotKept(error.Message);
        }
    }

    private static byte[] WithoutSecrets(byte[] body, SecretMembers? secrets)
    {
        if (secrets is null || body.Length == 0)
        {
            return body;
        }

        var json = JsonNode.Parse(body);
        Remove(json, secrets.Names);
        return Encoding.UTF8.GetBytes(json?.ToJsonString(WireJson.Options) ?? "");
    }

    private static void Remove(JsonNode? node, IReadOnlyList<string> names)
    {
        switch (node)
        {
            case JsonObject members:
                foreach (var name in names)
                {
                    members.Remove(name);
                }

                foreach (var (_, member) in members)
                {
                    Remove(member, names);
                }

                break;
            case JsonArray items:
                foreach (var item in items)
                {
                    Remove(item, names);
                }

                break;
        }
    }
}
