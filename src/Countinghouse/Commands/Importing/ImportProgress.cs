using System.Data.Common;
using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Commands.Importing;

/// <summary>How far the import of a file is, and what has become of its lines.</summary>
internal sealed class ImportProgress(OrganizationId organization, byte[] hash, string name, Instant startedAt)
{
    public OrganizationId Organization => organization;

    public byte[] Hash => hash;

    public string Name => name;

    public Instant StartedAt => startedAt;

    /// <summary>Lines (CSV: records) from the beginning that are done with.</summary>
    public long Position { get; set; }

    public long Accepted { get; set; }

    public long Duplicates { get; set; }

    /// <summary>How many lines were rejected, by code.</summary>
    public SortedDictionary<string, long> Rejected { get; init; } = new(StringComparer.Ordinal);

    public Instant? FinishedAt { get; set; }

    public long RejectedInAll => Rejected.Values.Sum();

    /// <summary>Lines with something in them.</summary>
    public long Lines => Accepted + Duplicates + RejectedInAll;

    public void Reject(string code) => Rejected[code] = Rejected.GetValueOrDefault(code) + 1;
}

/// <summary>Keeps how far imports have come, so that a killed one goes on where it was.</summary>
internal sealed class ImportProgressStore(Database database, TimeProvider clock)
{
    private const string FindOne = """
        SELECT name, line_count, accepted_count, duplicate_count, rejected, started_at, finished_at
        FROM import_progress WHERE org_id = @org AND file_hash = @hash
        """;

    private const string SaveOne = """
        INSERT INTO import_progress (org_id, file_hash, name, line_count, accepted_count, duplicate_count, rejected,
                                     started_at, updated_at, finished_at)
        VALUES (@org, @hash, @name, @lines, @accepted, @duplicates, @rejected, @started, @now, @finished)
        ON CONFLICT (org_id, file_hash) DO UPDATE SET
            name = excluded.name, line_count = excluded.line_count, accepted_count = excluded.accepted_count,
            duplicate_count = excluded.duplicate_count, rejected = excluded.rejected,
            started_at = excluded.started_at, updated_at = excluded.updated_at, finished_at = excluded.finished_at
        """;

    public ImportProgress Begin(OrganizationId? organization, ImportFile file) => new(
        organization ?? default, file.Hash, file.Name, Instant.Of(clock.GetUtcNow()));

    /// <summary>Null when the file was never imported for this organization (null: for all).</summary>
    public Task<ImportProgress?> Find(OrganizationId? organization, byte[] hash, CancellationToken cancellation) =>
        database.Read(
            connection => connection.First(
                FindOne,
                row => Read(row, organization ?? default, hash),
                cancellation,
                ("org", organization ?? default),
                ("hash", hash)),
            cancellation);

    public Task Save(ImportProgress progress, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            SaveOne,
            cancellation,
            ("org", progress.Organization),
            ("hash", progress.Hash),
            ("name", progress.Name),
            ("lines", progress.Position),
            ("accepted", progress.Accepted),
            ("duplicates", progress.Duplicates),
            ("rejected", JsonSerializer.Serialize(progress.Rejected)),
            ("started", progress.StartedAt),
            ("now", Instant.Of(clock.GetUtcNow())),
            ("finished", progress.FinishedAt)),
        cancellation);

    private static ImportProgress Read(DbDataReader row, OrganizationId organization, byte[] hash) =>
        new(organization, hash, row.GetString(0), new Instant(row.GetInt64(5)))
        {
            Position = row.GetInt64(1),
            Accepted = row.GetInt64(2),
            Duplicates = row.GetInt64(3),
            Rejected = new SortedDictionary<string, long>(
                JsonSerializer.Deserialize<Dictionary<string, long>>(row.GetString(4))!, StringComparer.Ordinal),
            FinishedAt = row.InstantOrNull(6),
        };
}
