using System.Text;
using Countinghouse.Audit;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>What a client key tells, and for how long.</summary>
public abstract class ClientKeysContract(Engine engine) : IAsyncLifetime
{
    private const string Address = "198.51.100.7";

    private readonly TestClock _clock = new();
    private TestDatabase? _test;

    public async Task InitializeAsync() => _test = await TestDatabase.Create(engine);

    public async Task DisposeAsync() => await _test!.DisposeAsync();

    [Fact]
    public void A_key_names_the_network_and_the_agent_on_all_nodes()
    {
        var reader = Node();
        var key = Key(reader, Address, Market.Browser);

        Assert.NotEqual(0UL, key);
        Assert.Equal(key, Key(reader, Address, Market.Browser));
        Assert.Equal(key, Key(reader, "198.51.100.200", Market.Browser));
        Assert.Equal(key, Key(Node(), Address, Market.Browser));
        Assert.NotEqual(key, Key(reader, "198.51.101.7", Market.Browser));
        Assert.NotEqual(key, Key(reader, Address, Market.Browser + " "));
        Assert.NotEqual(key, Key(reader, "", Market.Browser));
        Assert.NotEqual(key, Key(reader, "unknown", ""));
    }

    [Fact]
    public void Who_is_not_known_at_all_has_no_key()
    {
        Assert.Equal(
            new ClientMark(EventReason.NonBrowserAgent, 0, 0), Node().Read("no address", null, isPrefetch: false));
        Assert.NotEqual(0UL, Node().Read(Address, null, isPrefetch: false).Key);
    }

    [Fact]
    public void Bytes_and_text_and_sockets_are_read_alike()
    {
        var reader = Node();
        const string agent = Market.Browser + " ünïcode";

        var mark = reader.Read(Address, agent, isPrefetch: false);

        Assert.Equal(mark, reader.Read("198.51.100.7"u8, Encoding.UTF8.GetBytes(agent), isPrefetch: false));
        Assert.Equal(mark, reader.Read(System.Net.IPAddress.Parse(Address), agent, isPrefetch: false));
        Assert.Equal(
            mark, reader.Read(System.Net.IPAddress.Parse(Address).MapToIPv6(), agent, isPrefetch: false));
        Assert.Equal(EventReason.None, mark.Verdict);
        Assert.Equal(EventReason.Prefetch, reader.Read(Address, agent, isPrefetch: true).Verdict);
        Assert.Equal(
            EventReason.DeclaredBot, reader.Read(Address, agent + new string('x', 5_000) + "bot", false).Verdict);
    }

    [Fact]
    public async Task Keys_change_at_midnight_and_those_of_past_days_cannot_be_made_again()
    {
        var reader = Node();
        var today = Key(reader, Address, Market.Browser);
        _clock.Now = _clock.Now.AddDays(1);
        var tomorrow = Key(reader, Address, Market.Browser);
        _clock.Now = _clock.Now.AddDays(-1);

        Assert.NotEqual(today, tomorrow);
        Assert.Equal(today, Key(reader, Address, Market.Browser));

        _clock.Now = _clock.Now.AddDays(1);
        Assert.Equal(0, await Secrets().Forget(CancellationToken.None));
        _clock.Now = _clock.Now.AddDays(1);
        Assert.Equal(1, await Secrets().Forget(CancellationToken.None));

        Assert.Equal(["client_key/20260816"], await Purposes());
        _clock.Now = _clock.Now.AddDays(-2);
        Assert.NotEqual(today, Key(Node(), Address, Market.Browser));
    }

    [Fact]
    public async Task Other_secrets_are_not_forgotten()
    {
        await new SystemSecrets(_test!.Database, _clock).GetOrCreate("a", CancellationToken.None);
        await new SystemSecrets(_test.Database, _clock).GetOrCreate("rate_limit", CancellationToken.None);
        _clock.Now = _clock.Now.AddYears(1);

        Assert.Equal(0, await Secrets().Forget(CancellationToken.None));
        Assert.Equal(["a", "rate_limit"], await Purposes());
    }

