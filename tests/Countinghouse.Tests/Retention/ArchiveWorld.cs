using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Retention;

/// <summary>
/// An advertiser with events of five months, May to September, all but the last closed; it is the 20th of September.
/// </summary>
internal sealed class ArchiveWorld : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("countinghouse-archive-");
    private readonly TestClock _clock;

    private ArchiveWorld(TestDatabase storage, TestClock clock, TestServer server)
    {
        Storage = storage;
        _clock = clock;
        Server = server;
    }

    public static Period May { get; } = Period.FromNumber(202605);

    public TestDatabase Storage { get; }

    public TestServer Server { get; private set; }

    public Market Market { get; private set; } = null!;

    public string Campaign { get; private set; } = "";

    /// <summary>Ids of clicks, one of each month.</summary>
    public List<string> Clicks { get; } = [];

    public string Folder => _folder.FullName;

    public string FolderOf(Period month) => Path.Combine(Folder, month.ToString());

    public static async Task<ArchiveWorld> Create(Engine engine)
    {
        var storage = await TestDatabase.Create(engine);
        var clock = new TestClock { Now = new DateTimeOffset(2026, 5, 10, 12, 0, 0, TimeSpan.Zero) };
        var world = new ArchiveWorld(storage, clock, await TestServer.Start(engine, clock, shared: storage));
        if (engine == Engine.Postgres)
        {
            // May and July have partitions of their own, June has not.
            Assert.True(await world.Server.Get<JournalMonths>().Add(May, isAhead: true, default));
            Assert.True(await world.Server.Get<JournalMonths>().Add(May.Next.Next, isAhead: true, default));
        }

        world.Market = await Market.Open(world.Server);
        world.Campaign = await world.Market.NewCampaign(budget: "500.00");
        var cpm = await world.Market.NewCampaign(pricing: "cpm", bid: "2.00", daily: "0.02", name: "Impressions");
        for (var month = 5; month < 9; month++)
        {
            await world.Record(cpm, month);
        }

        clock.Now = new DateTimeOffset(2026, 9, 10, 12, 0, 0, TimeSpan.Zero);
        world.Clicks.Add(world.Market.NewEventId());
        await world.Market.Click(world.Campaign, eventId: world.Clicks[^1], offer: world.Market.Offers[0]);
        clock.Now = clock.Now.AddDays(10);
        await world.Server.Get<Settlements>().CloseDue("test", default);
        return world;
    }

    /// <summary>Whatever a month has: charged, free, invalid, late, with and without an offer, another day's.</summary>
    private async Task Record(string cpm, int month)
    {
        _clock.Now = new DateTimeOffset(2026, month, 10, 12, 0, 0, TimeSpan.Zero);
        Clicks.Add(Market.NewEventId());
        await Market.Click(Campaign, eventId: Clicks[^1], offer: Market.Offers[0]);
        await Market.Click(Campaign, at: Instant.Of(_clock.Now.AddDays(-2)).ToString(), offer: Market.Offers[1]);
        await Market.Click(Campaign, agent: "curl/8.5.0");
        await Market.Impressions([.. Enumerable.Range(0, 15).Select(_ => new
        {
            campaign_id = cpm,
            client = new { ip = Market.NewShopper(), user_agent = Market.Browser },
        })]);

        // Received on the first of the next month, for the last day of this one.
        _clock.Now = new DateTimeOffset(2026, month + 1, 1, 1, 0, 0, TimeSpan.Zero);
        await Market.Click(Campaign, at: Instant.Of(_clock.Now.AddHours(-3)).ToString(), offer: Market.Offers[0]);
    }

    public Task<ArchiveResult> Archive(Period month) => Server.Get<JournalArchive>().Archive(
        month, Folder, ArchiveRules.MonthsKeptMin, _ => { }, default);

    public async Task<VerifyResult> Verify() => await Server.Get<Verifier>().Verify(null, _ => { }, default);

    public Task Execute(string sql) => Server.Database.Write(c => c.Execute(sql, default), default);

    public async Task<long> Number(string sql) =>
        (await Server.Database.Read(c => c.Number(sql, default), default))!.Value;

    public Task<long> BatchesOf(Period month) => Number(string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"""
        SELECT COUNT(*) FROM ingest_batch WHERE committed_at >= {Instant.Of(month.FirstDay.Start()).Micros}
            AND committed_at < {Instant.Of(month.End).Micros}
        """));

    /// <summary>Every row of some tables, as text.</summary>
    public async Task<List<string>> Rows(params string[] selects)
    {
        var rows = new List<string>();
        foreach (var select in selects)
        {
            rows.AddRange(await Server.Database.Read(
                c => c.Query(
                    select,
                    row => select + string.Join('|', Enumerable.Range(0, row.FieldCount).Select(column =>
                        row[column] is byte[] bytes ? Convert.ToHexStringLower(bytes) : row[column])),
                    default),
                default));
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>What reports are made of.</summary>
    public Task<List<string>> Derived() => Rows(
        "SELECT * FROM stat_hourly", "SELECT * FROM campaign_total", "SELECT * FROM invalid_daily",
        "SELECT * FROM campaign_budget", "SELECT * FROM revenue_share", "SELECT * FROM placement");

    /// <summary>The journal but for what no archive keeps: client keys, and names of flushes long answered.</summary>
    public Task<List<string>> Journal() => Rows("""
        SELECT batch_no, committed_at, event_count, valid_count, click_count, charge_micro, first_hour, last_hour,
               client_hash, prev_hash, hash, payload FROM ingest_batch
        """);

    /// <summary>A server that remembers nothing.</summary>
    public async Task Restart(params (string Name, string Value)[] settings)
    {
        await Server.DisposeAsync();
        Server = await TestServer.Start(
            Storage.Database.Engine,
            _clock,
            builder =>
            {
                foreach (var (name, value) in settings)
                {
                    builder.Configuration[name] = value;
                }
            },
            Storage);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        await Storage.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
