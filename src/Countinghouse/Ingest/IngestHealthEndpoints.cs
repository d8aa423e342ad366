using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>How recording events goes on one node.</summary>
public sealed record IngestHealth
{
    /// <summary>Which node answered: its machine and process.</summary>
    public required string Node { get; init; }

    /// <summary>When it began to count.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>Events put on record a second, over the last 60 seconds.</summary>
    public required double EventsPerSecond { get; init; }

    /// <summary>Events put on record since the start.</summary>
    public required long Accepted { get; init; }

    /// <summary>Events that were on record already.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Event ids that belong to another event.</summary>
    public required long Conflicts { get; init; }

    /// <summary>Events refused since the start because the queue was full.</summary>
    public required long QueueRefusals { get; init; }

    /// <summary>The same in the last 60 seconds.</summary>
    public required long RefusalsLastMinute { get; init; }

    /// <summary>Events that wait or are being written now.</summary>
    public required int QueueEvents { get; init; }

    /// <summary>Events that may wait.</summary>
    public required int QueueCapacityEvents { get; init; }

    /// <summary>Transactions that wrote or answered since the start.</summary>
    public required long Flushes { get; init; }

    /// <summary>Half of the last minute's flushes took no longer, to 9 %; null when there were none.</summary>
    public required double? FlushMillisecondsP50 { get; init; }

    /// <summary>99 of a hundred took no longer.</summary>
    public required double? FlushMillisecondsP99 { get; init; }

    /// <summary>
    /// Half of the last minute's requests were durable so long after they came into the queue; null when there were
    /// none.
    /// </summary>
    public required double? AnswerMillisecondsP50 { get; init; }

    /// <summary>99 of a hundred were.</summary>
    public required double? AnswerMillisecondsP99 { get; init; }

    /// <summary>Batches of all advertisers and nodes that rollups do not contain yet; reports add them.</summary>
    public required long BatchesBehind { get; init; }

    /// <summary>When this node last put an event on record; null before the first.</summary>
    public required Instant? LastEventAt { get; init; }
}

/// <summary>How recording goes, over HTTP; the operator's business.</summary>
public static class IngestHealthEndpoints
{
    public static IEndpointRouteBuilder MapIngestHealth(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/ingest-health", Read)
            .RequirePermission(Permission.Operate)
            .WithTags("Operations")
            .Strict()
            .WithName("apps_advertising_api_ingest_read_health")
            .WithSummary("Read how recording events goes")
            .WithDescription("Of the node that answers: counts since it started, and times of the last minute.");
        return routes;
    }

    private static async Task<Ok<IngestHealth>> Read(
        IngestMetrics metrics,
        EventWriter writer,
        Rollups rollups,
        IOptions<IngestOptions> options,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var counts = metrics.Counts;
        var minute = metrics.LastMinute;
        var age = (clock.GetUtcNow() - metrics.StartedAt.ToTime()).TotalSeconds;
        return TypedResults.Ok(new IngestHealth
        {
            Node = $"{Environment.MachineName}:{Environment.ProcessId}",
            StartedAt = metrics.StartedAt,
            EventsPerSecond = Math.Round(minute.Accepted / Math.Clamp(age, 1, IngestTimes.Seconds), 1),
            Accepted = counts.Accepted,
            Duplicates = counts.Duplicates,
            Conflicts = counts.Conflicts,
            QueueRefusals = counts.Refusals,
            RefusalsLastMinute = minute.Refusals,
            QueueEvents = writer.Queued,
            QueueCapacityEvents = options.Value.QueuedEventsMax,
            Flushes = counts.Flushes,
            FlushMillisecondsP50 = minute.FlushP50,
            FlushMillisecondsP99 = minute.FlushP99,
            AnswerMillisecondsP50 = minute.AnswerP50,
            AnswerMillisecondsP99 = minute.AnswerP99,
            BatchesBehind = await rollups.CountBehind(cancellation),
            LastEventAt = metrics.LastEventAt,
        });
    }
}
