using System.Data.Common;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>What a verification went through and found.</summary>
/// <param name="Organizations">Advertisers looked at.</param>
/// <param name="Batches">Batches read.</param>
/// <param name="Events">Events in them.</param>
/// <param name="DifferenceCount">All differences.</param>
/// <param name="Differences">The first of them.</param>
public sealed record VerifyResult(
    long Organizations,
    long Batches,
    long Events,
    long DifferenceCount,
    IReadOnlyList<Difference> Differences);

/// <summary>
/// Holds other books against what they follow from: for what is settled and paid, which ingest knows nothing of.
/// </summary>
public delegate Task BookCheck(DbConnection connection, Action<Difference> report, CancellationToken cancellation);

/// <summary>
/// Recomputes every figure from the events: the chain of batches, rollups, totals, budgets, placements, closed months
/// and what the runs of ids hold. Each advertiser in one snapshot, so it may run while events come in; it writes
/// nothing.
/// </summary>
public sealed class Verifier(
    Database database, EventReader events, RollupCheck rollups, IEnumerable<BookCheck> checks)
{
    /// <summary>Differences that are listed; all are counted.</summary>
    public const int DifferencesMax = 1_000;

    private const string ListOrganizations = "SELECT org_id FROM ingest_head ORDER BY org_id";

    private const string CountBatches = "SELECT CAST(COALESCE(SUM(batch_no), 0) AS bigint) FROM ingest_head";

    private const string Head = "SELECT batch_no, hash FROM ingest_head WHERE org_id = @org";

    private const string Totals = """
        SELECT campaign_id, impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks, charge_micro,
               first_event_at, last_event_at, version
        FROM campaign_total WHERE org_id = @org
        """;

    private const string Budgets = """
        SELECT campaign_id, spent_micro, credited_micro,
               (SELECT CAST(COALESCE(-SUM(a.amount_micro), 0) AS bigint) FROM adjustment a
                WHERE a.org_id = b.org_id AND a.campaign_id = b.campaign_id)
        FROM campaign_budget b WHERE org_id = @org
        """;

    private const string Days = """
        SELECT campaign_id, day, day_spent_micro, 0 FROM campaign_budget WHERE org_id = @org
        UNION ALL
        SELECT campaign_id, day, spent_micro, 1 FROM campaign_day
        WHERE org_id = @org AND day <> (SELECT h.day FROM ingest_head h WHERE h.org_id = @org)
        """;

    private const string Closed = """
        SELECT period, event_count, charge_micro FROM billing_period WHERE org_id = @org AND state = 'CLOSED'
        """;

    private const string RollupMonths = """
        SELECT hour / 10000 FROM stat_hourly WHERE org_id = @org
        UNION
        SELECT day / 100 FROM invalid_daily WHERE org_id = @org
        """;

    private const string Runs = """
        SELECT r.through_batch, r.id_count,
               (SELECT CAST(COALESCE(SUM(b.event_count), 0) AS bigint) FROM ingest_batch b
                WHERE b.org_id = r.org_id AND b.batch_no > r.after_batch AND b.batch_no <= r.through_batch)
        FROM id_run r WHERE r.org_id = @org AND r.after_batch >= @start ORDER BY r.through_batch
        """;

    /// <summary>Batches there are to read in all; for a progress bar.</summary>
    public async Task<long> CountAll(CancellationToken cancellation) => await database.Read(
        connection => connection.Number(CountBatches, cancellation), cancellation) ?? 0;

    /// <summary>Verifies all advertisers, or one.</summary>
    /// <param name="only">The advertiser; null for all.</param>
    /// <param name="progress">Called with the number of batches read so far.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<VerifyResult> Verify(
        OrganizationId? only, Action<long> progress, CancellationToken cancellation)
    {
        var organizations = only is { } one
            ? [one]
            : await database.Read(
                connection => connection.Query(
                    ListOrganizations, row => row.Id<OrganizationId>(0), cancellation),
                cancellation);
        var found = new List<Difference>();
        var (batches, read, differences) = (0L, 0L, 0L);
        foreach (var organization in organizations)
        {
            var audit = await database.ReadSnapshot(
                connection => Verify(connection, organization, Report, done => progress(batches + done), cancellation),
                cancellation);
            batches += audit.BatchNo;
            read += audit.Events;
        }

        foreach (var check in only is null ? checks : [])
        {
            await database.ReadSnapshot(
                async connection =>
                {
                    await check(connection, Report, cancellation);
                    return true;
                },
                cancellation);
        }

        return new VerifyResult(organizations.Count, batches, read, differences, found);

        void Report(Difference difference)
        {
            differences++;
            if (found.Count < DifferencesMax)
            {
                found.Add(difference);
            }
        }
    }

    private async Task<JournalAudit> Verify(
        DbConnection connection,
        OrganizationId advertiser,
        Action<Difference> report,
        Action<long> progress,
        CancellationToken cancellation)
    {
        var through = await EventReader.ProjectedThrough(connection, advertiser, Rollups.Projection, cancellation);
        var days = await connection.Query(
            Days, row => (Campaign: row.Id<CampaignId>(0), Day: row.GetInt32(1)), cancellation, ("org", advertiser));
        var start = await JournalStart.Read(connection, advertiser, cancellation);
        var sums = await JournalStart.ReadSums(connection, advertiser, cancellation);
        var placements = await events.Placements(connection, advertiser, cancellation);
        var audit = new JournalAudit(
            advertiser, start, sums, placements.Take(sums.Placements), through, days, report);
        await events.ForEachStored(
            connection,
            advertiser,
            start.BatchNo,
            long.MaxValue,
            batch =>
            {
                audit.Add(batch);
                progress(batch.BatchNo);
            },
            cancellation);
        var books = new BookComparison(advertiser, report);
        await JournalStart.CheckChain(connection, advertiser, books, cancellation);
        books.Expect(
            "placement", "of archived batches", "hash", JournalSums.HashOf(placements.Take(sums.Placements)),
            sums.PlacementsHash);
        var head = await connection.First(
            Head, row => Tuple.Create(row.GetInt64(0), row.Bytes(1)), cancellation, ("org", advertiser));
        books.Expect("ingest_head", "head", "batch_no", head?.Item1 ?? 0, audit.BatchNo);
        books.NotPast(Rollups.Projection, through, audit.BatchNo);
        books.NotPast(
            InvalidReasons.Projection,
            await EventReader.ProjectedThrough(connection, advertiser, InvalidReasons.Projection, cancellation),
            audit.BatchNo);
        books.NotPast(
            IdRunStore.Projection,
            await EventReader.ProjectedThrough(connection, advertiser, IdRunStore.Projection, cancellation),
            audit.BatchNo);
        books.Expect(
            "ingest_head", "head", "hash", Convert.ToHexStringLower(head?.Item2 ?? []),
            Convert.ToHexStringLower(audit.Hash));
        await CompareRollups(connection, advertiser, audit, report, cancellation);
        await connection.ForEach(Totals, row => books.Total(row, audit.Totals), cancellation, ("org", advertiser));
        books.MissingTotals(audit.Totals);
        await connection.ForEach(Budgets, row => books.Budget(row, audit.Spent), cancellation, ("org", advertiser));
        await connection.ForEach(Days, row => books.Day(row, audit.SpentOn), cancellation, ("org", advertiser));
        await connection.ForEach(Closed, row => books.Month(row, audit.Months), cancellation, ("org", advertiser));
        await connection.ForEach(
            Runs, books.Run, cancellation, ("org", advertiser), ("start", start.BatchNo));
        books.Placements(placements, audit.Placements);
        return audit;
    }

    /// <summary>Month by month, so that memory holds one month's rows.</summary>
    private async Task CompareRollups(
        DbConnection connection,
        OrganizationId advertiser,
        JournalAudit audit,
        Action<Difference> report,
        CancellationToken cancellation)
    {
        var stored = await connection.Query(
            RollupMonths, row => (int)row.GetInt64(0), cancellation, ("org", advertiser));
        foreach (var month in stored.Union(audit.Months.Keys).Order())
        {
            var period = Period.FromNumber(month);
            var compared = await rollups.Compare(
                connection, advertiser, period.FirstDay.FirstHour, period.LastDay.LastHour, cancellation);
            foreach (var difference in compared.Differences)
            {
                report(difference);
            }
        }
    }
}

