using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>Closed months are in the ledger to the micro, and what is tampered with is found.</summary>
public abstract class ShareBooksContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Books _books = null!;
    private OrganizationId _shop;

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _books = new Books(_server.Database);
        var brand = await _books.Organization("brand");
        var maker = await _books.Organization("maker");
        _shop = await _books.Organization("shop");
        var small = await _books.Organization("small");
        await _books.Click(brand, _shop, "2026-05", 1_234_567);
        await _books.Click(maker, _shop, "2026-05", 1_000_000);
        await _books.Click(brand, small, "2026-05", 6_000);
        await _books.Click(brand, null, "2026-05", 500_000);
        await _books.Click(brand, _shop, "2026-06", 765_433);
        await _books.Click(brand, small, "2026-06", 6_000);
        await _books.Click(maker, null, "2026-07", 250_000);
        await _server.Get<Settlements>().CloseDue("test", CancellationToken.None);
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Fact]
    public async Task The_trial_balance_is_what_the_months_come_to_and_sums_to_zero()
    {
        var key = await _server.NewKey(await _books.Organization("platform", isOperator: true));

        // Shop: 223 cents, fee 33, carry 4567; then 77 cents, fee 11, carry 0. Small: a carry of 6000; then a cent.
        Assert.Equal(
            [
                ("RECEIVABLE", 3_762_000), ("PAYABLE", -2_570_000), ("FEE", -440_000), ("OWN", -750_000),
                ("CARRY", -2_000),
            ],
            await Balances("ledger/trial-balance", key));
        Assert.Equal(
            [
                ("RECEIVABLE", 2_740_567), ("PAYABLE", -1_900_000), ("FEE", -330_000), ("OWN", -500_000),
                ("CARRY", -10_567),
            ],
            await Balances("ledger/trial-balance?month=2026-05", key));
        Assert.Equal(422, (await _server.Send(HttpMethod.Get, "ledger/trial-balance?month=May", key)).Status);
        var shop = await _server.NewKey(_shop);
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "ledger/trial-balance", shop)).Status);
    }

    [Fact]
    public async Task What_is_closed_again_is_not_booked_again()
    {
        var before = await _books.Dump();

        await _server.Get<Settlements>().Close(Books.Month("2026-06"), "test", dryRun: false, default);

        Assert.Equal(before, await _books.Dump());
        Assert.Contains("settlement/2026-06", before, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("ledger_tx sum", "UPDATE ledger_entry SET amount_micro = amount_micro + 1 WHERE account = 'OWN'")]
    [InlineData("ledger_entry receivable", """
        UPDATE ledger_entry SET amount_micro = amount_micro + CASE account WHEN 'OWN' THEN -1 ELSE 1 END
        WHERE reference = 'own/2026-05'
        """)]
    [InlineData("ledger_entry payable", """
        UPDATE ledger_entry SET amount_micro = amount_micro + CASE account WHEN 'FEE' THEN -10000 ELSE 10000 END
        WHERE account IN ('PAYABLE', 'FEE') AND reference = 'settlement/2026-06' AND amount_micro < -20000
        """)]
    [InlineData("ledger_entry fee", "UPDATE ledger_entry SET account = 'CARRY' WHERE account = 'FEE'")]
    [InlineData("ledger_entry carry", "UPDATE revenue_share_carry SET carry_micro = carry_micro + 1")]
    [InlineData("revenue_share event_gross_micro", """
        UPDATE revenue_share SET event_gross_micro = event_gross_micro + 1, carry_out_micro = carry_out_micro + 1
        """)]
    [InlineData("revenue_share adjustment_micro", """
        UPDATE revenue_share SET adjustment_micro = adjustment_micro + 1, carry_out_micro = carry_out_micro + 1
        """)]
    [InlineData("revenue_share_line amount_micro", "UPDATE revenue_share_line SET amount_micro = amount_micro + 1")]
    [InlineData("revenue_share_part gross_cents", """
        UPDATE revenue_share_part SET gross_cents = gross_cents + 1, fee_cents = fee_cents + 1
        """)]
    [InlineData("revenue_share_part fee_cents", """
        UPDATE revenue_share_part SET fee_cents = fee_cents + 1, share_cents = share_cents - 1
        """)]
    [InlineData("revenue_share_part share_cents", """
        UPDATE revenue_share_part SET fee_cents = fee_cents + 1, share_cents = share_cents - 1
        """)]
    [InlineData("ledger_entry payable", "DELETE FROM ledger_entry WHERE reference = 'settlement/2026-06'")]
    public async Task What_is_tampered_with_is_found(string found, string sql)
    {
        Assert.Empty(await Differences());

        await _books.Execute(sql);

        Assert.Contains(found, await Differences());
    }

    /// <summary>The migration books months that were settled before as the close would have.</summary>
    [Fact]
    [Trait("Server", "Own")]
    public async Task Months_from_before_the_ledger_are_booked_alike()
    {
        const string entries = """
            SELECT org_id, reference, account, party_id, amount_micro FROM ledger_entry ORDER BY 1, 2, 3, 4
            """;
        var before = await Rows(entries);
        var script = File.ReadAllText(
            Path.Combine(Repository.Product, "Storage", "Migrations", "0008_ledger.sql"));
        await _books.Execute("DELETE FROM ledger_entry");
        await _books.Execute("DELETE FROM ledger_tx");

        await _books.Execute(script[script.IndexOf("-- Months that were settled", StringComparison.Ordinal)..]);

        Assert.Equal(before, await Rows(entries));
        Assert.Empty(await Differences());
    }

    private async Task<List<string>> Differences() =>
        [
            .. (await _server.Get<Verifier>().Verify(null, _ => { }, default)).Differences
                .Where(IsOfBooks)
                .Select(difference => $"{difference.Table} {difference.Figure}"),
        ];

    /// <summary>Not of batches and totals, which this test's months have no more of than a close needs.</summary>
    private static bool IsOfBooks(Difference difference) =>
        difference.Table.StartsWith("ledger") || difference.Table.StartsWith("revenue_share");

    private async Task<List<(string?, long)>> Balances(string path, string key)
    {
        var balance = await _server.GetJson(path, key);
        Assert.True(balance.GetProperty("is_balanced").GetBoolean());
        return
        [
            .. balance.GetProperty("accounts").EnumerateArray().Select(account => (
                account.GetProperty("account").GetString(), account.GetProperty("balance_micros").GetInt64())),
        ];
    }

    private Task<List<string>> Rows(string sql) => _server.Database.Read(
        connection => connection.Query(
            sql, row => string.Join('|', Enumerable.Range(0, row.FieldCount).Select(i => $"{row[i]}")), default),
        default);
}

public sealed class SqliteShareBooks() : ShareBooksContract(Engine.Sqlite);

public sealed class PostgresShareBooks() : ShareBooksContract(Engine.Postgres);