    [Fact]
    public async Task Tomorrows_secret_is_ready_an_hour_before_midnight()
    {
        var secrets = Secrets();
        await secrets.Prepare(CancellationToken.None);
        Assert.Equal(["client_key/20260815"], await Purposes());

        _clock.Now = new DateTimeOffset(2026, 8, 15, 23, 1, 0, TimeSpan.Zero);
        await secrets.Prepare(CancellationToken.None);

        Assert.Equal(["client_key/20260815", "client_key/20260816"], await Purposes());
        Assert.Equal(20260815, secrets.Current().Day.Number);
        _clock.Now = _clock.Now.AddHours(1);
        Assert.Equal(20260816, secrets.Current().Day.Number);
        await secrets.Prepare(CancellationToken.None);
        Assert.Equal(2, (await Purposes()).Count);
    }

    [Fact]
    public async Task Requests_wait_for_the_secret_of_a_clock_that_jumped_before_they_read()
    {
        var secrets = Secrets();
        await secrets.Prepare(CancellationToken.None);
        _clock.Now = _clock.Now.AddDays(3);

        await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => secrets.UntilReady(CancellationToken.None).AsTask()));

        Assert.Equal(20260818, secrets.Current().Day.Number);
        Assert.Equal(["client_key/20260815", "client_key/20260818"], await Purposes());
    }

    [Fact]
    public async Task A_change_of_the_lists_is_a_change_of_the_judgement()
    {
        var store = Lists();
        var lists = new TrafficLists(store);
        var reader = new ClientReader(Secrets(), lists);
        var key = Key(reader, Address, Market.Browser);
        Assert.Equal(EventReason.None, reader.Read(Address, Market.Browser, isPrefetch: false).Verdict);

        await store.Replace(default, TrafficList.Agent, ["firefox/142"], CancellationToken.None);
        await lists.Refresh(CancellationToken.None);

        Assert.Equal(EventReason.ListedAgent, reader.Read(Address, Market.Browser, isPrefetch: false).Verdict);
        Assert.Equal(key, Key(reader, Address, Market.Browser));
    }

    [Fact]
    public void Many_threads_and_more_shoppers_than_are_remembered_get_the_right_keys()
    {
        var reader = Node();
        var fresh = Node();
        Parallel.For(0, 4, thread =>
        {
            var random = new Random(20_260_815 + thread);
            for (var i = 0; i < 50_000; i++)
            {
                var address = ((UInt128)0xFFFF << 32) | (uint)random.Next(1 << 26);
                var agent = Encoding.UTF8.GetBytes($"Mozilla/5.0 (Agent {random.Next(6)})");
                Assert.Equal(
                    fresh.Read(address, agent, isPrefetch: false), reader.Read(address, agent, isPrefetch: false));
            }

            for (var i = 0; i < 10_000; i++)
            {
                Assert.NotEqual(0UL, reader.Read(Address, $"Mozilla/5.0 (Agent {random.Next(9_000)})", false).Key);
            }
        });
    }

    [Fact]
    public void A_known_agent_is_read_without_allocating()
    {
        var reader = Node();
        var agent = Encoding.UTF8.GetBytes(Market.Browser);
        reader.Read("192.0.2.1"u8, agent, isPrefetch: false);

        // The runtime itself allocates now and then on a busy machine, but not every time.
        Assert.Contains(0, Enumerable.Range(0, 5).Select(_ => Allocated()));

        long Allocated()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 1_000; i++)
            {
                // The key of a new network has to be made, that of a known one is found.
                reader.Read(((UInt128)0xFFFF << 32) | (uint)(i << 8), agent, isPrefetch: false);
                reader.Read("2001:db8::1"u8, agent, isPrefetch: false);
                reader.Read("192.0.2.1", Market.Browser, isPrefetch: false);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static ulong Key(ClientReader reader, string address, string agent) =>
        reader.Read(address, agent, isPrefetch: false).Key;

    private ClientSecrets Secrets() => new(new SystemSecrets(_test!.Database, _clock), _clock);

    private ClientReader Node() => new(Secrets(), new TrafficLists(Lists()));

    private TrafficListStore Lists() => new(_test!.Database, new AuditTrail(_test.Database, _clock));

    private Task<List<string>> Purposes() => _test!.Database.Read(
        c => c.Query(
            "SELECT purpose FROM system_secret ORDER BY purpose", row => row.GetString(0), CancellationToken.None),
        CancellationToken.None);
}

public sealed class SqliteClientKeys() : ClientKeysContract(Engine.Sqlite);

public sealed class PostgresClientKeys() : ClientKeysContract(Engine.Postgres);
