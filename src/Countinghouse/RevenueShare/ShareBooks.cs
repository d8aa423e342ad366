using System.Data.Common;
using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Ledger;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Books closed months in the ledger, and holds ledger and records against what they follow from: together with
/// <see cref="Verifier"/>, which holds that against the events, every cent of a retailer goes back to events.
/// </summary>
public sealed class ShareBooks(LedgerStore ledger)
{
    // By advertiser, what it was charged for a retailer's offers (the zero id: for none) in a month, corrected.
    private const string ChargedOfMonth = """
        SELECT org_id, CAST(SUM(amount_micro) AS bigint)
        FROM (
            SELECT org_id, charge_micro AS amount_micro
            FROM stat_hourly WHERE retailer_org_id = @retailer AND hour BETWEEN @first AND @last
            UNION ALL
            SELECT org_id, amount_micro FROM adjustment WHERE retailer_org_id = @retailer AND applied_period = @period
        ) AS moved
        GROUP BY org_id HAVING SUM(amount_micro) <> 0
        ORDER BY org_id
        """;

    private const string ChargedOfLines = """
        SELECT source_org_id, CAST(SUM(amount_micro) AS bigint)
        FROM revenue_share_line WHERE org_id = @retailer AND share_id = @share
        GROUP BY source_org_id HAVING SUM(amount_micro) <> 0
        ORDER BY source_org_id
        """;

    /// <summary>What must be equal: organization, what it is of, stored and expected; only rows that differ.</summary>
    private static readonly (string Table, string Figure, string Sql)[] Checks =
    [
        ("ledger_tx", "sum", """
            SELECT org_id, reference, CAST(SUM(amount_micro) AS bigint), 0
            FROM ledger_entry GROUP BY org_id, reference HAVING SUM(amount_micro) <> 0
            """),
        ("ledger_entry", "receivable", """
            SELECT @nobody, CAST(s.period AS text), x.stored, x.expected FROM settlement s JOIN (
                SELECT m.period,
                    (SELECT CAST(COALESCE(SUM(e.amount_micro), 0) AS bigint) FROM ledger_tx t
                     JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference
                     WHERE t.booked_period = m.period AND e.account = 'RECEIVABLE') AS stored,
                    (SELECT CAST(COALESCE(SUM(charge_micro), 0) AS bigint) FROM billing_period
                     WHERE period = m.period)
                    + (SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint) FROM adjustment
                       WHERE applied_period = m.period) AS expected
                FROM settlement m WHERE m.state = 'CLOSED'
            ) AS x ON x.period = s.period WHERE x.stored <> x.expected
            """),
        ("ledger_entry", "payable", Retailers("'PAYABLE'", "share_cents * 10000", "revenue_share")),
        ("ledger_entry", "fee", Retailers("'FEE'", "fee_cents * 10000", "revenue_share")),
        ("ledger_entry", "carry", Retailers("'CARRY'", "carry_micro", """
            (SELECT c.org_id, c.carry_micro FROM revenue_share_carry c WHERE c.period = (
                SELECT MAX(l.period) FROM revenue_share_carry l WHERE l.org_id = c.org_id))
            """)),
        ("revenue_share", "event_gross_micro", Records("event_gross_micro", """
            SELECT CAST(COALESCE(SUM(charge_micro), 0) AS bigint) FROM stat_hourly
            WHERE retailer_org_id = r.org_id AND hour BETWEEN r.period * 10000 AND r.period * 10000 + 9999
            """)),
        ("revenue_share", "adjustment_micro", Records("adjustment_micro", """
            SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint) FROM adjustment
            WHERE retailer_org_id = r.org_id AND applied_period = r.period
            """)),
        ("revenue_share_line", "amount_micro", Records("event_gross_micro + adjustment_micro", """
            SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint) FROM revenue_share_line
            WHERE org_id = r.org_id AND share_id = r.share_id
            """)),
        ("revenue_share_part", "gross_cents", Records("gross_cents", Parts("gross_cents"))),
        ("revenue_share_part", "fee_cents", Records("fee_cents", Parts("fee_cents"))),
        ("revenue_share_part", "share_cents", Records("share_cents", Parts("share_cents"))),
    ];

