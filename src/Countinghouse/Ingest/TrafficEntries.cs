using System.Text;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>What an operator may load.</summary>
public enum TrafficList
{
    /// <summary>Parts of agents, whatever their case.</summary>
    Agent = 1,

    /// <summary>Networks and addresses of shoppers.</summary>
    Network = 2,

    /// <summary>Domains of pages, with their subdomains.</summary>
    Domain = 3,

    /// <summary>Networks of an advertiser itself; without one, of the platform's staff.</summary>
    OwnNetwork = 4,
}

/// <summary>An entry as it is stored.</summary>
/// <param name="Organization">The zero id: the whole platform.</param>
/// <param name="List">The list it is on.</param>
/// <param name="Text">In the one spelling of its list.</param>
public readonly record struct TrafficEntry(OrganizationId Organization, TrafficList List, string Text);

/// <summary>A line that is no entry.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Fault">What is wrong, as the rest of a sentence; never the line itself.</param>
public sealed record BadLine(int Line, string Fault);

/// <summary>Reads the files that operators load: an entry a line; "#" begins a comment.</summary>
public static class TrafficEntries
{
    /// <summary>Entries of one list of one organization; nodes hold all in memory.</summary>
    public const int EntriesMax = 200_000;

    /// <summary>Agents are searched for all of their parts, so these are fewer.</summary>
    public const int AgentsMax = 5_000;

    /// <summary>Shorter parts stand in every agent.</summary>
    private const int AgentCharsMin = 3;
    private const int AgentCharsMax = 200;
    private const int DomainCharsMax = 253;
    private const int LabelCharsMax = 63;

    /// <summary>Wider networks would shut out whole parts of the world by a slip of the pen.</summary>
    private const int Ipv4BitsMin = 8;
    private const int Ipv6BitsMin = 16;

    /// <summary>The entries, each once; or all bad lines, and then no entry counts.</summary>
    public static (IReadOnlyList<string> Entries, IReadOnlyList<BadLine> Bad) Read(
        TrafficList list, IEnumerable<string> lines)
    {
        var most = list == TrafficList.Agent ? AgentsMax : EntriesMax;
        var entries = new SortedSet<string>(StringComparer.Ordinal);
        var bad = new List<BadLine>();
        var number = 0;
        foreach (var line in lines)
        {
            number++;
            var text = WithoutComment(line).Trim();
            if (text.Length == 0)
            {
                continue;
            }

            if (!TryRead(list, text, out var entry, out var fault))
            {
                bad.Add(new BadLine(number, fault));
            }
            else if (entries.Add(entry) && entries.Count > most)
            {
                bad.Add(new BadLine(number, $"is more than the {most} entries that a list may have"));
                break;
            }
        }

        return ([.. entries], bad);
    }

    private static string WithoutComment(string line)
    {
        var comment = line.IndexOf('#', StringComparison.Ordinal);
        return comment < 0 ? line : line[..comment];
    }

    private static bool TryRead(TrafficList list, string text, out string entry, out string fault) => list switch
    {
        TrafficList.Agent => TryReadAgent(text, out entry, out fault),
        TrafficList.Domain => TryReadDomain(text, out entry, out fault),
        TrafficList.Network or TrafficList.OwnNetwork => TryReadNetwork(text, out entry, out fault),
    };

    private static bool TryReadAgent(string text, out string entry, out string fault)
    {
        entry = text.ToLowerInvariant();
        fault = text.Length is < AgentCharsMin or > AgentCharsMax
            ? $"must have {AgentCharsMin} to {AgentCharsMax} characters"
            : text.Any(char.IsControl) ? "must not have control characters"
            : text.Contains('\uFFFD') ? "is not in UTF-8" : "";
        return fault.Length == 0;
    }

    private static bool TryReadNetwork(string text, out string entry, out string fault)
    {
        entry = "";
        if (!AddressRange.TryParse(text, out var range, out fault))
        {
            return false;
        }

        var (isIpv4, length) = range.Prefix();
        var least = isIpv4 ? Ipv4BitsMin : Ipv6BitsMin;
        fault = length < least ? $"is wider than /{least}" : "";
        entry = range.ToString();
        return fault.Length == 0;
    }

    private static bool TryReadDomain(string text, out string entry, out string fault)
    {
        entry = text.ToLowerInvariant().TrimEnd('.');
        entry = entry.StartsWith("*.", StringComparison.Ordinal) ? entry[2..] : entry;
        fault = !Ascii.IsValid(entry) ? "must be in its ASCII form (xn--...)"
            : entry.Length > DomainCharsMax || !entry.Contains('.', StringComparison.Ordinal)
                || !entry.Split('.').All(IsLabel)
                ? "is no domain such as shop.example"
                : "";
        return fault.Length == 0;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= LabelCharsMax
        && label[0] != '-' && label[^1] != '-'
        && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
