using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>What closing a month promises, on either engine.</summary>
public abstract class SettlementContract(Engine engine) : IAsyncLifetime
{
    private const string Actor = "test";

    private TestServer _server = null!;
    private Books _books = null!;

    private Settlements Settlements => _server.Get<Settlements>();

    public async Task InitializeAsync()
    {
        _server = await Start();
        _books = new Books(_server.Database);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task A_month_becomes_records_with_lines_and_history()
    {
        await Fill(_books);

        var result = await Close("2026-07");

        Assert.Equal(CloseOutcome.Closed, result.Outcome);
        Assert.Equal(SettlementState.Closed, result.Settlement!.State);
        Assert.Equal((6, 3_560_000), (result.Settlement.EventCount, result.Settlement.Charge!.Value.Micros));
        Assert.Equal(
            new SettlementTotals(2, new Cents(305), new Cents(44), new Cents(261)), result.Settlement.Totals);
        Assert.Equal(
            ["shop 2556789 0 6789 255 38 217 150000 CALCULATED 1", "store 500000 0 0 50 6 44 120000 CALCULATED 1"],
            await Shares("2026-07"));
        Assert.Equal(4, await _books.Number("SELECT COUNT(*) FROM revenue_share_line"));
        Assert.Equal(0, await _books.Number("""
            SELECT COUNT(*) FROM revenue_share s WHERE event_gross_micro <> (
                SELECT SUM(amount_micro) FROM revenue_share_line l
                WHERE l.org_id = s.org_id AND l.share_id = s.share_id AND kind = 'EVENTS' AND origin_period = 202607)
            """));
        Assert.Equal(2, await _books.Number("""
            SELECT COUNT(*) FROM share_transition
            WHERE seq = 1 AND from_status = '' AND to_status = 'CALCULATED' AND actor = 'test'
            """));
        Assert.Equal(5, await _books.Number("SELECT COUNT(*) FROM billing_period WHERE state = 'CLOSED'"));
        Assert.Equal(
            6_789 + 0 + 3_211, await _books.Number("SELECT CAST(SUM(carry_micro) AS bigint) FROM revenue_share_carry"));
        Assert.Equal(3, await _books.Number("SELECT COUNT(*) FROM revenue_share_carry"));
    }

    [Fact]
    public async Task Closing_again_changes_nothing()
    {
        await Fill(_books);
        await Close("2026-07");
        var before = await _books.Dump();

        _server.Clock.Now = _server.Clock.Now.AddHours(5);
        var again = await Close("2026-07");

        Assert.Equal(CloseOutcome.AlreadyClosed, again.Outcome);
        Assert.Equal(2, again.Settlement!.Totals!.Value.Records);
        Assert.Equal(before, await _books.Dump());
    }

    [Fact]
    public async Task One_retailers_record_can_be_made_first_and_the_month_is_closed_as_in_one_go()
    {
        await Fill(_books);
        var shop = Books.Id("shop");

        var preview = await Settlements.Close(Books.Month("2026-07"), shop, Actor, dryRun: true, default);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement"));
        var one = await Settlements.Close(Books.Month("2026-07"), shop, Actor, dryRun: false, default);
        var again = await Settlements.Close(Books.Month("2026-07"), shop, Actor, dryRun: false, default);

        Assert.Equal(CloseOutcome.Previewed, preview.Outcome);
        Assert.Equal((CloseOutcome.SettledOne, CloseOutcome.SettledOne), (one.Outcome, again.Outcome));
        Assert.Equal(SettlementState.Closing, one.Settlement!.State);
        Assert.Equal(shop, Assert.Single(one.Preview!).Retailer);
        Assert.Equal(preview.Preview, one.Preview);
        Assert.Equal(one.Preview, again.Preview);
        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM revenue_share"));
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-07")).Outcome);
        Assert.Equal(await ClosedInOneGo(), await _books.Dump());
    }

    [Fact]
    public async Task Closing_many_times_at_once_on_two_nodes_is_closing_once()
    {
        await FillWithMany(_books);
        await using var other = await TestServer.Start(engine, _server.Clock, shared: _server.Storage);

        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(index => Task.Run(() =>
            (index % 2 == 0 ? _server : other).Get<Settlements>().Close(
                Books.Month("2026-07"), Actor, dryRun: false, CancellationToken.None))));

        Assert.All(all, result => Assert.True(result.Succeeded, result.Outcome.ToString()));
        Assert.All(all, result => Assert.Equal(2, result.Settlement!.Totals!.Value.Records));
        Assert.Equal(await ClosedInOneGo(FillWithMany), await _books.Dump());
    }

