using Countinghouse.Commands;
using Countinghouse.Support;

namespace Countinghouse;

/// <summary>The dependency map. An arrow that is added here is a decision about the design.</summary>
public sealed class ArchitectureTests : IDisposable
{
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Primitives"] = [],
        ["Storage"] = ["Primitives"],
        ["Http"] = ["Primitives", "Storage"],
        ["Telemetry"] = ["Primitives", "Storage"],
        ["RateLimits"] = ["Primitives", "Http", "Storage"],
        ["Audit"] = ["Primitives", "Http", "Storage"],
        ["Access"] = ["Primitives", "Http", "Storage", "RateLimits", "Audit"],

        // What a key may be limited to, and where tokens are asked for, are limits.
        ["Credentials"] = ["Primitives", "Http", "Storage", "RateLimits", "Audit", "Access"],
        ["Organizations"] = ["Primitives", "Http", "Storage", "Access", "Audit"],
        ["Accounts"] = ["Primitives", "Http", "Storage", "RateLimits", "Audit", "Access", "Organizations"],
        ["Campaigns"] = ["Primitives", "Http", "Storage", "Access", "Audit", "Organizations"],
        ["Ingest"] =
        [
            "Primitives", "Http", "Storage", "Telemetry", "Access", "Audit", "RateLimits", "Organizations", "Campaigns",
        ],

        // A report says a campaign's status and pricing, in the words that Campaigns owns.
        ["Reporting"] = ["Primitives", "Http", "Storage", "Access", "Organizations", "Campaigns", "Ingest"],
        ["Adjustments"] = ["Primitives", "Http", "Storage", "Access", "Audit", "Organizations", "Ingest"],
        ["Ledger"] = ["Primitives", "Storage"],
        ["RevenueShare"] =
        [
            "Primitives", "Http", "Storage", "Telemetry", "Access", "Audit", "Organizations", "Ingest", "Ledger",
        ],

        // What verify takes in (BookCheck, Difference) is Ingest's.
        ["Payouts"] =
        [
            "Primitives", "Http", "Storage", "Telemetry", "Access", "Audit", "Ingest", "RevenueShare", "Ledger",
        ],

        // What leaves the journal: only months that are settled.
        ["Retention"] = ["Primitives", "Http", "Storage", "Telemetry", "Audit", "Campaigns", "Ingest", "RevenueShare"],

        // The whole database, table by table, whatever is in it: it knows the engines, and no slice.
        ["Copies"] = ["Primitives", "Storage"],

        // The witness of what payouts do: it knows nothing of them, nor they of it.
        ["FakeStripe"] = ["Primitives", "Storage"],
        ["WebConsole"] = ["Primitives", "Http", "Access"],
    };

    /// <summary>These put everything together and may use it all; nothing may use them.</summary>
    private static readonly string[] Top = ["Commands", "Program"];

    /// <summary>
    /// Interfaces are for true plug-points. These two are the shape of a value type, not a plug-point.
    /// </summary>
    private static readonly string[] InterfacesWithoutCount = ["IWireText`1", "IId`1", "IId"];

    private readonly AssemblyMap _product = new(typeof(Server).Assembly.Location);

    [Fact]
    public void Every_slice_uses_only_what_the_map_allows()
    {
        var forbidden = _product.Arrows()
            .Where(arrow => arrow.From != "Program" || arrow.To != "Commands")
            .Where(arrow => Top.Contains(arrow.To)
                || (!Top.Contains(arrow.From) && !MayUse.GetValueOrDefault(arrow.From, []).Contains(arrow.To)))
            .ToList();

        Assert.True(forbidden.Count == 0, "Not on the map:\n" + string.Join('\n', forbidden));
    }

    [Fact]
    public void Every_slice_is_on_the_map()
    {
        var unknown = _product.Slices().Except(MayUse.Keys).Except(Top);

        Assert.Empty(unknown);
    }

    [Theory]
    [InlineData("InBody.Call")]
    [InlineData("InLambda+<>c__DisplayClass")]
    [InlineData("InAsync+<Wait>d__")]
    [InlineData("InGenericArgument.Count")]
    [InlineData("InMethodArgument.Make")]
    [InlineData("InTypeOf.Name")]
    [InlineData("InSignature.Take")]
    [InlineData("InCatch.Try")]
    [InlineData("InConstraint`1")]
    public void The_checker_sees_a_reference_wherever_it_is(string member)
    {
        using var probes = new AssemblyMap(typeof(ArchitectureTests).Assembly.Location);

        Assert.Contains(
            probes.Arrows(),
            arrow => arrow.From == "ProbeSource" && arrow.To == "ProbeTarget"
                && arrow.Member.StartsWith(member, StringComparison.Ordinal));
    }

    [Fact]
    public void The_checker_sees_no_reference_where_there_is_none()
    {
        using var probes = new AssemblyMap(typeof(ArchitectureTests).Assembly.Location);

        Assert.DoesNotContain(probes.Arrows(), arrow => arrow.Member.StartsWith("Nowhere", StringComparison.Ordinal));
        Assert.DoesNotContain(probes.Arrows(), arrow => arrow.From == "ProbeTarget" && arrow.To == "ProbeSource");
    }

    [Fact]
    public void An_interface_has_more_than_one_implementation()
    {
        var lonely = _product.Interfaces()
            .Where(found => found.Value < 2 && !InterfacesWithoutCount.Contains(found.Key))
            .Select(found => found.Key);

        Assert.Empty(lonely);
    }

    [Fact]
    public void No_folder_is_called_after_nothing()
    {
        string[] banned = ["Common", "Helpers", "Utils", "Utilities", "Misc", "Shared"];
        var found = Directory.EnumerateDirectories(Repository.Product, "*", SearchOption.AllDirectories)
            .Where(folder => banned.Contains(Path.GetFileName(folder), StringComparer.OrdinalIgnoreCase));

        Assert.Empty(found);
    }

    public void Dispose() => _product.Dispose();
}
