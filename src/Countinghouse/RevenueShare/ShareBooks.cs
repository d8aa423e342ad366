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
            SELECT @nobody, CAST(s.period AS text), COALESCE(b.amount, 0), COALESCE(c.amount, 0) + COALESCE(a.amount, 0)
            FROM settlement s
            LEFT JOIN (
                SELECT t.booked_period, CAST(SUM(e.amount_micro) AS bigint) AS amount FROM ledger_tx t
                JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference
                WHERE e.account = 'RECEIVABLE' GROUP BY t.booked_period
            ) AS b ON b.booked_period = s.period
            LEFT JOIN (
                SELECT period, CAST(SUM(charge_micro) AS bigint) AS amount FROM billing_period GROUP BY period
            ) AS c ON c.period = s.period
            LEFT JOIN (
                SELECT applied_period, CAST(SUM(amount_micro) AS bigint) AS amount
                FROM adjustment GROUP BY applied_period
            ) AS a ON a.applied_period = s.period
            WHERE s.state = 'CLOSED' AND COALESCE(b.amount, 0) <> COALESCE(c.amount, 0) + COALESCE(a.amount, 0)
            """),
        ("ledger_entry", "payable", Retailers("'PAYABLE'", "share_cents * 10000", "revenue_share")),
        ("ledger_entry", "fee", Retailers("'FEE'", "fee_cents * 10000", "revenue_share")),
        ("ledger_entry", "carry", Retailers("'CARRY'", "carry_micro", """
            (SELECT c.org_id, c.carry_micro FROM revenue_share_carry c WHERE c.period = (
                SELECT MAX(l.period) FROM revenue_share_carry l WHERE l.org_id = c.org_id))
            """)),
        ("revenue_share", "event_gross_micro", Records("r.event_gross_micro", """
            SELECT retailer_org_id AS org_id, hour / 10000 AS period, SUM(charge_micro) AS amount
            FROM stat_hourly WHERE retailer_org_id > @nobody GROUP BY retailer_org_id, hour / 10000
            """)),
        ("revenue_share", "adjustment_micro", Records("r.adjustment_micro", """
            SELECT retailer_org_id AS org_id, applied_period AS period, SUM(amount_micro) AS amount
            FROM adjustment GROUP BY retailer_org_id, applied_period
            """)),
        ("revenue_share_line", "amount_micro", Records("r.event_gross_micro + r.adjustment_micro", """
            SELECT s.org_id, s.period, SUM(l.amount_micro) AS amount
            FROM revenue_share_line l JOIN revenue_share s ON s.org_id = l.org_id AND s.share_id = l.share_id
            GROUP BY s.org_id, s.period
            """)),
        ("revenue_share_part", "gross_cents", Records("r.gross_cents", Parts("gross_cents"))),
        ("revenue_share_part", "fee_cents", Records("r.fee_cents", Parts("fee_cents"))),
        ("revenue_share_part", "share_cents", Records("r.share_cents", Parts("share_cents"))),
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

    /// <summary>
    /// A record's figure against what another table comes to by retailer and month: summed once and joined, for what a
    /// retailer's record comes from lies with the advertisers.
    /// </summary>
    private static string Records(string figure, string expected) => $"""
        SELECT r.org_id, CAST(r.period AS text), {figure}, CAST(COALESCE(x.amount, 0) AS bigint)
        FROM revenue_share r LEFT JOIN ({expected}) AS x ON x.org_id = r.org_id AND x.period = r.period
        WHERE {figure} <> COALESCE(x.amount, 0)
        """;

    private static string Parts(string figure) => $"""
        SELECT org_id, period, SUM({figure}) AS amount FROM revenue_share_part GROUP BY org_id, period
        """;
}
