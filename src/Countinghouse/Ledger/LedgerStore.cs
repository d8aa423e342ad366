using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ledger;

/// <summary>
/// Books in double entry. Rows are only added; what was wrong is reversed by a transaction of its own. Does not know
/// what an ad is.
/// </summary>
public sealed class LedgerStore(TimeProvider clock)
{
    private const string InsertTransaction = """
        INSERT INTO ledger_tx (org_id, reference, kind, booked_period, created_at, reverses)
        VALUES (@org, @reference, @kind, @period, @now, @reverses)
        ON CONFLICT (org_id, reference) DO NOTHING
        """;

    private const string InsertEntry = """
        INSERT INTO ledger_entry (org_id, reference, line, account, party_id, amount_micro)
        VALUES (@org, @reference, @line, @account, @party, @amount)
        """;

    private const string FindEntries = """
        SELECT account, party_id, amount_micro FROM ledger_entry
        WHERE org_id = @org AND reference = @reference ORDER BY line
        """;

    private const string SumAccounts = """
        SELECT e.account, CAST(SUM(CASE WHEN e.amount_micro > 0 THEN e.amount_micro ELSE 0 END) AS bigint),
               CAST(SUM(CASE WHEN e.amount_micro < 0 THEN e.amount_micro ELSE 0 END) AS bigint)
        FROM ledger_entry e JOIN ledger_tx t ON t.org_id = e.org_id AND t.reference = e.reference
        WHERE t.booked_period <= @through
        GROUP BY e.account
        """;

    /// <summary>
    /// Books on the transaction of <paramref name="connection"/>, so that it stands or falls with what it is about.
    /// Entries that do not sum to zero are a bug, and an <see cref="ArgumentException"/>.
    /// </summary>
    public async Task<PostOutcome> Post(DbConnection connection, Posting posting, CancellationToken cancellation)
    {
        var entries = posting.Entries.Where(entry => entry.Amount != Money.Zero).ToList();
        if (entries.Aggregate((Int128)0, (sum, entry) => sum + entry.Amount.Micros) != 0)
        {
            throw new ArgumentException($"The entries of {posting.Reference} do not sum to zero.", nameof(posting));
        }

        var inserted = await connection.Execute(
            InsertTransaction,
            cancellation,
            ("org", posting.Organization),
            ("reference", posting.Reference),
            ("kind", LedgerWords.Of(posting.Kind)),
            ("period", posting.Month),
            ("reverses", posting.Reverses),
            ("now", Instant.Of(clock.GetUtcNow())));
        if (inserted == 0)
        {
            var earlier = await connection.Query(
                FindEntries,
                row => new Entry(
                    LedgerWords.Account(row.GetString(0)), row.Id<OrganizationId>(1), new Money(row.GetInt64(2))),
                cancellation,
                ("org", posting.Organization),
                ("reference", posting.Reference));
            return earlier.SequenceEqual(entries) ? PostOutcome.AlreadyPosted : PostOutcome.ConflictsWithEarlier;
        }

        await connection.ExecuteMany(
            InsertEntry,
            ["org", "reference", "line", "account", "party", "amount"],
            entries.Select((entry, index) => new object?[]
            {
                posting.Organization, posting.Reference, index + 1, LedgerWords.Of(entry.Account), entry.Party,
                entry.Amount,
            }),
            cancellation);
        return PostOutcome.Posted;
    }

    /// <summary>What each account comes to through a month; accounts without an entry are left out.</summary>
    public static async Task<List<AccountBalance>> TrialBalance(
        DbConnection connection, Period through, CancellationToken cancellation)
    {
        var balances = await connection.Query(
            SumAccounts,
            row => new AccountBalance(
                LedgerWords.Account(row.GetString(0)), new Money(row.GetInt64(1)), new Money(row.GetInt64(2))),
            cancellation,
            ("through", through));
        balances.Sort((one, other) => one.Account.CompareTo(other.Account));
        return balances;
    }
}

/// <summary>The words in columns; frozen.</summary>
public static class LedgerWords
{
    public static string Of(Account account) => account switch
    {
        Ledger.Account.Receivable => "RECEIVABLE",
        Ledger.Account.Payable => "PAYABLE",
        Ledger.Account.Fee => "FEE",
        Ledger.Account.Own => "OWN",
        Ledger.Account.Carry => "CARRY",
        Ledger.Account.Clearing => "CLEARING",
        Ledger.Account.Bank => "BANK",
    };

    public static string Of(LedgerKind kind) => kind switch
    {
        LedgerKind.Settlement => "SETTLEMENT",
        LedgerKind.Own => "OWN",
        LedgerKind.Payout => "PAYOUT",
        LedgerKind.Reversal => "REVERSAL",
    };

    public static Account Account(string word) => Enum.Parse<Account>(word, ignoreCase: true);
}
