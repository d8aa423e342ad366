using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Retention;

/// <summary>Partitions of the journal; PostgreSQL's alone, for SQLite has none.</summary>
public sealed class JournalMonthsTests : IAsyncLifetime
{
    private TestServer _server = null!;
    private Market _market = null!;

    private JournalMonths Months => _server.Get<JournalMonths>();

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(Engine.Postgres);
        _market = await Market.Open(_server);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_coming_months_are_there_before_they_begin()
    {
        _server.Clock.Now = new DateTimeOffset(2026, 11, 30, 23, 0, 0, TimeSpan.Zero);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Months.Ensure(_server.Clock.Now, default)));

        Assert.Superset(
            new HashSet<string> { "ingest_batch_2026_11", "ingest_batch_2026_12", "ingest_batch_2027_02" },
            (await Months.Names(default)).ToHashSet());
        Assert.Equal(0, await Number("SELECT COUNT(*) FROM pg_constraint WHERE conname LIKE 'not_%'"));
    }

    [Fact]
    public async Task A_batch_lies_in_its_month_and_one_without_a_month_among_the_others()
    {
        var campaign = await _market.NewCampaign();
        await _market.Click(campaign);
        _server.Clock.Now = _server.Clock.Now.AddYears(2);
        await _market.Click(campaign);

        Assert.Equal(1, await Number("SELECT COUNT(*) FROM ingest_batch_2026_08"));
        Assert.Equal(1, await Number("SELECT COUNT(*) FROM ingest_batch_other"));

        // It stays there, and the months after it are made.
        await Months.Ensure(_server.Clock.Now, default);
        await _market.Click(campaign);
        Assert.Equal(2, await Number("SELECT COUNT(*) FROM ingest_batch_other"));
        Assert.Contains("ingest_batch_2028_09", await Months.Names(default));
        Assert.DoesNotContain("ingest_batch_2028_08", await Months.Names(default));
    }

    [Fact]
    public async Task A_month_has_the_keys_and_checks_of_all_others()
    {
        var indexes = await _server.Database.Read(
            c => c.Query(
                """
                SELECT tablename, regexp_replace(indexdef, '^CREATE (UNIQUE )?INDEX \S+ ON \S+', '\1')
                FROM pg_indexes WHERE tablename IN ('ingest_batch_other', 'ingest_batch_2026_08')
                """,
                row => (Table: row.GetString(0), Definition: row.GetString(1)),
                default),
            default);

        var byTable = indexes.ToLookup(index => index.Table, index => index.Definition);
        Assert.Equal(4, byTable["ingest_batch_other"].Count());
        Assert.Equal(byTable["ingest_batch_other"].Order(), byTable["ingest_batch_2026_08"].Order());
    }

    [Fact]
    public async Task Whoever_reads_for_long_keeps_the_change_waiting_and_not_the_flushes()
    {
        var campaign = await _market.NewCampaign();
        await using var reader = await _server.Database.Open(default);
        await using (var transaction = await reader.BeginTransactionAsync())
        {
            await reader.Number("SELECT COUNT(*) FROM ingest_batch", default);
            var adding = Months.Add(Period.FromNumber(202707), isAhead: true, default);
            for (var clicks = 0; clicks < 40; clicks++)
            {
                Assert.Equal(200, (await _market.Click(campaign)).Status);
            }

            await transaction.RollbackAsync();
            Assert.True(await adding);
        }

        Assert.Contains("ingest_batch_2027_07", await Months.Names(default));
    }

    private async Task<long> Number(string sql) =>
        (await _server.Database.Read(c => c.Number(sql, default), default))!.Value;
}