    [Theory]
    [InlineData("INSERT", "fee_rate")]
    [InlineData("INSERT", "settlement")]
    [InlineData("UPDATE", "ingest_head")]
    [InlineData("INSERT", "billing_period")]
    [InlineData("UPDATE", "billing_period")]
    [InlineData("INSERT", "revenue_share_carry")]
    [InlineData("INSERT", "revenue_share")]
    [InlineData("INSERT", "revenue_share_line")]
    [InlineData("INSERT", "revenue_share_part")]
    [InlineData("INSERT", "ledger_tx")]
    [InlineData("INSERT", "ledger_entry")]
    [InlineData("INSERT", "share_transition")]
    [InlineData("UPDATE", "settlement")]
    public async Task A_close_that_dies_at_any_step_is_finished_by_the_next(string operation, string table)
    {
        await Fill(_books);
        await _books.Break(operation, table);

        var death = await Record.ExceptionAsync(() => Close("2026-07"));

        Assert.Contains("broken here", death?.Message);
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM settlement WHERE state = 'CLOSED'"));
        await _books.Mend(table);
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-07")).Outcome);
        Assert.Equal(await ClosedInOneGo(), await _books.Dump());
    }

    [Fact]
    public async Task A_close_that_dies_between_two_retailers_is_finished_by_the_next()
    {
        // One retailer is not there yet, so its transaction fails; another's was done before, others' may have been.
        await Fill(_books);
        var ghost = new OrganizationId(new Guid("ffffffff-ffff-4fff-8fff-ffffffffffff"));
        await _books.Click(Books.Id("brand"), ghost, "2026-07", 40_000);

        await Settlements.Close(
            Books.Month("2026-07"), Books.Id("shop"), Actor, dryRun: false, CancellationToken.None);
        await Assert.ThrowsAnyAsync<System.Data.Common.DbException>(() => Close("2026-07"));

        Assert.InRange(await _books.Number("SELECT COUNT(*) FROM revenue_share"), 1, 2);
        await _books.Execute(
            "INSERT INTO organization VALUES (@org, 'ghost', FALSE, 1, '{}')", ("org", ghost));
        Assert.Equal(3, (await Close("2026-07")).Settlement!.Totals!.Value.Records);
        Assert.Equal(3, await _books.Number("SELECT COUNT(*) FROM share_transition"));
    }

    [Fact]
    public async Task A_dry_run_tells_what_closing_will_make_and_writes_nothing()
    {
        await Fill(_books);
        var before = await _books.Dump();

        var preview = await Close("2026-07", dryRun: true);

        Assert.Equal(before, await _books.Dump());
        Assert.Equal(CloseOutcome.Previewed, preview.Outcome);
        var closed = await Close("2026-07");
        Assert.Equal(preview.Settlement!.Totals, closed.Settlement!.Totals);
        Assert.Equal(preview.Settlement.Charge, closed.Settlement.Charge);
        Assert.Equal(preview.Settlement.EventCount, closed.Settlement.EventCount);
        Assert.Equal(
            preview.Preview,
            await _server.Get<SettlementStore>().Shares(
                Books.Month("2026-07"), new Http.Page(1, 100), CancellationToken.None));
    }

    [Fact]
    public async Task Rollups_that_differ_from_the_events_block_the_close_until_they_are_mended()
    {
        await Fill(_books);
        await _books.Click(Books.Id("brand"), Books.Id("shop"), "2026-07", 0, rollup: false);
        await _books.Click(Books.Id("label"), Books.Id("shop"), "2026-07", 7, event_: false, rollup: false);
        await _books.Execute("""
            UPDATE stat_hourly SET charge_micro = charge_micro + 1 WHERE org_id = @org
            """, ("org", Books.Id("label")));

        foreach (var dryRun in new[] { true, false })
        {
            Assert.Equal(CloseOutcome.DoesNotAddUp, (await Close("2026-07", dryRun)).Outcome);
        }

        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM revenue_share_carry"));
        Assert.Equal(0, await _books.Number("SELECT COUNT(*) FROM billing_period WHERE state = 'CLOSED'"));
        var log = _server.Log.ToString();
        Assert.Contains(Books.Id("brand").ToString(), log);
        Assert.Contains(Books.Id("label").ToString(), log);

        await _books.Execute(
            "DELETE FROM ingest_batch WHERE charge_micro = 0 AND org_id = @org", ("org", Books.Id("brand")));
        await _books.Execute("""
            UPDATE stat_hourly SET charge_micro = charge_micro - 1 WHERE org_id = @org
            """, ("org", Books.Id("label")));
        Assert.Equal(CloseOutcome.Closed, (await Close("2026-07")).Outcome);
        Assert.Equal(await ClosedInOneGo(), await _books.Dump());
    }

