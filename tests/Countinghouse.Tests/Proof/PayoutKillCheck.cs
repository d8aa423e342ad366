using System.Globalization;

namespace Countinghouse.Proof;

/// <summary>
/// Holds what is stored about payouts against what the fake says has really moved. Every figure that is expected comes
/// from its truth, and every figure that is there is read with plain SQL.
/// </summary>
internal sealed class PayoutKillCheck(ProofWorld world, IReadOnlyList<MovedMoney> moved)
{
    private const int ListedMax = 5;
    private const int ReferenceCharacters = 43;
    private const long MicrosPerCent = 10_000;

    private readonly List<Violation> _violations = [];
    private readonly ILookup<Guid?, MovedMoney> _byPayout = moved.ToLookup(transfer => transfer.Payout);
    private readonly Dictionary<Guid, Payout> _payouts = [];
    private readonly List<Item> _items = [];

    /// <summary>Everything that is wrong; nodes must be idle.</summary>
    public async Task<List<Violation>> Run()
    {
        await Read();
        CheckOnce();
        CheckLost();
        await CheckRecords();
        await CheckStuck();
        await CheckBooks();
        return _violations;
    }

    /// <summary>How many payouts ended in each state.</summary>
    public Dictionary<string, int> States => _payouts.Values.CountBy(payout => payout.State).ToDictionary();

    private async Task Read()
    {
        await world.Database.Query(
            "SELECT payout_id, amount_cents, destination, state, transfer_id, reversed_cents FROM payout",
            row => _payouts.Add(row.GetGuid(0), new Payout(
                row.GetGuid(0),
                row.GetInt64(1),
                row.GetString(2),
                row.GetString(3),
                row.IsDBNull(4) ? "" : row.GetString(4),
                row.GetInt64(5))));
        await world.Database.Query(
            "SELECT payout_id, share_id, share_cents FROM payout_item",
            row => _items.Add(new Item(row.GetGuid(0), row.GetGuid(1), row.GetInt64(2))));
    }

    private void CheckOnce()
    {
        foreach (var group in _byPayout.Where(group => group.Count() > 1))
        {
            Add("payout once", $"{group.Key} was paid {group.Count()} times: {string.Join(", ", group)}");
        }

        foreach (var record in _items.GroupBy(item => item.Record))
        {
            var paid = record.Where(item => Standing(item.Payout) > 0).Select(item => item.Payout).ToList();
            if (paid.Count > 1)
            {
                Add("payout once", $"record {record.Key} was paid by {string.Join(" and ", paid)}");
            }
        }
    }

    /// <summary>A payout that says so has moved its money, to the cent; one that says otherwise has not.</summary>
    private void CheckLost()
    {
        foreach (var payout in _payouts.Values)
        {
            var real = _byPayout[payout.Id].FirstOrDefault();
            var isPaid = payout.State is "SUCCEEDED" or "REVERSED";
            if (isPaid != (real is not null) && !payout.IsOpen)
            {
                Add("payout lost", $"{payout}: really {real?.ToString() ?? "nothing"}");
            }
            else if (isPaid && real is not null && (payout.Cents, payout.Destination, payout.Transfer, payout.Back)
                != (real.Cents, real.Destination, real.Id, real.Back))
            {
                Add("payout lost", $"{payout} is not {real}");
            }

            if (isPaid && (payout.State == "REVERSED") != (payout.Back == payout.Cents))
            {
                Add("payout lost", $"{payout}: {payout.Back} came back");
            }

            var sum = _items.Where(item => item.Payout == payout.Id).Sum(item => item.Cents);
            if (sum != payout.Cents)
            {
                Add("payout lost", $"{payout} is of records of {sum}");
            }
        }

        foreach (var stray in moved.Where(one => one.Payout is not { } id || !_payouts.ContainsKey(id)))
        {
            Add("payout lost", $"nobody knows of {stray}");
        }
    }

