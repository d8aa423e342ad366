namespace Countinghouse.Load;

/// <summary>What was asked for.</summary>
internal sealed record BenchOptions
{
    public required string Server { get; init; }

    public required string Plaintext { get; init; }

    public required string Folder { get; init; }

    /// <summary>Connection string of a PostgreSQL server on which a database may be made; null leaves it out.</summary>
    public required string? Postgres { get; init; }

    /// <summary>Connection string of a Citus coordinator on which a database may be made; null leaves it out.</summary>
    public required string? Citus { get; init; }

    public required IReadOnlyList<string> Engines { get; init; }

    /// <summary>Groups of rows to measure; empty for all.</summary>
    public required IReadOnlyList<string> Only { get; init; }

    /// <summary>Ingest rows whose name contains this.</summary>
    public required string Rows { get; init; }

    public required double Seconds { get; init; }

    /// <summary>Most events a second of an ingest row; 0: as many as it goes.</summary>
    public required int Rate { get; init; }

    public required double WarmUpSeconds { get; init; }

    /// <summary>Millions of events to fill the database with first.</summary>
    public required int Scale { get; init; }

    public required bool IsQuick { get; init; }

    public required string Json { get; init; }

    /// <summary>For each of two kinds of load before the first row.</summary>
    public TimeSpan Settling => TimeSpan.FromSeconds(IsQuick ? 3 : 10);

    public TimeSpan WarmUp => TimeSpan.FromSeconds(WarmUpSeconds);

    public TimeSpan Measured => TimeSpan.FromSeconds(Seconds);

    /// <summary>How long a ceiling is measured.</summary>
    public TimeSpan RawMeasured => TimeSpan.FromSeconds(Math.Min(1.5, Seconds));

    public TimeSpan ReportMeasured => TimeSpan.FromSeconds(Math.Min(3, Seconds));

    public bool Wants(string group) => Only.Count == 0 || Only.Contains(group);
}
