using System.Globalization;

namespace Countinghouse.Proof;

/// <summary>What is wrong, and which checker saw it.</summary>
internal sealed record Violation(string Checker, string Text)
{
    public override string ToString() => $"[{Checker}] {Text}";
}

/// <summary>Holds what is stored, and what clients were told, against the model. Each checker has a name.</summary>
internal sealed class ProofCheck(ProofWorld world)
{
    private const int ListedMax = 5;

    private readonly List<Violation> _violations = [];

    public StoredJournal Journal { get; private set; } = null!;

    public IReadOnlyDictionary<Guid, SequentialModel.Account> Accounts { get; private set; } = null!;

    /// <summary>Everything that is wrong; nodes must be idle, and rollups at the head.</summary>
    public static async Task<(IReadOnlyList<Violation> Violations, ProofCheck Check)> Run(ProofWorld world)
    {
        var check = new ProofCheck(world);
        await check.All();
        return (check._violations, check);
    }

    private async Task All()
    {
        Add("errors", world.Clients.Failures);
        try
        {
            Journal = await StoredJournal.Read(world.Database, world.Advertiser);
        }
        catch (InvalidDataException error)
        {
            Add("chain", [error.Message]);
            return;
        }

        Add("chain", Journal.Faults);
        Add("once", Journal.Events.GroupBy(item => item.Id)
            .Where(same => same.Count() > 1)
            .Select(same => $"{same.Key} is stored {same.Count()} times, in batches "
                + string.Join(", ", same.Select(item => item.Batch))));
        CheckAnswers(Journal.Events.ToLookup(item => item.Id));
        CheckInvented();
        var model = new SequentialModel(await TermsLog.Read(world.Database));
        model.Replay(Journal.Events);
        Accounts = model.Accounts;
        Add("sequence", model.Differences);
        await CheckBudgets(model);
        await CheckRollups();
        await CheckTotals();
    }

    /// <summary>Whoever was told that an event is on record finds it there, as it was sent.</summary>
    private void CheckAnswers(ILookup<Guid, StoredEvent> stored)
    {
        foreach (var told in world.Clients.Told.Where(told => told.Status == 200))
        {
            if (told.Send.Events[0].IsClick && told.Send.Events[0].Id is { } sent && sent != told.Id)
            {
                Add("answers", [$"a click sent as {sent} was answered as {told.Id}"]);
            }

            if (told.Accepted + told.Duplicates + told.Refused.Count != told.Send.Events.Count
                && !told.Send.Events[0].IsClick)
            {
                Add("answers", ["an answer does not count all impressions"]);
            }

            foreach (var item in told.Refused.Count == 0 ? told.Send.Events : [])
            {
                var id = item.Id ?? told.Id!.Value;
                var there = stored[id].FirstOrDefault();
                if (there is null)
                {
                    Add("lost", [$"{id} was acknowledged and is not stored"]);
                }
                else if (there.IsClick != item.IsClick || there.Place.Campaign != item.Campaign
                    || there.Place.Offer != item.Offer)
                {
                    Add("lost", [$"{id} was acknowledged as another event than is stored"]);
                }
            }
        }

        // An impression is told "accepted" once, and only when it was new. When nobody was told, or 503, which says
        // that it may be stored or not, the sum can be lower.
        var accepted = world.Clients.Told.Sum(told => told.Accepted);
        var impressions = Journal.Events.Count(item => !item.IsClick);
        if (accepted > impressions || (accepted < impressions && world.Clients.Untold == 0))
        {
            Add("answers", [$"{accepted} impressions were told to be new, {impressions} are stored"]);
        }
    }

    /// <summary>What is stored was sent; what got its id here was acknowledged, unless the answer was lost.</summary>
    private void CheckInvented()
    {
        var known = world.Clients.Told
            .SelectMany(told => told.Send.Events.Select(item => item.Id ?? told.Id))
            .OfType<Guid>()
            .ToHashSet();
        var unknown = Journal.Events.Where(item => !known.Contains(item.Id)).ToList();
        if (unknown.Count > world.Clients.Untold + world.Clients.Failures.Count)
        {
            Add("invented", [$"{unknown.Count} events are stored that nobody was told of, such as {unknown[0].Id}"]);
        }
    }