    /// <summary>What is paid is what has moved, for each record and for all of a retailer's.</summary>
    private async Task CheckRecords()
    {
        var rows = new List<(string Destination, Guid Record, long Cents, bool IsPaid, Guid? Payout)>();
        await world.Database.Query(
            "SELECT a.destination, r.share_id, r.share_cents, r.status, r.payout_id "
                + "FROM revenue_share r JOIN payout_account a ON a.org_id = r.org_id",
            row => rows.Add((
                row.GetString(0),
                row.GetGuid(1),
                row.GetInt64(2),
                row.GetString(3) == "PAID",
                row.IsDBNull(4) ? null : row.GetGuid(4))));
        var payoutsOf = _items.ToLookup(item => item.Record, item => item.Payout);
        foreach (var row in rows)
        {
            var real = payoutsOf[row.Record].Where(payout => Standing(payout) > 0).ToList();
            if (row.IsPaid != real.Count > 0 || (row.IsPaid && row.Payout != real[0]))
            {
                Add(
                    "payout lost",
                    $"record {row.Record} is {(row.IsPaid ? "" : "not ")}paid, by {row.Payout?.ToString() ?? "nothing"}"
                        + $"; really by {(real.Count > 0 ? real[0] : "nothing")}");
            }
        }

        var standing = moved.Where(one => one.Cents > one.Back).ToLookup(one => one.Destination, one => one.Cents);
        foreach (var retailer in rows.GroupBy(row => row.Destination))
        {
            var (said, real) = (
                retailer.Where(row => row.IsPaid).Sum(row => row.Cents), standing[retailer.Key].Sum());
            if (said != real)
            {
                Add("payout lost", $"{said} paid to {retailer.Key}, really {real}");
            }
        }
    }

    private async Task CheckStuck()
    {
        foreach (var payout in _payouts.Values.Where(payout => payout.IsOpen))
        {
            Add("payout stuck", $"{payout}");
        }

        await world.Database.Query(
            "SELECT p.run_id FROM payout_plan p JOIN payout_run r ON r.run_id = p.run_id "
                + "WHERE r.state = 'CONFIRMED' AND p.outcome = 'PLANNED'",
            row => Add("payout stuck", $"run {row.GetGuid(0)} was confirmed and not carried out"));
        await world.Database.Query(
            "SELECT reason FROM payout_halt", row => Add("payout stuck", $"all are stopped: {row.GetString(0)}"));
        await world.Database.Query(
            "SELECT kind, ours, theirs FROM payout_difference WHERE kind <> 'REVERSAL'",
            row => Add("payout stuck", $"{row.GetString(0)}: {row.GetString(1)}; {row.GetString(2)}"));
    }

    /// <summary>What is owed less and what has left the bank is what has moved; nothing is between them.</summary>
    private async Task CheckBooks()
    {
        var booked = new Dictionary<(string Reference, string Account), long>();
        await world.Database.Query(
            $"SELECT substr(t.reference, 1, {ReferenceCharacters}), e.account, CAST(SUM(e.amount_micro) AS bigint) "
                + "FROM ledger_tx t JOIN ledger_entry e ON e.org_id = t.org_id AND e.reference = t.reference "
                + "WHERE t.reference LIKE 'payout/%' "
                + $"GROUP BY substr(t.reference, 1, {ReferenceCharacters}), e.account",
            row => booked[(row.GetString(0), row.GetString(1))] = row.GetInt64(2));
        foreach (var payout in _payouts.Values.Where(payout => !payout.IsOpen))
        {
            var net = Standing(payout.Id) * MicrosPerCent;
            foreach (var (account, right) in new[] { ("PAYABLE", net), ("CLEARING", 0), ("BANK", -net) })
            {
                var there = booked.GetValueOrDefault(($"payout/{payout.Id:D}", account));
                if (there != right)
                {
                    Add("payout books", string.Create(
                        CultureInfo.InvariantCulture, $"{account} of {payout} is {there}, should be {right}"));
                }
            }
        }

        var references = _payouts.Keys.Select(id => $"payout/{id:D}").ToHashSet();
        foreach (var (reference, _) in booked.Keys.Where(one => !references.Contains(one.Reference)))
        {
            Add("payout books", $"{reference} is booked and no payout");
        }
    }

    /// <summary>What a payout has really moved and what did not come back, in cents.</summary>
    private long Standing(Guid payout) => _byPayout[payout].Sum(transfer => transfer.Cents - transfer.Back);

    private void Add(string checker, string text)
    {
        if (_violations.Count(one => one.Checker == checker) < ListedMax)
        {
            _violations.Add(new Violation(checker, text));
        }
    }

    private sealed record Payout(Guid Id, long Cents, string Destination, string State, string Transfer, long Back)
    {
        public bool IsOpen => State is "READY" or "SENDING" or "UNKNOWN";

        public override string ToString() =>
            $"payout {Id} ({Cents} cents to {Destination}, {Back} back, {State} by '{Transfer}')";
    }

    private sealed record Item(Guid Payout, Guid Record, long Cents);
}
