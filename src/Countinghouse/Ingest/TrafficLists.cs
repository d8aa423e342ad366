using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

public sealed class TrafficListSnapshot
{
    public static readonly TrafficListSnapshot Empty = new();

    public int Ruleset => TrafficRules.Version * 1_000_000;

    public bool HasNetwork(UInt128 address) => false;

    public bool IsOwn(OrganizationId advertiser, UInt128 address) => false;
}
