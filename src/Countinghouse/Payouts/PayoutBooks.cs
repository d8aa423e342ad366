using System.Data.Common;
using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Ledger;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>
/// Books payouts: what is owed moves to clearing when a payout is made, from there to the bank when the money has
/// moved, and back when it did not. So clearing is zero for every payout that is over.
/// </summary>
public sealed class PayoutBooks(LedgerStore ledger)
{
    /// <summary>Each figure of the ledger that is not what the payouts say: organization, reference, both.</summary>
    private const string Differences = """
        SELECT org_id, reference, account, CAST(SUM(booked) AS bigint), CAST(SUM(expected) AS bigint)
        FROM (
            SELECT t.org_id, substr(t.reference, 1, 43) AS reference, e.account, e.amount_micro AS booked, 0 AS expected
            FROM ledger_tx t JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference
            WHERE t.kind IN ('PAYOUT', 'REVERSAL')
            UNION ALL
            SELECT p.org_id, 'payout/' || lower(CAST(p.payout_id AS text)), 'PAYABLE', 0,
                   CASE WHEN p.state IN ('FAILED', 'CANCELLED') THEN 0 ELSE (p.amount_cents - p.reversed_cents) END
                       * 10000
            FROM payout p
            UNION ALL
            SELECT p.org_id, 'payout/' || lower(CAST(p.payout_id AS text)), 'CLEARING', 0,
                   CASE WHEN p.state IN ('READY', 'SENDING', 'UNKNOWN') THEN -p.amount_cents ELSE 0 END * 10000
            FROM payout p
            UNION ALL
            SELECT p.org_id, 'payout/' || lower(CAST(p.payout_id AS text)), 'BANK', 0,
                   CASE WHEN p.state IN ('SUCCEEDED', 'REVERSED') THEN p.reversed_cents - p.amount_cents ELSE 0 END
                       * 10000
            FROM payout p
        ) AS sides
        GROUP BY org_id, reference, account HAVING SUM(booked) <> SUM(expected)
        """;

    /// <summary>A payout is the sum of its records, and a paid record is in exactly one payout that moved money.
    /// </summary>
    private const string ItemDifferences = """
        SELECT p.org_id, lower(CAST(p.payout_id AS text)), 'amount_cents', p.amount_cents,
               (SELECT CAST(COALESCE(SUM(i.share_cents), 0) AS bigint) FROM payout_item i
                WHERE i.org_id = p.org_id AND i.payout_id = p.payout_id)
        FROM payout p
        WHERE p.amount_cents <> (SELECT COALESCE(SUM(i.share_cents), 0) FROM payout_item i
                                 WHERE i.org_id = p.org_id AND i.payout_id = p.payout_id)
        UNION ALL
        SELECT i.org_id, lower(CAST(i.payout_id AS text)), 'share_cents', i.share_cents, r.share_cents
        FROM payout_item i JOIN revenue_share r ON r.org_id = i.org_id AND r.share_id = i.share_id
        WHERE i.share_cents <> r.share_cents
        UNION ALL
        SELECT i.org_id, lower(CAST(i.payout_id AS text)), 'is_active', CASE WHEN i.is_active THEN 1 ELSE 0 END,
               CASE WHEN p.state IN ('FAILED', 'CANCELLED', 'REVERSED') THEN 0 ELSE 1 END
        FROM payout_item i JOIN payout p ON p.org_id = i.org_id AND p.payout_id = i.payout_id
        WHERE (CASE WHEN i.is_active THEN 1 ELSE 0 END)
            <> (CASE WHEN p.state IN ('FAILED', 'CANCELLED', 'REVERSED') THEN 0 ELSE 1 END)
        UNION ALL
        SELECT r.org_id, lower(CAST(r.share_id AS text)), 'payout', CASE WHEN r.payout_id IS NULL THEN 0 ELSE 1 END,
               (SELECT COUNT(*) FROM payout_item i JOIN payout p ON p.org_id = i.org_id AND p.payout_id = i.payout_id
                WHERE i.org_id = r.org_id AND i.share_id = r.share_id AND i.is_active AND i.payout_id = r.payout_id
                  AND (p.state = 'SUCCEEDED') = (r.status = 'PAID'))
        FROM revenue_share r
        WHERE (CASE WHEN r.payout_id IS NULL THEN 0 ELSE 1 END) <> (
            SELECT COUNT(*) FROM payout_item i JOIN payout p ON p.org_id = i.org_id AND p.payout_id = i.payout_id
            WHERE i.org_id = r.org_id AND i.share_id = r.share_id AND i.is_active AND i.payout_id = r.payout_id
              AND (p.state = 'SUCCEEDED') = (r.status = 'PAID'))
        """;

