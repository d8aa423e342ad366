using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>Limits of recording events.</summary>
public sealed class IngestOptions
{
    public const string Section = "Ingest";

    /// <summary>
    /// Ids of an advertiser's newest events that are kept in memory, 32 to 64 bytes each; older ones are looked up in
    /// stored runs. More make rare look-ups rarer; a restart reads about so many events of an advertiser again.
    /// </summary>
    [Range(2, 100_000_000)]
    public int HotIdsMax { get; init; } = 2_000_000;

    /// <summary>Events that may wait to be written before further ones are refused with 503.</summary>
    [Range(1_000, 10_000_000)]
    public int QueuedEventsMax { get; init; } = 200_000;

    /// <summary>Most events in one transaction; at least one request always fits.</summary>
    [Range(1_000, EventPlace.EventsMax - EventWriter.EventsMax)]
    public int FlushEventsMax { get; init; } = 12_000;

    /// <summary>Advertisers whose events are written at the same time, each in a transaction of its own.</summary>
    [Range(1, 64)]
    public int FlushesAtOnceMax { get; init; } = 4;

    /// <summary>Hour of the day (UTC) in which all figures are verified; -1 never.</summary>
    [Range(-1, 23)]
    public int VerifyAtHourUtc { get; init; } = 3;
}

[OptionsValidator]
public sealed partial class IngestOptionsValidator : IValidateOptions<IngestOptions>;
