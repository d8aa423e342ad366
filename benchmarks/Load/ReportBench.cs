namespace Countinghouse.Load;

/// <summary>A row of the reports table.</summary>
/// <param name="Row">What was asked for.</param>
/// <param name="RequestsPerSecond">Answers of 200 a second.</param>
/// <param name="P50Milliseconds">Half of them within.</param>
/// <param name="P99Milliseconds">Nearly all of them within.</param>
/// <param name="AnswerBytes">Mean size of an answer, its head included.</param>
internal sealed record ReportFigures(
    string Row, double RequestsPerSecond, double P50Milliseconds, double P99Milliseconds, double AnswerBytes)
{
    public double? OfPlaintext { get; set; }
}

/// <summary>Measures GETs by wrk: a report is one small request and a large answer, which wrk does best.</summary>
internal sealed class ReportBench(BenchOptions options)
{
    private const int Connections = 32;

    /// <summary>With fewer answers a row is measured again, for longer.</summary>
    private const int RequestsMin = 200;

    private const int LongerTimes = 4;

    /// <summary>Not measured: so long a server that is new to a path compiles it better while it answers.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(4);

    public async Task<ReportFigures> Measure(string row, int port, string path, string? key)
    {
        string[] arguments = key is null ? [] : ["-H", $"X-API-Key: {key}"];
        await Wrk.Run(port, path, Connections, WarmUp, arguments);
        var said = await Wrk.Run(port, path, Connections, options.ReportMeasured, arguments);
        if (said.Requests < RequestsMin)
        {
            said = await Wrk.Run(port, path, Connections, options.ReportMeasured * LongerTimes, arguments);
        }

        if (said.Requests == 0 || said.Refused > 0)
        {
            throw new BenchException($"{row}: answers were not 200, or there was none.");
        }

        return new ReportFigures(
            row,
            said.PerSecond,
            said.P50Milliseconds,
            said.P99Milliseconds,
            said.BytesPerSecond / Math.Max(said.PerSecond, 0.001));
    }
}
