using System.Net;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

public sealed class TrafficEntriesTests
{
    [Fact]
    public void Comments_blank_lines_and_repetitions_are_passed_over()
    {
        var (entries, bad) = TrafficEntries.Read(
            TrafficList.Agent, ["# ours", "", "  Acme-Fetch  # since May", "acme-fetch", "Other Tool/2"]);

        Assert.Empty(bad);
        Assert.Equal(["acme-fetch", "other tool/2"], entries);
    }

    [Fact]
    public void All_bad_lines_are_told_without_what_stands_in_them()
    {
        var (_, bad) = TrafficEntries.Read(
            TrafficList.Network,
            ["192.0.2.0/24", "192.0.2.1/24", "# fine", "300.1.1.1", "10.0.0.0/7", "10.0.0.0/33", "2000::/8", "::/x"]);

        Assert.Equal([2, 4, 5, 6, 7, 8], bad.Select(line => line.Line));
        Assert.DoesNotContain(bad, line => line.Fault.Contains("192.0.2.1", StringComparison.Ordinal));
        Assert.DoesNotContain(bad, line => line.Fault.Contains("300", StringComparison.Ordinal));
        Assert.Contains("address bits", bad[0].Fault);
        Assert.Contains("wider than /8", bad[2].Fault);
        Assert.Contains("0 to 32", bad[3].Fault);
        Assert.Contains("wider than /16", bad[4].Fault);
    }

    [Fact]
    public void Networks_have_one_spelling()
    {
        var (entries, bad) = TrafficEntries.Read(
            TrafficList.OwnNetwork,
            ["192.0.2.7", "192.0.2.7/32", "2001:DB8:0::/32", "2001:db8::/32", "::ffff:192.0.2.0/120"]);

        Assert.Empty(bad);
        Assert.Equal(["192.0.2.0/24", "192.0.2.7/32", "2001:db8::/32"], entries);
    }

    [Theory]
    [InlineData("Shop.Example", "shop.example")]
    [InlineData("*.shop.example.", "shop.example")]
    [InlineData("xn--bcher-kva.example", "xn--bcher-kva.example")]
    [InlineData("bücher.example", null)]
    [InlineData("example", null)]
    [InlineData("https://shop.example", null)]
    [InlineData("shop..example", null)]
    [InlineData("-shop.example", null)]
    public void A_domain_is_a_host_of_at_least_two_labels(string line, string? entry)
    {
        var (entries, bad) = TrafficEntries.Read(TrafficList.Domain, [line]);

        Assert.Equal(entry, entries.SingleOrDefault());
        Assert.Equal(entry is null, bad.Count == 1);
    }

    [Theory]
    [InlineData("ab", 1)]
    [InlineData("abc", 0)]
    [InlineData("a\u0007bc", 1)]
    public void A_part_of_an_agent_has_some_length(string line, int bad) =>
        Assert.Equal(bad, TrafficEntries.Read(TrafficList.Agent, [line]).Bad.Count);

    [Fact]
    public void A_list_has_an_end()
    {
        var (_, bad) = TrafficEntries.Read(
            TrafficList.Agent, Enumerable.Range(0, TrafficEntries.AgentsMax + 5).Select(i => $"agent-{i}"));

        Assert.Equal(TrafficEntries.AgentsMax + 1, Assert.Single(bad).Line);
    }
}

public sealed class TrafficListSnapshotTests
{
    private static readonly OrganizationId Advertiser = OrganizationId.From(NamedId.Create("test/advertiser"));
    private static readonly OrganizationId Other = OrganizationId.From(NamedId.Create("test/other"));

    private static readonly TrafficListSnapshot Lists = new(
        7,
        [
            new(default, TrafficList.Agent, "acme-fetch"),
            new(default, TrafficList.Network, "192.0.2.0/25"),
            new(default, TrafficList.Network, "192.0.2.128/25"),
            new(default, TrafficList.Network, "192.0.2.64/26"),
            new(default, TrafficList.Network, "2001:db8::/32"),
            new(default, TrafficList.Domain, "farm.example"),
            new(Advertiser, TrafficList.OwnNetwork, "198.51.100.0/24"),
            new(default, TrafficList.OwnNetwork, "203.0.113.9/32"),
        ]);

    [Theory]
    [InlineData("192.0.1.255", false)]
    [InlineData("192.0.2.0", true)]
    [InlineData("192.0.2.127", true)]
    [InlineData("192.0.2.128", true)]
    [InlineData("192.0.2.255", true)]
    [InlineData("192.0.3.0", false)]
    [InlineData("2001:db8:ffff::1", true)]
    [InlineData("2001:db9::", false)]
    [InlineData("::", false)]
    public void Networks_are_found_to_their_edges(string address, bool listed)
    {
        Assert.Equal(listed, Lists.HasNetwork(Number(address)));
        Assert.False(TrafficListSnapshot.Empty.HasNetwork(Number(address)));
    }

    [Fact]
    public void Random_networks_are_found_as_one_by_one()
    {
        var random = new Random(20_260_815);
        var ranges = new List<AddressRange>();
        for (var i = 0; i < 300; i++)
        {
            var length = random.Next(8, 24);
            var first = (UInt128)(uint)(random.Next(1 << length) << (24 - length));
            ranges.Add(new AddressRange(first, first | ((1u << (24 - length)) - 1)));
            ranges.RemoveAll(range => random.Next(40) == 0);
        }

        var set = new NetworkSet(ranges);
        for (var i = 0; i < 20_000; i++)
        {
            var address = (UInt128)random.Next(1, 1 << 24);
            Assert.Equal(ranges.Any(range => address >= range.First && address <= range.Last), set.Contains(address));
        }
    }

