using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>How far a verification is, and how it ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<VerificationState>))]
public enum VerificationState
{
    /// <summary>Under way, or cut off by a stop of the program.</summary>
    [JsonStringEnumMemberName("running")]
    Running = 1,

    /// <summary>Every figure is what the events come to.</summary>
    [JsonStringEnumMemberName("clean")]
    Clean = 2,

    /// <summary>Some figures are not; no month is closed until a later verification is clean.</summary>
    [JsonStringEnumMemberName("different")]
    Different = 3,

    /// <summary>It could not be finished; the log says why.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed = 4,
}

/// <summary>One time that the books were held against the journal.</summary>
public sealed record Verification
{
    /// <summary>The verification.</summary>
    public required VerificationId VerificationId { get; init; }

    /// <summary>Who or what asked for it.</summary>
    public required string Trigger { get; init; }

    /// <summary>How far it is, and how it ended.</summary>
    public required VerificationState State { get; init; }

    /// <summary>When it began.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>When it ended; null while it has not.</summary>
    public required Instant? FinishedAt { get; init; }

    /// <summary>Advertisers looked at.</summary>
    public required long Organizations { get; init; }

    /// <summary>Batches read.</summary>
    public required long Batches { get; init; }

    /// <summary>Events read.</summary>
    public required long Events { get; init; }

    /// <summary>Figures that are not what the events come to.</summary>
    public required long DifferenceCount { get; init; }

    /// <summary>The first hundred of them.</summary>
    public required IReadOnlyList<Difference> Differences { get; init; }
}

/// <summary>Keeps verifications and what they found.</summary>
public sealed class VerificationStore(Database database, AuditTrail trail)
{
    private const int DifferencesKeptMax = 100;

    private const string Insert = """
        INSERT INTO verification (verification_id, trigger_name, state, started_at, finished_at, organization_count,
                                  batch_count, event_count, difference_count, differences)
        VALUES (@id, @trigger, 'running', @now, NULL, 0, 0, 0, 0, '[]')
        ON CONFLICT (verification_id) DO NOTHING
        """;

    private const string SetEnd = """
        UPDATE verification SET state = @state, finished_at = @now, organization_count = @organizations,
            batch_count = @batches, event_count = @events, difference_count = @count, differences = @differences
        WHERE verification_id = @id
        """;

    private const string Columns = """
        SELECT verification_id, trigger_name, state, started_at, finished_at, organization_count, batch_count,
               event_count, difference_count, differences
        FROM verification
        """;

    private const string FindOne = Columns + " WHERE verification_id = @id";

    private const string ListPage =
        Columns + " ORDER BY started_at DESC, verification_id DESC LIMIT @size OFFSET @offset";

    private const string Count = "SELECT COUNT(*) FROM verification";

    // A run of one organization says nothing of the others, so it lifts no alarm; see Verification's trigger.
    private const string LastEnded = Columns + """
         WHERE state IN ('clean', 'different') ORDER BY started_at DESC, verification_id DESC LIMIT 1
        """;

    /// <summary>False when it has begun before, here or on another node.</summary>
    public Task<bool> Begin(
        VerificationId id, string trigger, Instant now, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var begun = await connection.Execute(
                Insert, cancellation, ("id", id), ("trigger", trigger), ("now", now));
            if (begun == 1)
            {
                await trail.Record(
                    connection,
                    default,
                    "verification.start",
                    $"verification:{id}",
                    null,
                    new { Trigger = trigger },
                    cancellation);
            }

            return begun == 1;
        },
        cancellation);

    /// <summary>Writes down how it ended; null: it failed.</summary>
    public Task End(VerificationId id, VerifyResult? result, Instant now, CancellationToken cancellation) =>
        database.Write(
            connection => connection.Execute(
                SetEnd,
                cancellation,
                ("id", id),
                ("state", result is null ? "failed" : result.DifferenceCount == 0 ? "clean" : "different"),
                ("now", now),
                ("organizations", result?.Organizations ?? 0),
                ("batches", result?.Batches ?? 0),
                ("events", result?.Events ?? 0),
                ("count", result?.DifferenceCount ?? 0),
                ("differences", JsonSerializer.Serialize(
                    result?.Differences.Take(DifferencesKeptMax) ?? [], WireJson.Options))),
            cancellation);

    public Task<Verification?> Find(VerificationId id, CancellationToken cancellation) => database.Read(
        connection => connection.First(FindOne, Read, cancellation, ("id", id)), cancellation);

    /// <summary>The last one that came to an end; null before the first.</summary>
    public Task<Verification?> Last(CancellationToken cancellation) => database.Read(
        connection => connection.First(LastEnded, Read, cancellation), cancellation);

    public Task<Paged<Verification>> List(Page page, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var total = (int)(await connection.Number(Count, cancellation))!.Value;
            var rows = await connection.Query(
                ListPage, Read, cancellation, ("size", page.Size), ("offset", page.Offset));
            return new Paged<Verification>(rows, page, total);
        },
        cancellation);

    private static Verification Read(DbDataReader row) => new()
    {
        VerificationId = row.Id<VerificationId>(0),
        Trigger = row.GetString(1),
        State = Enum.Parse<VerificationState>(row.GetString(2), ignoreCase: true),
        StartedAt = new Instant(row.GetInt64(3)),
        FinishedAt = row.InstantOrNull(4),
        Organizations = row.GetInt64(5),
        Batches = row.GetInt64(6),
        Events = row.GetInt64(7),
        DifferenceCount = row.GetInt64(8),
        Differences = JsonSerializer.Deserialize<List<Difference>>(row.GetString(9), WireJson.Options)!,
    };
}
