using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Countinghouse.Load;

/// <summary>All figures of one engine.</summary>
internal sealed class EngineFigures
{
    public required string Engine { get; init; }

    public required string Version { get; init; }

    public List<IngestFigures> Ingest { get; } = [];

    public double? StartMilliseconds { get; set; }

    public long? IdleMemory { get; set; }

    public long? MemoryAfterIngest { get; set; }

    public Sizes? SizesBefore { get; set; }

    public Sizes? Sizes { get; set; }

    public string? Verify { get; set; }
}

/// <summary>All figures of a run: artifacts/bench.json.</summary>
internal sealed class BenchFigures
{
    public required DateTimeOffset At { get; init; }

    public int Processors { get; } = Environment.ProcessorCount;

    public required double SecondsPerRow { get; init; }

    public List<EngineFigures> Engines { get; } = [];

    [JsonIgnore]
    public bool AddUp => Engines.TrueForAll(engine => engine.Ingest.TrueForAll(row => row.Faults.Count == 0));

    private static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.General)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
    };

    public void Write(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        File.WriteAllText(path, JsonSerializer.Serialize(this, Layout) + "\n");
    }
}

/// <summary>Prints rows as they come, so that a long run can be watched.</summary>
internal static class Table
{
    private const int NameWidth = 34;

    public static void Title(string text) => Console.WriteLine($"\n{text}");

    public static void IngestHead() => Console.WriteLine(
        Line("ingest", "conns", "events/s", "requests/s", "p50 ms", "p99 ms", "per commit", "charged", "of raw", "of drop"));

    public static void Ingest(IngestFigures row)
    {
        if (row.Faults.Count > 0)
        {
            Console.WriteLine($"{row.Row,-NameWidth} DOES NOT ADD UP: {string.Join("; ", row.Faults)}");
            return;
        }

        Console.WriteLine(Line(
            row.Row,
            Whole(row.Connections),
            Whole(row.EventsPerSecond),
            Whole(row.RequestsPerSecond),
            Tenths(row.P50Milliseconds),
            Tenths(row.P99Milliseconds),
            Whole(row.EventsPerCommit),
            row.Stored > 0 ? Percent((double)row.Charged / row.Stored) : "",
            Percent(row.EventsPerSecond / row.RawRowsPerSecond),
            Percent(row.EventsPerSecond / row.DropEventsPerSecond)));
    }

    private static string Line(string name, params ReadOnlySpan<string> cells)
    {
        var line = name.PadRight(NameWidth);
        foreach (var cell in cells)
        {
            line += cell.PadLeft(11);
        }

        return line;
    }

    private static string Whole(double? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "";

    private static string Tenths(double? value) => value?.ToString("0.0", CultureInfo.InvariantCulture) ?? "";

    private static string Percent(double? part) => part?.ToString("0.0%", CultureInfo.InvariantCulture) ?? "";
}
