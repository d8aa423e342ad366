using System.Globalization;

namespace Countinghouse.Load;

/// <summary>Prints rows as they come, so that a long run can be watched.</summary>
internal static class Table
{
    private const int NameWidth = 44;
    private const int CellWidth = 11;

    /// <summary>Others who use the machine make every figure smaller; this says how many they are.</summary>
    public static string MachineLoad() => File.Exists("/proc/loadavg")
        ? $"load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}"
        : "load average unknown";

    public static void Title(string text) => Console.WriteLine($"\n{text}");

    public static void Note(string text) => Console.WriteLine($"  {text}");

    public static void IngestHead() => Console.WriteLine("\n" + Line(
        "ingest", "conns", "events/s", "requests/s", "p50 ms", "p99 ms", "per commit", "charged", "of raw", "of drop",
        "of server"));

    public static void Ingest(IngestFigures row)
    {
        if (row.Faults.Count > 0)
        {
            Console.WriteLine($"{row.Row.PadRight(NameWidth)} DOES NOT ADD UP: {string.Join("; ", row.Faults)}");
            return;
        }

        if (row.RestartMilliseconds is { } restart)
        {
            Console.WriteLine($"{Line(row.Row, Whole(row.Connections))}   {Whole(row.Stored)} events, each stored "
                + $"once; ready again after {Whole(restart)} ms");
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
            Percent(row.EventsPerSecond / row.DropEventsPerSecond),
            Percent(row.EventsPerSecond / row.RejectedEventsPerSecond)));
        if (row.JoiningMilliseconds is { } joining)
        {
            Note($"the node that joined took {Whole(joining)} ms for its first event");
        }

        if (row.Busy > 0)
        {
            Note($"503 was answered {row.Busy} times");
        }
    }

    public static void Raw(RawFigures row, string unit) => Console.WriteLine(Line(
        row.Row, "", Whole(row.PerSecond), unit, Tenths(row.P50Milliseconds), Tenths(row.P99Milliseconds)));

    public static void ReportHead() => Console.WriteLine("\n" + Line(
        "reports, 32 connections", "bytes", "", "requests/s", "p50 ms", "p99 ms", "of plain"));

    public static void Report(ReportFigures row) => Console.WriteLine(Line(
        row.Row,
        Whole(row.AnswerBytes),
        "",
        row.RequestsPerSecond < 100 ? Tenths(row.RequestsPerSecond) : Whole(row.RequestsPerSecond),
        Tenths(row.P50Milliseconds),
        Tenths(row.P99Milliseconds),
        Percent(row.OfPlaintext)));

    public static void Access(IReadOnlyList<AccessFigures> rows)
    {
        Console.WriteLine("\n" + Line("who is calling, 32 connections", "requests/s", "of none"));
        foreach (var row in rows)
        {
            Console.WriteLine(Line(row.Row, Whole(row.RequestsPerSecond), Percent(row.OfNone)));
        }
    }

    public static void Pages(IReadOnlyList<ConsoleFigures> rows)
    {
        Console.WriteLine("\n" + Line("pages, one at a time", "p50 ms", "p99 ms", "call p50", "call p99") + "   call");
        foreach (var row in rows)
        {
            var figures = Line(
                Short(row.Row), Tenths(row.PageP50), Tenths(row.PageP99), Tenths(row.CallP50), Tenths(row.CallP99));
            Console.WriteLine($"{figures}   {Short(row.Call)}");
        }

        // Without the ids that all of them begin with.
        static string Short(string path) => string.Join('/', path.Split('/').Where(part => part.Length < 20));
    }

    public static void Close(CloseFigures close) => Note(
        $"closing a month of {Whole(close.Retailers)} retailers, {Whole(close.Campaigns)} campaigns and "
        + $"{Whole(close.RollupRows)} rollups: {Tenths(close.Seconds)} s, {Tenths(close.ProcessorSeconds)} s of them "
        + $"the program's processor, {Tenths(close.StatementSeconds)} s of statements over all connections, "
        + $"{Mega(close.PeakMemory)} at most (imported in {Tenths(close.ImportSeconds)} s)");

    public static void Resources(EngineFigures figures)
    {
        Console.WriteLine();
        Note($"first answer {Whole(figures.StartMilliseconds)} ms after the start, the schema made included");
        Note($"memory of the server: {Mega(figures.IdleMemory)} idle, {Mega(figures.PeakMemory)} at most under load, "
            + $"{Mega(figures.MemoryAfterIngest)} after it");
        if (figures is { Sizes: { Events: > 0 } after, SizesBefore: { } before })
        {
            var events = after.Events - before.Events;
            Note($"bytes an event, of {Whole(events)}: payload {PerEvent(after.Payload - before.Payload)}, "
                + $"client keys {PerEvent(after.ClientKeys - before.ClientKeys)}, id runs "
                + $"{PerEvent(after.IdRuns - before.IdRuns)}, all tables and indexes "
                + $"{PerEvent(after.All - before.All)}");

            string PerEvent(long bytes) => events > 0 ? Tenths((double)bytes / events) : "-";
        }
    }

    private static string Line(string name, params ReadOnlySpan<string> cells)
    {
        var line = name.PadRight(NameWidth);
        foreach (var cell in cells)
        {
            line += cell.PadLeft(CellWidth);
        }

        return line.TrimEnd();
    }

    private static string Whole(double? value) => value?.ToString("N0", CultureInfo.InvariantCulture) ?? "";

    private static string Tenths(double? value) => value?.ToString("0.0", CultureInfo.InvariantCulture) ?? "";

    private static string Percent(double? part) => part?.ToString("0.0%", CultureInfo.InvariantCulture) ?? "";

    private static string Mega(long? bytes) => $"{Whole(bytes / 1_000_000.0)} MB";
}