    /// <summary>Books a retailer's month, in the transaction that settles it.</summary>
    public async Task Settled(
        DbConnection connection,
        OrganizationId retailer,
        Period period,
        Calculation made,
        IEnumerable<Entry> charged,
        CancellationToken cancellation)
    {
        var entries = charged.ToList();
        entries.Add(new Entry(Account.Payable, retailer, new Money(-made.Share.Value * Money.MicrosPerCent)));
        entries.Add(new Entry(Account.Fee, retailer, new Money(-made.Fee.Value * Money.MicrosPerCent)));
        entries.Add(new Entry(Account.Carry, retailer, made.CarryIn - made.CarryOut));
        await Post(
            connection,
            new Posting(retailer, $"settlement/{period}", LedgerKind.Settlement, period, entries),
            cancellation);
    }

    /// <summary>Books what of a month is the platform's own, in the transaction that finishes it.</summary>
    public async Task Finished(DbConnection connection, Period period, CancellationToken cancellation)
    {
        OrganizationId platform = default;
        var entries = await Charged(connection, platform, period, cancellation);
        if (entries.Count > 0)
        {
            entries.Add(new Entry(Account.Own, platform, new Money(-entries.Sum(entry => entry.Amount.Micros))));
            await Post(
                connection, new Posting(platform, $"own/{period}", LedgerKind.Own, period, entries), cancellation);
        }
    }

    /// <summary>What each advertiser owes for a retailer's month, by rollups and corrections.</summary>
    public static Task<List<Entry>> Charged(
        DbConnection connection, OrganizationId retailer, Period period, CancellationToken cancellation) =>
        connection.Query(
            ChargedOfMonth,
            Receivable,
            cancellation,
            ("retailer", retailer),
            ("period", period),
            ("first", period.FirstDay.FirstHour),
            ("last", period.LastDay.LastHour));

    /// <summary>The same by the lines of the month's record.</summary>
    public static Task<List<Entry>> ChargedByLines(
        DbConnection connection, OrganizationId retailer, ShareId share, CancellationToken cancellation) =>
        connection.Query(ChargedOfLines, Receivable, cancellation, ("retailer", retailer), ("share", share));

    private static Entry Receivable(DbDataReader row) =>
        new(Account.Receivable, row.Id<OrganizationId>(0), new Money(row.GetInt64(1)));

    /// <summary>Reports every figure of ledger and records that is not what it follows from.</summary>
    public static async Task Check(
        DbConnection connection, Action<Difference> report, CancellationToken cancellation)
    {
        foreach (var (table, figure, sql) in Checks)
        {
            await connection.ForEach(
                sql,
                row => report(new Difference(
                    row.Id<OrganizationId>(0),
                    table,
                    row.GetString(1),
                    figure,
                    row.GetInt64(2).ToString(CultureInfo.InvariantCulture),
                    row.GetInt64(3).ToString(CultureInfo.InvariantCulture))),
                cancellation,
                ("nobody", default(OrganizationId)));
        }
    }

    private async Task Post(DbConnection connection, Posting posting, CancellationToken cancellation)
    {
        if (await ledger.Post(connection, posting, cancellation) == PostOutcome.ConflictsWithEarlier)
        {
            throw new InvalidOperationException($"{posting.Reference} is booked already, and otherwise.");
        }
    }

    /// <summary>A retailer's entries of settlements in an account against its rows of a table.</summary>
    private static string Retailers(string account, string amount, string table) => $"""
        SELECT org_id, 'all', CAST(SUM(stored) AS bigint), CAST(SUM(expected) AS bigint)
        FROM (
            SELECT e.party_id AS org_id, -e.amount_micro AS stored, 0 AS expected FROM ledger_tx t
            JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference
            WHERE t.kind = 'SETTLEMENT' AND e.account = {account}
            UNION ALL
            SELECT org_id, 0, {amount} FROM {table} AS rows_of
        ) AS sides
        GROUP BY org_id HAVING SUM(stored) <> SUM(expected)
        """;

    /// <summary>A record's figure against what another table comes to.</summary>
    private static string Records(string figure, string expected) => $"""
        SELECT org_id, period_name, stored, expected FROM (
            SELECT r.org_id, CAST(r.period AS text) AS period_name, {figure} AS stored, ({expected}) AS expected
            FROM revenue_share r
        ) AS records WHERE stored <> expected
        """;

    private static string Parts(string figure) => $"""
        SELECT CAST(COALESCE(SUM({figure}), 0) AS bigint) FROM revenue_share_part
        WHERE org_id = r.org_id AND period = r.period
        """;
}