    private async Task CheckBudgets(SequentialModel model)
    {
        var charged = Journal.Events.GroupBy(item => item.Place.Campaign)
            .ToDictionary(same => same.Key, same => same.Sum(item => item.Charge));
        await world.Database.Query(
            "SELECT b.campaign_id, b.budget_micro + b.credited_micro, b.spent_micro, b.day, b.day_spent_micro, "
                + "c.status "
                + "FROM campaign_budget b JOIN campaign c ON c.org_id = b.org_id AND c.campaign_id = b.campaign_id "
                + $"WHERE b.org_id = {world.Database.Literal(world.Advertiser)}",
            row =>
            {
                var (campaign, budget, spent) = (row.GetGuid(0), row.GetInt64(1), row.GetInt64(2));
                var events = charged.GetValueOrDefault(campaign);
                Expect("budget", spent <= budget, $"{campaign} has spent {spent} of {budget}");
                Expect("budget", events <= budget, $"{campaign}: its events cost {events}, its budget is {budget}");
                Expect("budget", spent == events, $"{campaign} has spent {spent}, its events cost {events}");
                var account = model.Accounts[campaign];
                Expect("status", account.Status == row.GetString(5),
                    $"{campaign} is {row.GetString(5)}, should be {account.Status}");
                Expect("budget", row.GetInt64(4) == account.SpentOn.GetValueOrDefault(row.GetInt32(3)),
                    $"{campaign}: day {row.GetInt32(3)} has {row.GetInt64(4)}");
            });
        foreach (var same in Journal.Events.GroupBy(item => (item.Place.Campaign, item.Day)))
        {
            var cap = model.Accounts[same.Key.Campaign].Terms.DailyCap;
            var cost = same.Sum(item => item.Charge);
            Expect("daily", !(cost > cap), $"{same.Key.Campaign} cost {cost} on {same.Key.Day}, its limit is {cap}");
        }
    }

    private async Task CheckRollups()
    {
        var rows = new List<string>();
        await world.Database.Query(
            "SELECT campaign_id, hour, offer_id, retailer_org_id, location_id, impressions, clicks, "
                + "invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro, version FROM stat_hourly "
                + $"WHERE org_id = {world.Database.Literal(world.Advertiser)}",
            row => rows.Add(Line(
                [row.GetGuid(0), row.GetInt64(1), row.GetGuid(2), row.GetGuid(3), row.GetGuid(4),
                    .. Enumerable.Range(5, 7).Select(column => (object)row.GetInt64(column))])));
        var folded = Journal.Events
            .GroupBy(item => (item.Place.Campaign, item.Hour, item.Place.Offer))
            .Select(same => Line(
                [same.Key.Campaign, same.Key.Hour, same.Key.Offer ?? Guid.Empty,
                    same.First().Place.Retailer ?? Guid.Empty, same.First().Place.Location ?? Guid.Empty,
                    .. Sums(same)]));
        Compare("rollup", rows, folded);
    }

    private async Task CheckTotals()
    {
        var rows = new List<string>();
        await world.Database.Query(
            "SELECT campaign_id, first_event_at, last_event_at, impressions, clicks, invalid_impressions, "
                + "invalid_clicks, unbilled_clicks, charge_micro, version FROM campaign_total "
                + $"WHERE org_id = {world.Database.Literal(world.Advertiser)} AND version > 0",
            row => rows.Add(Line(
                [row.GetGuid(0), .. Enumerable.Range(1, 9).Select(column => (object)row.GetInt64(column))])));
        var folded = Journal.Events.GroupBy(item => item.Place.Campaign).Select(same => Line(
            [same.Key, same.Min(item => item.Occurred), same.Max(item => item.Occurred), .. Sums(same)]));
        Compare("rollup", rows, folded);
    }

    private static IEnumerable<object> Sums(IEnumerable<StoredEvent> events)
    {
        var list = events.ToList();
        return
        [
            list.Count(item => !item.IsClick && item.IsValid),
            list.Count(item => item.IsClick && item.IsValid),
            list.Count(item => !item.IsClick && !item.IsValid),
            list.Count(item => item.IsClick && !item.IsValid),
            list.Count(item => item.IsClick && item.IsValid && item.Price > item.Charge),
            list.Sum(item => item.Charge),
            list.Max(item => item.Batch),
        ];
    }

    private static string Line(IEnumerable<object> values) =>
        string.Join(' ', values.Select(value => Convert.ToString(value, CultureInfo.InvariantCulture)));

    private void Compare(string checker, IEnumerable<string> rows, IEnumerable<string> expected)
    {
        var (there, wanted) = (rows.ToHashSet(), expected.ToHashSet());
        Add(checker, wanted.Except(there).Select(line => $"there is no row {line}"));
        Add(checker, there.Except(wanted).Select(line => $"there is a row {line}"));
    }

    private void Expect(string checker, bool isSo, string text)
    {
        if (!isSo)
        {
            Add(checker, [text]);
        }
    }

    private void Add(string checker, IEnumerable<string> texts) => _violations.AddRange(texts
        .Take(ListedMax - _violations.Count(one => one.Checker == checker))
        .Select(text => new Violation(checker, text)));
}