    /// <summary>A payout was made: what is owed is on its way.</summary>
    public Task Reserved(
        DbConnection connection,
        OrganizationId retailer,
        PayoutId payout,
        Cents amount,
        Instant now,
        CancellationToken cancellation) => Post(
        connection,
        retailer,
        ReferenceOf(payout),
        LedgerKind.Payout,
        [(Account.Payable, amount), (Account.Clearing, Negative(amount))],
        now,
        cancellation);

    /// <summary>The money moved.</summary>
    public Task Paid(DbConnection connection, Payout payout, Instant now, CancellationToken cancellation) => Post(
        connection,
        payout.Organization,
        ReferenceOf(payout.Id) + "/paid",
        LedgerKind.Payout,
        [(Account.Clearing, payout.Amount), (Account.Bank, Negative(payout.Amount))],
        now,
        cancellation);

    /// <summary>Nothing moved and nothing will: what was on its way is owed again.</summary>
    public Task Released(DbConnection connection, Payout payout, Instant now, CancellationToken cancellation) => Post(
        connection,
        payout.Organization,
        ReferenceOf(payout.Id) + "/released",
        LedgerKind.Reversal,
        [(Account.Clearing, payout.Amount), (Account.Payable, Negative(payout.Amount))],
        now,
        cancellation,
        reverses: ReferenceOf(payout.Id));

    /// <summary>So much has come back in all; what came back before was booked before.</summary>
    public Task Returned(
        DbConnection connection, Payout payout, Cents reversed, Instant now, CancellationToken cancellation)
    {
        var more = reversed - payout.ReversedAmount;
        return Post(
            connection,
            payout.Organization,
            string.Create(CultureInfo.InvariantCulture, $"{ReferenceOf(payout.Id)}/reversed/{reversed.Value}"),
            LedgerKind.Reversal,
            [
                (Account.Bank, more), (Account.Clearing, Negative(more)),
                (Account.Clearing, more), (Account.Payable, Negative(more)),
            ],
            now,
            cancellation);
    }

    /// <summary>Reports every figure of payouts and ledger that disagrees with the other.</summary>
    public static async Task Check(
        DbConnection connection, Action<Difference> report, CancellationToken cancellation)
    {
        foreach (var (table, sql) in new[] { ("ledger_entry", Differences), ("payout_item", ItemDifferences) })
        {
            await connection.ForEach(
                sql,
                row => report(new Difference(
                    row.Id<OrganizationId>(0),
                    table,
                    row.GetString(1),
                    row.GetString(2),
                    row.GetInt64(3).ToString(CultureInfo.InvariantCulture),
                    row.GetInt64(4).ToString(CultureInfo.InvariantCulture))),
                cancellation);
        }
    }

    /// <summary>43 characters, of which the check knows a payout's entries; frozen.</summary>
    private static string ReferenceOf(PayoutId payout) => $"payout/{payout.Value:D}";

    private static Cents Negative(Cents amount) => new(-amount.Value);

    private async Task Post(
        DbConnection connection,
        OrganizationId retailer,
        string reference,
        LedgerKind kind,
        (Account Account, Cents Amount)[] entries,
        Instant now,
        CancellationToken cancellation,
        string? reverses = null)
    {
        var posting = new Posting(
            retailer,
            reference,
            kind,
            UtcDay.Of(now.ToTime()).Period,
            [.. entries.Select(entry => new Entry(
                entry.Account, retailer, new Money(entry.Amount.Value * Money.MicrosPerCent)))])
        {
            Reverses = reverses,
        };
        if (await ledger.Post(connection, posting, cancellation) != PostOutcome.Posted)
        {
            throw new InvalidOperationException($"{reference} is booked already.");
        }
    }
}