/// <summary>Holds stored figures against what the journal comes to.</summary>
internal sealed class BookComparison(OrganizationId organization, Action<Difference> report)
{
    private readonly HashSet<CampaignId> _seen = [];

    public void Expect(string table, string key, string figure, string stored, string expected)
    {
        if (stored != expected)
        {
            report(new Difference(organization, table, key, figure, stored, expected));
        }
    }

    public void Expect(string table, string key, string figure, long stored, long expected) => Expect(
        table,
        key,
        figure,
        stored.ToString(CultureInfo.InvariantCulture),
        expected.ToString(CultureInfo.InvariantCulture));

    /// <summary>A projection that claims batches which are not there yet would leave them out when they come.</summary>
    public void NotPast(string projection, long through, long last)
    {
        if (through > last)
        {
            Expect("projection", projection, "through_batch", through, last);
        }
    }

    public void Total(DbDataReader row, Dictionary<CampaignId, StatCounts> totals)
    {
        const string table = "campaign_total";
        var campaign = row.Id<CampaignId>(0);
        _seen.Add(campaign);
        var counts = totals.GetValueOrDefault(campaign);
        var key = $"campaign {campaign}";
        Expect(table, key, "impressions", row.GetInt64(1), counts.Impressions);
        Expect(table, key, "clicks", row.GetInt64(2), counts.Clicks);
        Expect(table, key, "invalid_impressions", row.GetInt64(3), counts.InvalidImpressions);
        Expect(table, key, "invalid_clicks", row.GetInt64(4), counts.InvalidClicks);
        Expect(table, key, "unbilled_clicks", row.GetInt64(5), counts.UnbilledClicks);
        Expect(table, key, "charge_micro", row.GetInt64(6), counts.Charge.Micros);
        Expect(table, key, "first_event_at", row.NumberOrNull(7) ?? 0, counts.First.Micros);
        Expect(table, key, "last_event_at", row.NumberOrNull(8) ?? 0, counts.Last.Micros);
        Expect(table, key, "version", row.GetInt64(9), counts.Version);
    }

