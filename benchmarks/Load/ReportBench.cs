using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

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
internal sealed partial class ReportBench(BenchOptions options)
{
    private const int Connections = 32;

    /// <summary>With fewer answers a row is measured again, for longer.</summary>
    private const int RequestsMin = 200;

    private const int LongerTimes = 4;

    /// <summary>Not measured: what is compiled and cached after the first requests stays so.</summary>
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(1);

    public async Task<ReportFigures> Measure(string row, int port, string path, string? key)
    {
        await Wrk(port, path, key, WarmUp);
        var said = await Wrk(port, path, key, options.ReportMeasured);
        if (Count(said) < RequestsMin)
        {
            said = await Wrk(port, path, key, options.ReportMeasured * LongerTimes);
        }

        if (Count(said) == 0 || Refused().Match(said) is { Success: true })
        {
            throw new BenchException($"{row}: answers were not 200, or there was none:\n{said}");
        }

        var rate = double.Parse(Rate().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);
        return new ReportFigures(
            row, rate, Percentile(said, "50%"), Percentile(said, "99%"), BytesPerSecond(said) / Math.Max(rate, 0.001));
    }

    private static async Task<string> Wrk(int port, string path, string? key, TimeSpan time)
    {
        var seconds = Math.Max(1, (int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("wrk")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "-t1", $"-c{Connections}", $"-d{seconds}s", "--timeout", "30s", "--latency" },
        };
        if (key is not null)
        {
            start.ArgumentList.Add("-H");
            start.ArgumentList.Add($"X-API-Key: {key}");
        }

        start.ArgumentList.Add($"http://127.0.0.1:{port}{path}");
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new BenchException($"wrk failed at {path}.");
    }

    private static long Count(string said) =>
        long.Parse(Requests().Match(said).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>In milliseconds; wrk writes "812.00us", "3.10ms" or "1.20s".</summary>
    private static double Percentile(string said, string which)
    {
        var match = Regex.Match(said, @"^\s+" + which + @"\s+([\d.]+)(us|ms|s|m)", RegexOptions.Multiline);
        var value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "us" => value / 1000,
            "s" => value * 1000,
            "m" => value * 60_000,
            _ => value,
        };
    }

    private static double BytesPerSecond(string said)
    {
        var match = Transfer().Match(said);
        var value = double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture);
        return match.Groups[2].Value switch
        {
            "KB" => value * 1024,
            "MB" => value * 1024 * 1024,
            "GB" => value * 1024 * 1024 * 1024,
            _ => value,
        };
    }

    [GeneratedRegex(@"Requests/sec:\s+([\d.]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"Transfer/sec:\s+([\d.]+)(B|KB|MB|GB)")]
    private static partial Regex Transfer();

    [GeneratedRegex(@"(\d+) requests in")]
    private static partial Regex Requests();

    [GeneratedRegex(@"Non-2xx or 3xx responses: (\d+)")]
    private static partial Regex Refused();
}
