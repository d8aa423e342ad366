using System.Text.Json;
using Countinghouse.Http;

namespace Countinghouse.Ingest;

/// <summary>An item of a batch: an event, or nothing when the item was at fault.</summary>
public readonly record struct BatchItem(int Index, SentEvent? Sent);

/// <summary>A batch as it was read: good items, and by index the faults of bad ones.</summary>
public sealed record ReadBatch(
    bool Atomic, IReadOnlyList<BatchItem> Items, IReadOnlyDictionary<int, IReadOnlyList<FieldError>> Faults);

/// <summary>Reads a batch of impressions so that a bad item spoils only itself.</summary>
public static class ImpressionsReader
{
    public static async Task<(ReadBatch? Batch, Problem? Problem)> Read(
        HttpContext context, ClientReader clients, CancellationToken cancellation)
    {
        var frame = await context.ReadJson<BatchFrame>(cancellation);
        if (frame.Problem is { } problem)
        {
            return (null, problem);
        }

        if (frame.Value.Impressions.Count is 0 or > EventWriter.EventsMax)
        {
            return (null, Problems.Invalid("impressions", $"must have 1 to {EventWriter.EventsMax} items"));
        }

        var atomic = frame.Value.Atomic ?? false;
        var items = new List<BatchItem>(frame.Value.Impressions.Count);
        var faults = new Dictionary<int, IReadOnlyList<FieldError>>();
        foreach (var element in frame.Value.Impressions)
        {
            var index = items.Count;
            var path = atomic ? $"impressions[{index}]" : "";
            var item = new JsonBody<EventIn>(element, strict: false, path);
            items.Add(new BatchItem(
                index,
                item.Problem is null ? EventEndpoints.ToEvent(item.Value, EventKind.Impression, clients) : null));
            if (item.Problem is { } fault)
            {
                faults[index] = fault.Errors!;
            }
        }

        return (new ReadBatch(atomic, items, faults), null);
    }

    /// <summary>The batch with its items still unread.</summary>
    private sealed record BatchFrame
    {
        public required IReadOnlyList<JsonElement> Impressions { get; init; }

        public bool? Atomic { get; init; }
    }
}