    public void MissingTotals(Dictionary<CampaignId, StatCounts> totals)
    {
        foreach (var campaign in totals.Keys.Where(campaign => !_seen.Contains(campaign)))
        {
            report(new Difference(
                organization, "campaign_total", $"campaign {campaign}", "row", "missing", "there"));
        }
    }

    public void Budget(DbDataReader row, Dictionary<CampaignId, Money> spent)
    {
        var campaign = row.Id<CampaignId>(0);
        var key = $"campaign {campaign}";
        Expect("campaign_budget", key, "spent_micro", row.GetInt64(1), spent.GetValueOrDefault(campaign).Micros);
        Expect("campaign_budget", key, "credited_micro", row.GetInt64(2), row.GetInt64(3));
    }

    public void Day(DbDataReader row, Dictionary<(CampaignId Campaign, int Day), Money> spentOn)
    {
        var (campaign, day) = (row.Id<CampaignId>(0), row.GetInt32(1));
        var (table, figure) = row.GetInt64(3) == 0
            ? ("campaign_budget", "day_spent_micro")
            : ("campaign_day", "spent_micro");
        Expect(
            table,
            string.Create(CultureInfo.InvariantCulture, $"campaign {campaign} day {day}"),
            figure,
            row.GetInt64(2),
            spentOn[(campaign, day)].Micros);
    }

    public void Month(DbDataReader row, Dictionary<int, (long Events, Money Charge)> months)
    {
        var month = row.GetInt32(0);
        var expected = months.GetValueOrDefault(month);
        Expect("billing_period", $"month {month}", "event_count", row.NumberOrNull(1) ?? 0, expected.Events);
        Expect("billing_period", $"month {month}", "charge_micro", row.NumberOrNull(2) ?? 0, expected.Charge.Micros);
    }

    public void Run(DbDataReader row) => Expect(
        "id_run",
        string.Create(CultureInfo.InvariantCulture, $"run to batch {row.GetInt64(0)}"),
        "id_count",
        row.GetInt32(1),
        row.GetInt64(2));

    /// <summary>With the price to the micro: money prints rounded.</summary>
    private static string Exact(Placement placement) => string.Create(
        CultureInfo.InvariantCulture, $"{placement}, {placement.EventPrice.Micros} micros");

    public void Placements(List<Placement> stored, IReadOnlyList<Placement> expected)
    {
        Expect("placement", "all", "rows", stored.Count, expected.Count);
        for (var number = 0; number < Math.Min(stored.Count, expected.Count); number++)
        {
            if (stored[number] != expected[number])
            {
                report(new Difference(
                    organization, "placement", $"placement {number}", "terms", Exact(stored[number]),
                    Exact(expected[number])));
            }
        }
    }
}
