using System.Globalization;

namespace Countinghouse.Load;

/// <summary>
/// Processor time of database servers on this machine, by Linux's own count: of each server's first process, of all its
/// children that have ended, and of those that run.
/// </summary>
internal static class ServerTime
{
    /// <summary>Linux counts in hundredths of a second, whatever its clock does.</summary>
    private const double TicksPerSecond = 100;

    // After the name, which stands in brackets: state 0, parent 1, own time 11 and 12, ended children's 13 and 14.
    private const int Parent = 1;
    private const int Own = 11;
    private const int Ended = 13;

    /// <summary>
    /// Of the servers that these processes of theirs belong to; null when one is not on this machine.
    /// </summary>
    public static double? Seconds(IEnumerable<long> sessions)
    {
        var servers = new HashSet<string>();
        foreach (var session in sessions)
        {
            if (Read($"/proc/{session}/stat") is not { } stat)
            {
                return null;
            }

            servers.Add(stat[Parent]);
        }

        var ticks = servers.Sum(
            server => Read($"/proc/{server}/stat") is { } stat ? Sum(stat, Own) + Sum(stat, Ended) : 0);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (char.IsAsciiDigit(Path.GetFileName(folder)[0]) && Read(folder + "/stat") is { } stat
                && servers.Contains(stat[Parent]))
            {
                ticks += Sum(stat, Own);
            }
        }

        return ticks / TicksPerSecond;
    }

    private static long Sum(string[] stat, int first) =>
        long.Parse(stat[first], CultureInfo.InvariantCulture)
        + long.Parse(stat[first + 1], CultureInfo.InvariantCulture);

    /// <summary>Null when the process is gone, or never was here.</summary>
    private static string[]? Read(string path)
    {
        try
        {
            var text = File.ReadAllText(path);
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
