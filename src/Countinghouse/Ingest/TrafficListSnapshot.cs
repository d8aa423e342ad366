using System.Buffers;
using System.Collections.Frozen;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// The loaded lists as they were at one version. It never changes: who holds one judges a whole flush by it and can
/// name it in the receipt.
/// </summary>
public sealed class TrafficListSnapshot
{
    /// <summary>A million versions of the lists fit between two of the rules.</summary>
    private const int ListVersions = 1_000_000;

    public static readonly TrafficListSnapshot Empty = new(0, []);

    private readonly SearchValues<string>? _agents;
    private readonly NetworkSet _networks;
    private readonly FrozenSet<string> _domains;
    private readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> _domainsBySpan;
    private readonly NetworkSet _staff;
    private readonly FrozenDictionary<OrganizationId, NetworkSet> _own;

    /// <param name="version">0 to 999,999.</param>
    /// <param name="entries">As <see cref="TrafficEntries"/> reads them; another network throws.</param>
    public TrafficListSnapshot(int version, IReadOnlyCollection<TrafficEntry> entries)
    {
        Version = version;
        var agents = Texts(entries, TrafficList.Agent).ToArray();
        _agents = agents.Length == 0 ? null : SearchValues.Create(agents, StringComparison.OrdinalIgnoreCase);
        _networks = Networks(entries.Where(entry => entry.List == TrafficList.Network));
        _domains = Texts(entries, TrafficList.Domain).ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _domainsBySpan = _domains.GetAlternateLookup<ReadOnlySpan<char>>();
        _own = entries.Where(entry => entry.List == TrafficList.OwnNetwork)
            .GroupBy(entry => entry.Organization)
            .ToFrozenDictionary(own => own.Key, Networks);
        _staff = _own.GetValueOrDefault(default, NetworkSet.Empty);
    }

    /// <summary>Rises with each change of any list.</summary>
    public int Version { get; }

    /// <summary>Names the rules and the lists together: rules version x 1,000,000 + version of the lists.</summary>
    public int Ruleset => (TrafficRules.Version * ListVersions) + Version;

    /// <summary>What the agent alone gives away: the rules first, then the list.</summary>
    public EventReason JudgeAgent(ReadOnlySpan<char> agent)
    {
        var reason = TrafficRules.Judge(agent);
        return reason == EventReason.None && _agents is not null && agent.ContainsAny(_agents)
            ? EventReason.ListedAgent
            : reason;
    }

    /// <summary>Is the address in a listed network? False for 0, which is no address.</summary>
    public bool HasNetwork(UInt128 address) => _networks.Contains(address);

    /// <summary>Is the host a listed domain or below one? <see cref="HostOf"/> finds it in a header.</summary>
    public bool HasDomain(ReadOnlySpan<char> host)
    {
        if (_domains.Count == 0)
        {
            return false;
        }

        for (host = host.TrimEnd('.'); ;)
        {
            if (_domainsBySpan.Contains(host))
            {
                return true;
            }

            var dot = host.IndexOf('.');
            if (dot < 0)
            {
                return false;
            }

            host = host[(dot + 1)..];
        }
    }

    /// <summary>Is the address the advertiser's own, or the platform's staff's?</summary>
    public bool IsOwn(OrganizationId advertiser, UInt128 address) =>
        _own.Count > 0
        && (_staff.Contains(address) || (_own.TryGetValue(advertiser, out var own) && own.Contains(address)));

    /// <summary>The host in the value of a Referer or Origin header; empty when there is none.</summary>
    public static ReadOnlySpan<char> HostOf(ReadOnlySpan<char> url)
    {
        var scheme = url.IndexOf("://");
        if (scheme < 0)
        {
            return [];
        }

        var host = url[(scheme + 3)..];
        var end = host.IndexOfAny("/?#\\");
        host = end < 0 ? host : host[..end];
        host = host[(host.LastIndexOf('@') + 1)..];
        var port = host.LastIndexOf(':');
        return port < 0 || host[^1] == ']' ? host : host[..port];
    }

    private static IEnumerable<string> Texts(IEnumerable<TrafficEntry> entries, TrafficList list) =>
        entries.Where(entry => entry.List == list).Select(entry => entry.Text);

    private static NetworkSet Networks(IEnumerable<TrafficEntry> entries) => new(entries.Select(
        entry => AddressRange.TryParse(entry.Text, out var range, out _)
            ? range
            : throw new InvalidDataException($"The list {entry.List} has an entry that is no network.")));
}
