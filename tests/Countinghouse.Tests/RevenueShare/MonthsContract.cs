using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;

namespace Countinghouse.RevenueShare;

/// <summary>What holds from month to month, on either engine: order, carries, rates.</summary>
public abstract class MonthsContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _brand;
    private OrganizationId _shop;

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        _brand = await _books.Organization("brand");
        _shop = await _books.Organization("shop");
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_month_closes_72_hours_after_its_end_and_not_a_moment_before()
    {
        await _books.Click(_brand, _shop, "2026-07", 10_000);
        var before = await _books.Dump();
        _server.Clock.Now = new DateTimeOffset(2026, 8, 4, 0, 0, 0, TimeSpan.Zero).AddMicroseconds(-1);

        Assert.Equal(CloseOutcome.TooEarly, (await Close("2026-07")).Outcome);
        Assert.Equal(CloseOutcome.TooEarly, (await Close("2026-07", dryRun: true)).Outcome);
        Assert.Equal(before, await _books.Dump());

        _server.Clock.Now = _server.Clock.Now.AddMicroseconds(1);
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-07")).Outcome);
    }

    [Fact]
    public async Task Months_close_in_order_from_the_first_with_an_event()
    {
        await _books.Click(_brand, _shop, "2026-04", 10_000);
        await _books.Click(_brand, _shop, "2026-06", 20_000);
        var before = await _books.Dump();

        var later = await Close("2026-05");
        Assert.Equal((CloseOutcome.OutOfOrder, Books.Month("2026-04")), (later.Outcome, later.First!.Value));
        var earlier = await Close("2026-03");
        Assert.Equal((CloseOutcome.BeforeFirst, Books.Month("2026-04")), (earlier.Outcome, earlier.First!.Value));
        Assert.Equal(before, await _books.Dump());

        Assert.Equal(CloseOutcome.Closed, (await Close("2026-04")).Outcome);
        Assert.Equal(CloseOutcome.OutOfOrder, (await Close("2026-06")).Outcome);
        var empty = await Close("2026-05");
        Assert.Equal((CloseOutcome.Closed, 0, 0), (
            empty.Outcome, empty.Settlement!.EventCount!.Value, empty.Settlement.Totals!.Value.Records));
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-06")).Outcome);
        Assert.Equal(CloseOutcome.BeforeFirst, (await Close("2026-03")).Outcome);
        Assert.Equal(CloseOutcome.AlreadyClosed, (await Close("2026-04")).Outcome);
    }

    [Fact]
    public async Task A_close_that_was_overtaken_by_an_earlier_event_gives_way()
    {
        // As if an event of June had come in after the close of July began and before its fence stood.
        await _books.Execute(
            "INSERT INTO settlement (period, state, started_at, actor) VALUES (202607, 'CLOSING', 1, 'x')");
        await _books.Click(_brand, _shop, "2026-07", 10_000);
        await _books.Click(_brand, _shop, "2026-06", 10_000);

        var overtaken = await Close("2026-07");

        Assert.Equal((CloseOutcome.OutOfOrder, Books.Month("2026-06")), (overtaken.Outcome, overtaken.First!.Value));
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-06")).Outcome);
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-07")).Outcome);
    }

    [Fact]
    public async Task Without_any_event_a_month_closes_and_the_job_leaves_it_alone()
    {
        Assert.Null(await _server.Get<Settlements>().CloseDue("job", CancellationToken.None));

        Assert.Equal(CloseOutcome.Closed, (await Close("2026-06")).Outcome);
        Assert.Equal(CloseOutcome.BeforeFirst, (await Close("2026-05")).Outcome);
    }

    [Fact]
    public async Task The_job_closes_all_that_is_due_in_order_and_nothing_more()
    {
        await _books.Click(_brand, _shop, "2026-05", 10_000);
        await _books.Click(_brand, _shop, "2026-08", 10_000);

        Assert.Equal(CloseOutcome.Closed, await _server.Get<Settlements>().CloseDue("job", CancellationToken.None));

        Assert.Equal(3, await _books.Number("SELECT COUNT(*) FROM settlement WHERE state = 'CLOSED'"));
        Assert.Equal(202607, await _books.Number("SELECT MAX(period) FROM settlement"));
        Assert.Null(await _server.Get<Settlements>().CloseDue("job", CancellationToken.None));
    }

    [Fact]
    public async Task The_job_stops_at_a_month_that_does_not_add_up()
    {
        await _books.Click(_brand, _shop, "2026-06", 10_000);
        await _books.Click(_brand, _shop, "2026-06", 10_000, rollup: false);

        Assert.Equal(
            CloseOutcome.DoesNotAddUp, await _server.Get<Settlements>().CloseDue("job", CancellationToken.None));
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement WHERE state = 'CLOSED'"));
    }

    [Fact]
    public async Task What_is_below_a_cent_is_carried_until_it_makes_one()
    {
        var kiosk = await _books.Organization("kiosk");
        foreach (var (month, micros) in new[] { ("2026-03", 4_000), ("2026-04", 5_999), ("2026-06", 30_002) })
        {
            await _books.Click(_brand, kiosk, month, micros);
        }

        foreach (var month in new[] { "2026-03", "2026-04", "2026-05", "2026-06" })
        {
            Assert.Equal(CloseOutcome.Closed, (await Close(month)).Outcome);
        }

        Assert.Equal(["202603 4000", "202604 9999", "202606 1"], await Carries(kiosk));
        var record = Assert.Single(await Records(kiosk));
        Assert.Equal((new Cents(4), new Cents(0), new Cents(4)), (
            record.GrossRevenue, record.PlatformFee, record.RetailerShare));
        Assert.Equal(9_999, await _books.Number("SELECT carry_in_micro FROM revenue_share"));
        Assert.Equal(30_002, await _books.Number("SELECT event_gross_micro FROM revenue_share"));
    }

    [Fact]
    public async Task Over_many_months_no_micro_is_lost()
    {
        const int seed = 4711;
        var random = new Random(seed);
        var total = 0L;
        var month = Books.Month("2025-07");
        for (; month <= Books.Month("2026-07"); month = month.Next)
        {
            var micros = random.Next(1, 60_000);
            total += micros;
            await _books.Click(_brand, _shop, month.ToString(), micros);
        }

        await _server.Get<Settlements>().CloseDue("job", CancellationToken.None);

        var gross = await _books.Number("SELECT CAST(SUM(gross_cents) AS bigint) FROM revenue_share");
        var carry = await _books.Number("SELECT carry_micro FROM revenue_share_carry ORDER BY period DESC LIMIT 1");
        Assert.True(total == (gross * 10_000) + carry, $"seed {seed}: {total} <> {gross} cents + {carry}");
    }

    [Fact]
    public async Task A_retailers_own_rate_applies_from_its_month_and_the_default_before()
    {
        var rates = _server.Get<FeeRateStore>();
        await rates.Set(FeeRateStore.Platform, Books.Month("2026-06"), new FeeRate(200_000), "test", default);
        await rates.Set(_shop, Books.Month("2026-07"), new FeeRate(100_000), "test", default);
        await rates.Set(_shop, Books.Month("2026-08"), new FeeRate(500_000), "test", default);
        foreach (var month in new[] { "2026-05", "2026-06", "2026-07" })
        {
            await _books.Click(_brand, _shop, month, 1_000_000);
            await Close(month);
        }

        Assert.Equal(
            ["0.10", "0.20", "0.15"], (await Records(_shop)).Select(record => record.PlatformFeeRate.ToString()));
    }

    [Fact]
    public async Task A_default_edited_in_the_settings_re_prices_nothing()
    {
        await _books.Click(_brand, _shop, "2026-07", 1_000_000);
        await _server.Get<FeeRateStore>().KeepFirst(CancellationToken.None);
        await using var edited = await TestServer.Start(engine, configure: Edited, shared: _server.Storage);

        Assert.Equal("0.5", edited.Get<IOptions<RevenueShareOptions>>().Value.DefaultFeeRate);
        await edited.Get<Settlements>().Close(Books.Month("2026-07"), "test", dryRun: false, CancellationToken.None);

        Assert.Equal("0.15", Assert.Single(await Records(_shop)).PlatformFeeRate.ToString());
    }

    [Fact]
    public async Task A_default_that_is_no_rate_stops_the_start_with_the_settings_name()
    {
        var refused = await Record.ExceptionAsync(() => TestServer.Start(engine, configure: builder =>
            Set(builder, "1.5"), shared: _server.Storage));

        Assert.Contains("DefaultFeeRate", Assert.IsType<OptionsValidationException>(refused).Message);
    }

    private static void Edited(WebApplicationBuilder builder) => Set(builder, "0.5");

    private static void Set(WebApplicationBuilder builder, string rate) => builder.Configuration.AddInMemoryCollection(
        new Dictionary<string, string?> { ["RevenueShare:DefaultFeeRate"] = rate });

    private Task<CloseResult> Close(string month, bool dryRun = false) => _server.Get<Settlements>().Close(
        Books.Month(month), "test", dryRun, CancellationToken.None);

    private async Task<IReadOnlyList<RevenueShareOut>> Records(OrganizationId retailer) =>
        (await _server.Get<RevenueShareStore>().List(retailer, new Page(1, 100), CancellationToken.None)).Data;

    private Task<List<string>> Carries(OrganizationId retailer) => _server.Database.Read(
        connection => connection.Query(
            "SELECT period, carry_micro FROM revenue_share_carry WHERE org_id = @org ORDER BY period",
            row => $"{row.GetInt32(0)} {row.GetInt64(1)}",
            CancellationToken.None,
            ("org", retailer)),
        CancellationToken.None);
}

public sealed class SqliteMonths() : MonthsContract(Engine.Sqlite);

public sealed class PostgresMonths() : MonthsContract(Engine.Postgres);
