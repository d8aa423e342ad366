using System.Globalization;
using System.Numerics;
using Countinghouse.Support;

namespace Countinghouse.Proof;

/// <summary>
/// What closed months must have written, worked out from events and corrections by the rules, in integers
/// that have no end. Knows nothing of the product: neither its code nor what it stored of the months.
/// </summary>
internal sealed class BooksModel(
    Guid advertiser, IReadOnlyList<StoredEvent> events, IReadOnlyList<StoredCredit> credits, Func<int, int> rateOf)
{
    private static readonly (string Table, string Sql)[] Stored =
    [
        ("settlement", "SELECT period, state, event_count, charge_micro, record_count, gross_cents, fee_cents, "
            + "share_cents FROM settlement"),
        ("record", "SELECT org_id, period, event_gross_micro, adjustment_micro, carry_in_micro, carry_out_micro, "
            + "gross_cents, fee_cents, share_cents, fee_ppm, status, revision FROM revenue_share"),
        ("line", "SELECT l.org_id, s.period, l.kind, l.origin_period, l.source_org_id, l.campaign_id, l.location_id, "
            + "l.amount_micro FROM revenue_share_line l JOIN revenue_share s ON s.org_id = l.org_id AND "
            + "s.share_id = l.share_id"),
        ("part", "SELECT org_id, period, origin_period, pool_micro, gross_cents, fee_cents, share_cents, fee_ppm "
            + "FROM revenue_share_part"),
        ("carry", "SELECT org_id, period, carry_micro FROM revenue_share_carry"),
        ("entry", "SELECT org_id, reference, account, party_id, amount_micro FROM ledger_entry"),
        ("change", "SELECT s.org_id, s.period, t.seq, t.from_status, t.to_status FROM share_transition t "
            + "JOIN revenue_share s ON s.org_id = t.org_id AND s.share_id = t.share_id"),
        ("credited", "SELECT campaign_id, credited_micro FROM campaign_budget WHERE credited_micro <> 0"),
    ];

    private readonly Dictionary<(Guid Retailer, int Origin), ExactCents> _booked = [];
    private readonly Dictionary<Guid, BigInteger> _carries = [];
    private readonly List<string> _rows = [];

    /// <summary>What the tables say, in the words of this model.</summary>
    public static async Task<List<string>> Read(ProofDatabase database)
    {
        var rows = new List<string>();
        foreach (var (table, sql) in Stored)
        {
            await database.Query(sql, row => rows.Add(Line(
                table,
                [.. Enumerable.Range(0, row.FieldCount).Select(column =>
                    row.GetName(column).EndsWith("_id", StringComparison.Ordinal)
                        ? row.GetGuid(column)
                        : row[column])])));
        }

        return rows;
    }

    /// <summary>What they must say when these months were closed, in this order.</summary>
    public List<string> Close(params int[] months)
    {
        foreach (var month in months)
        {
            Close(month);
        }

        foreach (var campaign in credits.GroupBy(credit => credit.Campaign))
        {
            if (campaign.Sum(credit => credit.Micros) is not 0 and var given)
            {
                Add("credited", campaign.Key, -given);
            }
        }

        return _rows;
    }

    private void Close(int month)
    {
        var ofMonth = events.Where(item => item.Hour / 10_000 == month).ToList();
        var taken = credits.Where(credit => credit.RightMonth == month).ToList();
        var retailers = ofMonth.Where(item => item.Charge > 0).Select(item => item.Place.Retailer ?? Guid.Empty)
            .Union(taken.Select(credit => credit.Retailer)).Where(id => id != Guid.Empty).ToList();
        var all = retailers.ConvertAll(retailer => Settle(
            month,
            retailer,
            ofMonth.Where(item => item.Place.Retailer == retailer && item.Charge > 0).ToList(),
            taken.Where(credit => credit.Retailer == retailer).ToList()));
        var own = Sum(ofMonth.Where(item => item.Place.Retailer is null).Select(item => item.Charge))
            + Sum(taken.Where(credit => credit.Retailer == Guid.Empty).Select(credit => credit.Micros));
        Entry(Guid.Empty, $"own/{Name(month)}", "RECEIVABLE", advertiser, own);
        Entry(Guid.Empty, $"own/{Name(month)}", "OWN", Guid.Empty, -own);
        Add(
            "settlement",
            month,
            "CLOSED",
            ofMonth.Count,
            Sum(ofMonth.Select(item => item.Charge)),
            all.Count(one => one.IsRecord),
            all.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Made.Gross),
            all.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Made.Fee),
            all.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Made.Share));
    }

    private (ExactCents Made, bool IsRecord) Settle(
        int month, Guid retailer, List<StoredEvent> charged, List<StoredCredit> taken)
    {
        var gross = Sum(charged.Select(item => item.Charge));
        var corrections = Sum(taken.Select(credit => credit.Micros));
        var carried = _carries.GetValueOrDefault(retailer);
        var pool = gross + corrections + carried;
        var made = default(ExactCents);
        foreach (var late in taken.Where(credit => credit.Origin < month).GroupBy(credit => credit.Origin))
        {
            // The month as it is known now, whole, less what was booked of it: this record has the difference.
            var before = _booked.GetValueOrDefault((retailer, late.Key));
            var amount = Sum(late.Select(credit => credit.Micros));
            var now = ExactCents.Of(before.Pool + amount, rateOf(late.Key));
            _booked[(retailer, late.Key)] = now;
            made += Part(retailer, month, late.Key, now - before);
            pool -= (now - before).Gross * 10_000;
        }

        _booked[(retailer, month)] = ExactCents.Of(pool, rateOf(month));
        made += Part(retailer, month, month, _booked[(retailer, month)]);
        var carry = _carries[retailer] = pool - (_booked[(retailer, month)].Gross * 10_000);
        Add("carry", retailer, month, carry);
        var reference = $"settlement/{Name(month)}";
        Entry(retailer, reference, "RECEIVABLE", advertiser, gross + corrections);
        Entry(retailer, reference, "PAYABLE", retailer, -made.Share * 10_000);
        Entry(retailer, reference, "FEE", retailer, -made.Fee * 10_000);
        Entry(retailer, reference, "CARRY", retailer, carried - carry);
        var isRecord = !made.Gross.IsZero || taken.Count > 0;
        if (isRecord)
        {
            Add(
                "record", retailer, month, gross, corrections, carried, carry, made.Gross, made.Fee, made.Share,
                rateOf(month), "CALCULATED", 1);
            Add("change", retailer, month, 1, "", "CALCULATED");
            Lines(month, retailer, charged, taken);
        }

        return (made, isRecord);
    }

    private void Lines(int month, Guid retailer, List<StoredEvent> charged, List<StoredCredit> taken)
    {
        foreach (var same in charged.GroupBy(item => (item.Place.Campaign, item.Place.Location)))
        {
            Add(
                "line", retailer, month, "EVENTS", month, advertiser, same.Key.Campaign, same.Key.Location!,
                Sum(same.Select(item => item.Charge)));
        }

        foreach (var same in taken.GroupBy(credit => (credit.Origin, credit.Campaign, credit.Location)))
        {
            Add(
                "line", retailer, month, "ADJUSTMENT", same.Key.Origin, advertiser, same.Key.Campaign,
                same.Key.Location, Sum(same.Select(credit => credit.Micros)));
        }
    }

    private ExactCents Part(Guid retailer, int month, int origin, ExactCents part)
    {
        Add("part", retailer, month, origin, part.Pool, part.Gross, part.Fee, part.Share, rateOf(origin));
        return part;
    }

    /// <summary>Nothing is not booked.</summary>
    private void Entry(Guid owner, string reference, string account, Guid party, BigInteger micros)
    {
        if (!micros.IsZero)
        {
            Add("entry", owner, reference, account, party, micros);
        }
    }

    private void Add(string table, params object[] values) => _rows.Add(Line(table, values));

    private static string Line(string table, object[] values) => string.Join(
        ' ', values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)).Prepend(table));

    private static BigInteger Sum(IEnumerable<long> micros) =>
        micros.Aggregate(BigInteger.Zero, (sum, one) => sum + one);

    private static string Name(int month) =>
        string.Create(CultureInfo.InvariantCulture, $"{month / 100:0000}-{month % 100:00}");
}
