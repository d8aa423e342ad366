using System.Text.Json;
using Countinghouse.Http;

namespace Countinghouse.Ingest;

/// <summary>
/// Reads requests with events. Nearly all are plain and valid, and <see cref="EventParser"/> has read them before
/// anything else is tried; what it declines is read slowly here, so that every fault gets its own words.
/// </summary>
public static class EventRequests
{
    /// <summary>One event, of POST /ads/click.</summary>
    public static async ValueTask<(ReadBatch? Batch, Problem? Problem)> ReadClick(
        HttpContext context, ClientReader clients, CancellationToken cancellation)
    {
        if (!context.Request.IsPlainJson())
        {
            return (null, Problems.NotJson());
        }

        using var body = await RequestBody.Read(context.Request, cancellation);
        await clients.Prepare(cancellation);
        return EventParser.TryParseClick(body.Bytes.Span, clients, out var batch)
            ? (batch, null)
            : ReadClickSlowly(body.Bytes, clients);
    }

    /// <summary>A batch of POST /ads/impressions; a bad item spoils only itself.</summary>
    public static async ValueTask<(ReadBatch? Batch, Problem? Problem)> ReadImpressions(
        HttpContext context, ClientReader clients, CancellationToken cancellation)
    {
        if (!context.Request.IsPlainJson())
        {
            return (null, Problems.NotJson());
        }

        using var body = await RequestBody.Read(context.Request, cancellation);
        await clients.Prepare(cancellation);
        return EventParser.TryParseImpressions(body.Bytes.Span, clients, out var batch)
            ? (batch, null)
            : ReadImpressionsSlowly(body.Bytes, clients);
    }

    internal static (ReadBatch? Batch, Problem? Problem) ReadClickSlowly(
        ReadOnlyMemory<byte> utf8, ClientReader clients)
    {
        var body = JsonBody.Parse<EventIn>(utf8, strict: false);
        if (body.Problem is { } problem)
        {
            return (null, problem);
        }

        var batch = new ReadBatch(1);
        batch.Next() = ToEvent(body.Value, EventKind.Click, clients);
        return (batch, null);
    }

    internal static (ReadBatch? Batch, Problem? Problem) ReadImpressionsSlowly(
        ReadOnlyMemory<byte> utf8, ClientReader clients)
    {
        var frame = JsonBody.Parse<BatchFrame>(utf8, strict: false);
        if (frame.Problem is { } problem)
        {
            return (null, problem);
        }

        var elements = frame.Value.Impressions;
        if (elements.Count is 0 or > EventWriter.EventsMax)
        {
            return (null, Problems.Invalid("impressions", $"must have 1 to {EventWriter.EventsMax} items"));
        }

        var batch = new ReadBatch(elements.Count) { Atomic = frame.Value.Atomic ?? false };
        for (var index = 0; index < elements.Count; index++)
        {
            var path = batch.Atomic ? $"impressions[{index}]" : "";
            var item = JsonBody.ParseItem<EventIn>(elements[index], path);
            if (item.Problem is { } fault)
            {
                batch.AddFaults(index, fault.Errors!);
            }
            else
            {
                batch.Next() = ToEvent(item.Value, EventKind.Impression, clients);
            }
        }

        return (batch, null);
    }

    private static SentEvent ToEvent(EventIn sent, EventKind kind, ClientReader clients) => new()
    {
        Kind = kind,
        Campaign = sent.CampaignId,
        Offer = sent.OfferId,
        Id = sent.EventId,
        StatedAt = sent.OccurredAt,
        StatedClient = sent.Client is { } client
            ? clients.Read(client.Ip, client.UserAgent, isPrefetch: false)
            : null,
    };

    /// <summary>The batch with its items still unread.</summary>
    private sealed record BatchFrame
    {
        public required IReadOnlyList<JsonElement> Impressions { get; init; }

        public bool? Atomic { get; init; }
    }
}
