using System.Numerics;

namespace Countinghouse.Proof;

/// <summary>A correction on record, with the fence as it stood in the transaction that made it.</summary>
internal sealed record StoredCredit(
    Guid Campaign,
    Guid Offer,
    Guid Retailer,
    Guid Location,
    Guid? Event,
    string Kind,
    int Day,
    int AppliedMonth,
    int BookedHour,
    long Micros,
    string Reason,
    int Fence)
{
    public int Origin => Day / 100;

    /// <summary>The month that must take it in: its own while that is open, else the first open one.</summary>
    public int RightMonth => Origin > Fence ? Origin : NextMonth(Fence);

    public static int NextMonth(int month) => month % 100 == 12 ? month + 89 : month + 1;
}

/// <summary>
/// Holds the corrections on record against what their senders were told, and against what the events were charged. In
/// the order in which they were made; nothing of the product has a part in it.
/// </summary>
internal sealed class CreditCheck(
    ProofWorld world, IReadOnlyList<StoredEvent> events, Action<string, bool, string> expect)
{
    private readonly Dictionary<(Guid Campaign, int Day, Guid Offer, Guid Retailer, Guid Location), BigInteger> _left =
        events.Where(item => item.Charge > 0).GroupBy(KeyOf).ToDictionary(same => same.Key, Sum);

    public static async Task<List<StoredCredit>> Read(ProofWorld world)
    {
        var credits = new List<StoredCredit>();
        await world.Database.Query(
            """
            SELECT campaign_id, offer_id, retailer_org_id, location_id, event_id, kind, origin_day, applied_period,
                   booked_hour, amount_micro, reason, p.fenced_through
            FROM adjustment a JOIN proof_adjustment p ON p.org_id = a.org_id AND p.adjustment_id = a.adjustment_id
            ORDER BY p.seq
            """,
            row => credits.Add(new StoredCredit(
                row.GetGuid(0),
                row.GetGuid(1),
                row.GetGuid(2),
                row.GetGuid(3),
                row.IsDBNull(4) ? null : row.GetGuid(4),
                row.GetString(5),
                row.GetInt32(6),
                row.GetInt32(7),
                row.GetInt32(8),
                row.GetInt64(9),
                row.GetString(10),
                row.GetInt32(11))));
        return credits;
    }

    public void Run(IReadOnlyList<StoredCredit> credits, IReadOnlyCollection<ToldCredit> told)
    {
        CheckTold(credits, told);
        var byId = events.ToLookup(item => item.Id);
        var asked = told.ToDictionary(one => one.Asked.Reason, one => one.Asked);
        foreach (var made in credits.GroupBy(credit => credit.Reason))
        {
            var rows = made.ToList();
            if (asked.TryGetValue(made.Key, out var wanted))
            {
                var right = wanted.Kind switch
                {
                    "EVENT" => byId[wanted.Event!.Value].Select(item => (KeyOf(item), -(BigInteger)item.Charge)),
                    "AMOUNT" => [(AmountKey(wanted), wanted.Micros)],
                    _ => Parts(wanted),
                };
                expect(
                    "books",
                    right.ToHashSet().SetEquals(rows.Select(row => (KeyOf(row), (BigInteger)row.Micros))),
                    $"{made.Key} ({wanted.Kind}) is recorded as something else than was asked for");
            }

            foreach (var row in rows)
            {
                _left[KeyOf(row)] = _left.GetValueOrDefault(KeyOf(row)) + row.Micros;
                expect(
                    "fence",
                    row.AppliedMonth == row.RightMonth && row.BookedHour / 10_000 == row.AppliedMonth
                        && (row.AppliedMonth != row.Origin || row.BookedHour / 100 == row.Day),
                    $"{made.Key} of {row.Day} goes to {row.AppliedMonth}, though {row.Fence} was fenced");
            }
        }

        foreach (var place in _left.GroupBy(one => (one.Key.Campaign, one.Key.Location, Month: one.Key.Day / 100)))
        {
            var left = place.Aggregate(BigInteger.Zero, (sum, one) => sum + one.Value);
            var charged = events.Where(item => KeyOf(item) is var key && key.Campaign == place.Key.Campaign
                && key.Location == place.Key.Location && key.Day / 100 == place.Key.Month).Sum(item => item.Charge);
            expect("books", left >= 0 && left <= charged, $"{left} of {charged} micros are left at {place.Key}");
        }
    }

    /// <summary>Whoever was told finds as much on record, once; and there is nothing that nobody was told of.</summary>
    private void CheckTold(IReadOnlyList<StoredCredit> credits, IReadOnlyCollection<ToldCredit> told)
    {
        var stored = credits.ToLookup(credit => credit.Reason);
        foreach (var one in told)
        {
            var isMade = one.Status == 200 && !one.Asked.DryRun;
            var rows = stored[one.Asked.Reason].ToList();
            expect(
                "books",
                rows.Count == (isMade ? one.Count : 0) && rows.Sum(row => row.Micros) == (isMade ? one.Micros : 0),
                $"{one.Asked.Reason} has {rows.Count} rows; told was {one.Status} {one.Text}");
            expect("errors", one.Status is 200 or 409 or 422, $"{one.Asked}: {one.Status} {one.Text}");
        }

        var unknown = stored.Select(rows => rows.Key).Except(told.Select(one => one.Asked.Reason)).ToList();
        expect("books", unknown.Count == 0, $"nobody was told of {string.Join(", ", unknown.Take(3))}");
    }

    /// <summary>Of each day and offer the part of what is left, rounded down.</summary>
    private IEnumerable<((Guid, int, Guid, Guid, Guid), BigInteger)> Parts(AskedCredit wanted) => _left
        .Where(one => one.Key.Campaign == wanted.Campaign && one.Value > 0
            && one.Key.Day >= wanted.FirstDay && one.Key.Day <= wanted.LastDay)
        .Select(one => (one.Key, -(one.Value * wanted.Ppm / 1_000_000)))
        .Where(part => !part.Item2.IsZero)
        .ToList();

    private (Guid, int, Guid, Guid, Guid) AmountKey(AskedCredit wanted) => (
        wanted.Campaign,
        wanted.FirstDay,
        Guid.Empty,
        wanted.Location is null ? Guid.Empty : world.Retailer,
        wanted.Location ?? Guid.Empty);

    private static (Guid Campaign, int Day, Guid Offer, Guid Retailer, Guid Location) KeyOf(StoredEvent item) => (
        item.Place.Campaign,
        item.Hour / 100,
        item.Place.Offer ?? Guid.Empty,
        item.Place.Retailer ?? Guid.Empty,
        item.Place.Location ?? Guid.Empty);

    private static (Guid Campaign, int Day, Guid Offer, Guid Retailer, Guid Location) KeyOf(StoredCredit row) =>
        (row.Campaign, row.Day, row.Offer, row.Retailer, row.Location);

    private static BigInteger Sum(IEnumerable<StoredEvent> items) =>
        items.Aggregate(BigInteger.Zero, (sum, item) => sum + item.Charge);
}
