using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Ledger;

/// <summary>What is booked sums to zero, is booked once, and stays.</summary>
public abstract class LedgerContract(DatabaseFixture fixture)
{
    private static readonly Period Month = Period.FromNumber(202608);

    private static int _shops;

    private readonly OrganizationId _shop = new(NamedId.Create("ledger/" + Interlocked.Increment(ref _shops)));
    private readonly LedgerStore _ledger = new(new TestClock());

    [Fact]
    public async Task A_reference_is_booked_once_and_again_with_the_same_entries_changes_nothing()
    {
        Assert.Equal(PostOutcome.Posted, await Post((Account.Receivable, 100), (Account.Payable, -100)));
        Assert.Equal(PostOutcome.AlreadyPosted, await Post((Account.Receivable, 100), (Account.Payable, -100)));
        Assert.Equal(2, await Number("SELECT COUNT(*) FROM ledger_entry WHERE org_id = @org"));
    }

    [Fact]
    public async Task Reusing_a_reference_for_other_money_is_refused()
    {
        await Post((Account.Receivable, 100), (Account.Payable, -100));

        Assert.Equal(PostOutcome.ConflictsWithEarlier, await Post((Account.Receivable, 90), (Account.Payable, -90)));
        Assert.Equal(PostOutcome.ConflictsWithEarlier, await Post((Account.Receivable, 100), (Account.Fee, -100)));
        Assert.Equal(
            100, await Number("SELECT MAX(amount_micro) FROM ledger_entry WHERE org_id = @org"));
    }

    [Fact]
    public async Task Entries_that_do_not_sum_to_zero_are_a_bug_and_leave_nothing()
    {
        await Assert.ThrowsAsync<ArgumentException>(() => Post((Account.Receivable, 100), (Account.Payable, -99)));

        Assert.Equal(0, await Number("SELECT COUNT(*) FROM ledger_tx WHERE org_id = @org"));
    }

    [Fact]
    public async Task Entries_of_nothing_are_left_out()
    {
        await Post((Account.Receivable, 100), (Account.Fee, 0), (Account.Payable, -100));

        Assert.Equal(2, await Number("SELECT MAX(line) FROM ledger_entry WHERE org_id = @org"));
    }

    [Fact]
    public async Task One_of_many_at_once_is_booked()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(
            () => Post((Account.Receivable, 1 + (number % 2)), (Account.Payable, -1 - (number % 2))))));

        Assert.Single(outcomes, PostOutcome.Posted);
        Assert.Equal(3, outcomes.Count(outcome => outcome == PostOutcome.AlreadyPosted));
        Assert.Equal(0, await Number("SELECT SUM(amount_micro) FROM ledger_entry WHERE org_id = @org"));
    }

    [Fact]
    public void The_words_in_columns_never_change()
    {
        Assert.Equal(
            ["RECEIVABLE", "PAYABLE", "FEE", "OWN", "CARRY", "CLEARING", "BANK"],
            Enum.GetValues<Account>().Select(LedgerWords.Of));
        Assert.All(Enum.GetValues<Account>(), account =>
            Assert.Equal(account, LedgerWords.Account(LedgerWords.Of(account))));
        Assert.Equal(
            ["SETTLEMENT", "OWN", "PAYOUT", "REVERSAL"], Enum.GetValues<LedgerKind>().Select(LedgerWords.Of));
    }

    private Task<PostOutcome> Post(params (Account Account, long Micros)[] entries) => fixture.Database.Write(
        connection => _ledger.Post(
            connection,
            new Posting(
                _shop,
                "settlement/2026-08",
                LedgerKind.Settlement,
                Month,
                [.. entries.Select(entry => new Entry(entry.Account, _shop, new Money(entry.Micros)))]),
            default),
        default);

    private async Task<long> Number(string sql) => (await fixture.Database.Read(
        connection => connection.Number(sql, default, ("org", _shop)), default)) ?? 0;
}

public sealed class SqliteLedger(SqliteSchema fixture) : LedgerContract(fixture), IClassFixture<SqliteSchema>;

public sealed class PostgresLedger(PostgresSchema fixture) : LedgerContract(fixture), IClassFixture<PostgresSchema>;