    [Fact]
    public async Task A_flush_under_way_is_waited_for_and_counted()
    {
        await Fill(_books);
        var (locked, release) = (new TaskCompletionSource(), new TaskCompletionSource());
        var flush = _server.Database.Write(
            async connection =>
            {
                await connection.Execute(
                    "UPDATE ingest_head SET config_version = config_version + 1 WHERE org_id = @org",
                    CancellationToken.None,
                    ("org", Books.Id("brand")));
                await _books.Click(connection, Books.Id("brand"), Books.Id("store"), "2026-07", 10_000);
                locked.SetResult();
                await release.Task;
            },
            CancellationToken.None);
        await locked.Task;

        var close = Task.Run(() => Close("2026-07"));
        await Task.Delay(300);
        Assert.False(close.IsCompleted);
        release.SetResult();
        await flush;

        Assert.Equal(3_570_000, (await close).Settlement!.Charge!.Value.Micros);
        Assert.Contains("store 510000 0 0 51 6 45 120000 CALCULATED 1", await Shares("2026-07"));
    }

    [Fact]
    public async Task The_fence_only_rises_and_stands_for_every_organization()
    {
        await Fill(_books);
        await _books.Execute(
            "UPDATE ingest_head SET fenced_through = 202608 WHERE org_id = @org", ("org", Books.Id("label")));

        await Close("2026-07");

        Assert.Equal(5, await _books.Number("SELECT COUNT(*) FROM ingest_head"));
        Assert.Equal(4, await _books.Number("SELECT COUNT(*) FROM ingest_head WHERE fenced_through = 202607"));
        Assert.Equal(1, await _books.Number("SELECT COUNT(*) FROM ingest_head WHERE fenced_through = 202608"));
    }

    /// <summary>Every organization but the last has its head; what is in them is told by the first test.</summary>
    private static async Task Fill(Books books)
    {
        var brand = await books.Organization("brand");
        var label = await books.Organization("label");
        var shop = await books.Organization("shop");
        var store = await books.Organization("store");
        var kiosk = await books.Organization("kiosk", head: false);
        await books.Execute(
            "INSERT INTO fee_rate VALUES (@org, 202601, 120000, 1, 'test')", ("org", store));
        await books.Execute(
            "INSERT INTO fee_rate VALUES (@org, 202608, 900000, 1, 'test')", ("org", shop));
        await books.Execute("""
            INSERT INTO fee_rate VALUES (@org, 197001, 150000, 1, 'configuration') ON CONFLICT DO NOTHING
            """, ("org", default(OrganizationId)));
        await books.Click(brand, shop, "2026-07", 1_234_567, "spring", "north", dayAndHour: 100);
        await books.Click(brand, shop, "2026-07", 1_000_000, "spring", "south", dayAndHour: 3123);
        await books.Click(label, shop, "2026-07", 322_222, "autumn", "north");
        await books.Click(label, store, "2026-07", 500_000, "autumn", "mall");
        await books.Click(label, kiosk, "2026-07", 3_211, "autumn", "booth");
        await books.Click(brand, null, "2026-07", 500_000);
        await books.Click(brand, shop, "2026-08", 77_777_777, dayAndHour: 100);
    }

    /// <summary>Enough organizations, their ids in no order, that closes at once meet at each other's locks.</summary>
    private static async Task FillWithMany(Books books)
    {
        await Fill(books);
        for (var index = 0; index < 60; index++)
        {
            await books.Organization($"other {index}");
        }
    }

    /// <summary>What a database filled the same and closed without trouble holds.</summary>
    private async Task<string> ClosedInOneGo(Func<Books, Task>? fill = null)
    {
        await using var server = await Start();
        var books = new Books(server.Database);
        await (fill ?? Fill)(books);
        await server.Get<Settlements>().Close(Books.Month("2026-07"), Actor, dryRun: false, CancellationToken.None);
        return await books.Dump();
    }

    private Task<TestServer> Start() => TestServer.Start(engine);

    private Task<CloseResult> Close(string month, bool dryRun = false) =>
        Settlements.Close(Books.Month(month), Actor, dryRun, CancellationToken.None);

    private Task<List<string>> Shares(string month) => _server.Database.Read(
        connection => connection.Query(
            """
            SELECT o.name, event_gross_micro, carry_in_micro, carry_out_micro, gross_cents, fee_cents, share_cents,
                   fee_ppm, status, revision
            FROM revenue_share s JOIN organization o ON o.org_id = s.org_id WHERE period = @period ORDER BY o.name
            """,
            row => string.Join(' ', Enumerable.Range(0, row.FieldCount).Select(column => row.GetValue(column))),
            CancellationToken.None,
            ("period", Books.Month(month))),
        CancellationToken.None);
}

public sealed class SqliteSettlement() : SettlementContract(Engine.Sqlite);

public sealed class PostgresSettlement() : SettlementContract(Engine.Postgres);