    [Theory]
    [InlineData("farm.example", true)]
    [InlineData("Click.FARM.example.", true)]
    [InlineData("notfarm.example", false)]
    [InlineData("example", false)]
    [InlineData("farm.example.org", false)]
    [InlineData("", false)]
    public void A_domain_has_its_subdomains(string host, bool listed)
    {
        Assert.Equal(listed, Lists.HasDomain(host));
        Assert.False(TrafficListSnapshot.Empty.HasDomain(host));
    }

    [Theory]
    [InlineData("https://shop.example/a?b=c://d", "shop.example")]
    [InlineData("https://shop.example:8443", "shop.example")]
    [InlineData("http://user:word@shop.example:80/", "shop.example")]
    [InlineData("https://[2001:db8::1]:80/x", "[2001:db8::1]")]
    [InlineData("https://[2001:db8::1]", "[2001:db8::1]")]
    [InlineData("https://shop.example\\@farm.example/", "shop.example")]
    [InlineData("null", "")]
    [InlineData("about:blank", "")]
    [InlineData("https://", "")]
    [InlineData("", "")]
    public void The_host_of_a_header_is_found(string header, string host) =>
        Assert.Equal(host, TrafficListSnapshot.HostOf(header).ToString());

    [Theory]
    [InlineData("198.51.100.7", true, false)]
    [InlineData("203.0.113.9", true, true)]
    [InlineData("203.0.113.10", false, false)]
    [InlineData("::", false, false)]
    public void Own_networks_are_the_advertisers_and_staff_everybodys(string address, bool own, bool others)
    {
        Assert.Equal(own, Lists.IsOwn(Advertiser, Number(address)));
        Assert.Equal(others, Lists.IsOwn(Other, Number(address)));
    }

    [Theory]
    [InlineData("Mozilla/5.0 (X11) ACME-Fetch/2", EventReason.ListedAgent)]
    [InlineData("Mozilla/5.0 (X11) Firefox/142.0", EventReason.None)]
    [InlineData("acme-fetch/2", EventReason.NonBrowserAgent)]
    public void Listed_agents_come_after_the_rules(string agent, EventReason reason) =>
        Assert.Equal(reason, Lists.JudgeAgent(agent));

    [Fact]
    public void The_ruleset_names_rules_and_lists() => Assert.Equal((3_000_007, 3_000_000),
        (Lists.Ruleset, TrafficListSnapshot.Empty.Ruleset));

    private static UInt128 Number(string address) => ClientAddress.Of(IPAddress.Parse(address));
}

public abstract class TrafficListsContract(DatabaseFixture fixture)
{
    private readonly TrafficListStore _store = Store(fixture.Database);

    [Fact]
    public async Task A_load_replaces_its_list_and_no_other_and_raises_the_version()
    {
        var owner = OrganizationId.From(Guid.CreateVersion7(new TestClock().Now));
        var lists = new TrafficLists(Store(fixture.Database));
        var before = lists.Current.Version;

        await Replace(default, TrafficList.Domain, "a.example", "b.example");
        await Replace(owner, TrafficList.OwnNetwork, "192.0.2.0/24");
        var version = await Replace(default, TrafficList.Domain, "b.example", "c.example");

        Assert.Equal(before + 3, version);
        Assert.True(await lists.Refresh(CancellationToken.None));
        Assert.False(await lists.Refresh(CancellationToken.None));
        Assert.Equal(version, lists.Current.Version);
        Assert.Equal(
            [false, true, true],
            new[] { "a.example", "b.example", "c.example" }.Select(host => lists.Current.HasDomain(host)));
        Assert.True(lists.Current.IsOwn(owner, ClientAddress.Of(IPAddress.Parse("192.0.2.1"))));

        await Replace(default, TrafficList.Domain);
        await lists.Refresh(CancellationToken.None);
        Assert.False(lists.Current.HasDomain("c.example"));
        Assert.True(lists.Current.IsOwn(owner, ClientAddress.Of(IPAddress.Parse("192.0.2.1"))));
    }

    [Fact]
    public async Task Of_loads_at_once_one_comes_last_and_whole()
    {
        await using var second = fixture.Test.OpenAgain();
        var other = Store(second);

        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Task.Run(() =>
            (i % 2 == 0 ? _store : other).Replace(
                default, TrafficList.Agent, [$"agent-{i}-a", $"agent-{i}-b"], CancellationToken.None))));

        var (_, entries) = await _store.Read(CancellationToken.None);
        var agents = entries.Where(entry => entry.List == TrafficList.Agent).Select(entry => entry.Text[..^1]).ToList();
        Assert.Equal(2, agents.Count);
        Assert.Equal(agents[0], agents[1]);
    }

    private static TrafficListStore Store(Database database) =>
        new(database, new AuditTrail(database, new TestClock()));

    private Task<int> Replace(OrganizationId organization, TrafficList list, params string[] entries) =>
        _store.Replace(organization, list, entries, CancellationToken.None);
}

public sealed class SqliteTrafficLists(SqliteSchema fixture)
    : TrafficListsContract(fixture), IClassFixture<SqliteSchema>;

public sealed class PostgresTrafficLists(PostgresSchema fixture)
    : TrafficListsContract(fixture), IClassFixture<PostgresSchema>;
