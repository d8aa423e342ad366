using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Countinghouse.Load;

/// <summary>What a run of wrk came to.</summary>
/// <param name="Requests">Answers in all.</param>
/// <param name="Refused">Of them those that were neither 2xx nor 3xx.</param>
/// <param name="PerSecond">Answers a second.</param>
/// <param name="P50Milliseconds">Half of them within.</param>
/// <param name="P99Milliseconds">Nearly all of them within.</param>
/// <param name="BytesPerSecond">Of answers, their heads included.</param>
internal sealed record WrkFigures(
    long Requests,
    long Refused,
    double PerSecond,
    double P50Milliseconds,
    double P99Milliseconds,
    double BytesPerSecond);

/// <summary>Runs wrk with one thread and reads what it says.</summary>
internal static partial class Wrk
{
    public static async Task<WrkFigures> Run(
        int port, string path, int connections, TimeSpan time, params IEnumerable<string> also)
    {
        var seconds = Math.Max(1, (int)time.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("wrk")
        {
            RedirectStandardOutput = true,
            ArgumentList = { "-t1", $"-c{connections}", $"-d{seconds}s", "--timeout", "30s", "--latency" },
        };
        foreach (var argument in also)
        {
            start.ArgumentList.Add(argument);
        }

        start.ArgumentList.Add($"http://127.0.0.1:{port}{path}");
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? Read(said) : throw new BenchException($"wrk failed at {path}.");
    }

    private static WrkFigures Read(string said) => new(
        long.Parse(Requests().Match(said).Groups[1].Value, CultureInfo.InvariantCulture),
        Refused().Match(said) is { Success: true } refused
            ? long.Parse(refused.Groups[1].Value, CultureInfo.InvariantCulture)
            : 0,
        double.Parse(Rate().Match(said).Groups[1].Value, CultureInfo.InvariantCulture),
        Percentile(said, "50%"),
        Percentile(said, "99%"),
        BytesPerSecond(said));

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
