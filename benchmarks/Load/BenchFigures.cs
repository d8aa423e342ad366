using System.Text.Json;
using System.Text.Json.Serialization;

namespace Countinghouse.Load;

/// <summary>All figures of one engine.</summary>
internal sealed class EngineFigures
{
    public required string Engine { get; init; }

    public required string Version { get; init; }

    /// <summary>From the start of the process on an empty database to its first answer.</summary>
    public double? StartMilliseconds { get; set; }

    public List<RawFigures> Raw { get; } = [];

    /// <summary>Events a second, by batch, that the server answers when it need not store them.</summary>
    public Dictionary<int, double> RejectedByBatch { get; } = [];

    public List<IngestFigures> Ingest { get; } = [];

    public List<ReportFigures> Reports { get; } = [];

    public List<AccessFigures> Access { get; } = [];

    public List<ConsoleFigures> Console { get; } = [];

    public CloseFigures? Close { get; set; }

    public long? IdleMemory { get; set; }

    public long? MemoryAfterIngest { get; set; }

    public long PeakMemory => Ingest.SelectMany(row => row.ServerMemory).DefaultIfEmpty().Max();

    public Sizes? SizesBefore { get; set; }

    public Sizes? Sizes { get; set; }

    /// <summary>After the fill of --scale, and a kill.</summary>
    public double? RestartMilliseconds { get; set; }

    public double? FirstEventMilliseconds { get; set; }

    /// <summary>"ok", what does not add up, or null when the program has no such command.</summary>
    public string? Verify { get; set; }

    [JsonIgnore]
    public bool AddsUp => Verify is null or "ok" && Ingest.TrueForAll(row => row.Faults.Count == 0);
}

/// <summary>All figures of a run: artifacts/bench.json.</summary>
internal sealed class BenchFigures
{
    private static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public required DateTimeOffset At { get; init; }

    public int Processors { get; } = Environment.ProcessorCount;

    public required double SecondsPerRow { get; init; }

    public required int ScaleMillions { get; init; }

    public ReportFigures? Plaintext { get; set; }

    public List<RawFigures> Drop { get; } = [];

    public double? GeneratorNanosPerEvent { get; set; }

    public double? GeneratorNanosPerShortuuidEvent { get; set; }

    public List<EngineFigures> Engines { get; } = [];

    [JsonIgnore]
    public Dictionary<int, double> DropByBatch { get; } = [];

    [JsonIgnore]
    public bool AddUp => Engines.TrueForAll(engine => engine.AddsUp);

    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, Layout) + "\n");
    }
}
