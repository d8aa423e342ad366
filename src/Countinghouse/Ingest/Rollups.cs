using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Rollups and totals as a projection of the journal: a step adds whole batches and moves the watermark in one
/// transaction, so rollups are always what the batches up to the watermark come to, and whoever adds the batches after
/// it has everything.
/// </summary>
public sealed class Rollups(Database database, EventReader events)
{
    /// <summary>Name of the projection.</summary>
    public const string Projection = "rollups";

    /// <summary>Batches of a step: bounds its memory and how long it holds rows.</summary>
    private const int StepBatchesMax = 500;

    private const string Lock = "SELECT through_batch FROM projection WHERE org_id = @org AND name = 'rollups'";

    private const string Behind = """
        SELECT DISTINCT h.org_id FROM ingest_head h
        JOIN projection p ON p.org_id = h.org_id AND p.name IN ('rollups', 'reasons')
        WHERE h.batch_no > p.through_batch ORDER BY h.org_id
        """;

    private const string Lag = """
        SELECT CAST(COALESCE(SUM(h.batch_no - p.through_batch), 0) AS bigint) FROM ingest_head h
        JOIN projection p ON p.org_id = h.org_id AND p.name = 'rollups'
        """;

    // Relative on purpose: the row may hold earlier batches' events.
    private const string AddRollup = """
        INSERT INTO stat_hourly AS s (org_id, campaign_id, hour, offer_id, retailer_org_id, location_id,
                                      impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks,
                                      charge_micro, version)
        VALUES (@org, @campaign, @hour, @offer, @retailer, @location, @impressions, @clicks, @bad_impressions,
                @bad_clicks, @unbilled, @charge, @version)
        ON CONFLICT (org_id, campaign_id, hour, offer_id) DO UPDATE SET
            impressions = s.impressions + excluded.impressions,
            clicks = s.clicks + excluded.clicks,
            invalid_impressions = s.invalid_impressions + excluded.invalid_impressions,
            invalid_clicks = s.invalid_clicks + excluded.invalid_clicks,
            unbilled_clicks = s.unbilled_clicks + excluded.unbilled_clicks,
            charge_micro = s.charge_micro + excluded.charge_micro,
            version = excluded.version
        """;

    private const string AddTotal = """
        UPDATE campaign_total SET
            impressions = impressions + @impressions,
            clicks = clicks + @clicks,
            invalid_impressions = invalid_impressions + @bad_impressions,
            invalid_clicks = invalid_clicks + @bad_clicks,
            unbilled_clicks = unbilled_clicks + @unbilled,
            charge_micro = charge_micro + @charge,
            first_event_at = CASE WHEN first_event_at < @first THEN first_event_at ELSE @first END,
            last_event_at = CASE WHEN last_event_at > @last THEN last_event_at ELSE @last END,
            version = @version
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string Advance = """
        UPDATE projection SET through_batch = @through WHERE org_id = @org AND name = 'rollups'
        """;

    private const string Organizations = "SELECT org_id FROM ingest_head ORDER BY org_id";

    private const string DropRollups = "DELETE FROM stat_hourly WHERE org_id = @org";

    private const string ClearTotals = """
        UPDATE campaign_total SET impressions = 0, clicks = 0, invalid_impressions = 0, invalid_clicks = 0,
            unbilled_clicks = 0, charge_micro = 0, first_event_at = NULL, last_event_at = NULL, version = 0
        WHERE org_id = @org
        """;

    /// <summary>Advertisers with batches that are not rolled up yet.</summary>
    public Task<List<OrganizationId>> ListBehind(CancellationToken cancellation) => database.Read(
        connection => connection.Query(Behind, row => row.Id<OrganizationId>(0), cancellation), cancellation);

    /// <summary>Batches of all advertisers that are not rolled up yet.</summary>
    public Task<long> CountBehind(CancellationToken cancellation) =>
        database.Read(connection => CountBehind(connection, cancellation), cancellation);

    /// <summary>The same on a connection.</summary>
    internal static async Task<long> CountBehind(DbConnection connection, CancellationToken cancellation) =>
        (await connection.Number(Lag, cancellation))!.Value;

    public Task<List<OrganizationId>> ListAll(CancellationToken cancellation) => database.Read(
        connection => connection.Query(Organizations, row => row.Id<OrganizationId>(0), cancellation), cancellation);

    /// <summary>Rolls up every batch that there is when it is called.</summary>
    public async Task CatchUp(OrganizationId advertiser, CancellationToken cancellation)
    {
        for (var more = true; more;)
        {
            more = await database.Write(connection => Step(connection, advertiser, cancellation), cancellation);
            Faults.Hit("rollup_after_commit");
            Faults.RunLate();
        }
    }

    /// <summary>The same for all advertisers.</summary>
    public async Task CatchUpAll(CancellationToken cancellation)
    {
        foreach (var advertiser in await ListBehind(cancellation))
        {
            await CatchUp(advertiser, cancellation);
        }
    }

    /// <summary>
    /// Makes an advertiser's rollups and totals anew from the journal, in one transaction: readers see the old ones
    /// until it is done, and the result is the same to the byte. Returns the number of its batches.
    /// </summary>
    public Task<long> Rebuild(OrganizationId advertiser, Action<long> progress, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                await connection.Number(Lock + database.ForUpdate, cancellation, ("org", advertiser));
                var done = 0L;
                await connection.Execute(DropRollups, cancellation, ("org", advertiser));
                await connection.Execute(ClearTotals, cancellation, ("org", advertiser));
                await InvalidReasons.Drop(connection, advertiser, cancellation);
                await StartFromArchive(connection, advertiser, cancellation);
                while (await Step(connection, advertiser, cancellation))
                {
                    done += StepBatchesMax;
                    progress(done);
                }

                return await events.LastBatch(connection, advertiser, cancellation);
            },
            cancellation);

    /// <summary>
    /// What the batches after the watermark come to. In the snapshot in which rollups are read, so that the two
    /// together are every event acknowledged before it.
    /// </summary>
    public async Task<JournalFold> Tail(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        var through = await EventReader.ProjectedThrough(connection, advertiser, Projection, cancellation);
        var last = await events.LastBatch(connection, advertiser, cancellation);
        if (through == last)
        {
            return new JournalFold([]);
        }

        var fold = new JournalFold(await events.Placements(connection, advertiser, cancellation));
        await events.ForEach(connection, advertiser, through, last, fold.Add, cancellation);
        return fold;
    }

    /// <summary>What is archived, in tables that have been emptied; the batches after it follow.</summary>
    private static async Task StartFromArchive(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        var start = await JournalStart.Read(connection, advertiser, cancellation);
        await connection.Execute(Advance, cancellation, ("org", advertiser), ("through", start.BatchNo));
        await InvalidReasons.Advance(connection, advertiser, start.BatchNo, cancellation);
        await JournalStart.RestoreRollups(connection, advertiser, cancellation);
        await AddTotals(
            connection,
            advertiser,
            (await JournalStart.ReadSums(connection, advertiser, cancellation)).Totals,
            cancellation);
    }

    /// <summary>For a broken build.</summary>
    private Task<int> Move(OrganizationId advertiser, long through) => database.Write(
        connection => connection.Execute(Advance, default, ("org", advertiser), ("through", through)), default);

    /// <summary>One step, on the caller's transaction; true when there is more.</summary>
    private async Task<bool> Step(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        var after = await connection.Number(Lock + database.ForUpdate, cancellation, ("org", advertiser))
            ?? throw new InvalidDataException($"{advertiser} has no projection of rollups.");
        var reasons = await EventReader.ProjectedThrough(
            connection, advertiser, InvalidReasons.Projection, cancellation);
        var last = await events.LastBatch(connection, advertiser, cancellation);
        var through = Math.Min(last, after + StepBatchesMax);
        if (through == after)
        {
            return await CatchUpReasons(connection, advertiser, reasons, after, cancellation);
        }

        var fold = new JournalFold(await events.Placements(connection, advertiser, cancellation));
        await events.ForEach(connection, advertiser, after, through, fold.Add, cancellation);
        await AddRows(connection, advertiser, fold, cancellation);
        Faults.Hit("rollup_after_rows");
        var moved = through;
        Faults.Break("rollup_in_second_transaction", ref moved, after);
        Faults.Late("rollup_in_second_transaction", () => Move(advertiser, through).GetAwaiter().GetResult());
        await connection.Execute(Advance, cancellation, ("org", advertiser), ("through", moved));
        if (reasons == after)
        {
            await InvalidReasons.Add(connection, advertiser, fold, cancellation);
            await InvalidReasons.Advance(connection, advertiser, through, cancellation);
        }

        Faults.Hit("rollup_before_commit");
        return through < last || reasons < after;
    }

    /// <summary>
    /// Reads the reasons of batches that were rolled up before reasons were kept, so many at a time that new batches
    /// need not wait for all of them; true when there is more.
    /// </summary>
    private async Task<bool> CatchUpReasons(
        DbConnection connection,
        OrganizationId advertiser,
        long after,
        long last,
        CancellationToken cancellation)
    {
        var through = Math.Min(last, after + StepBatchesMax);
        if (through <= after)
        {
            return false;
        }

        var fold = new JournalFold(await events.Placements(connection, advertiser, cancellation));
        await events.ForEach(connection, advertiser, after, through, fold.Add, cancellation);
        await InvalidReasons.Add(connection, advertiser, fold, cancellation);
        await InvalidReasons.Advance(connection, advertiser, through, cancellation);
        return through < last;
    }

    private static async Task AddRows(
        DbConnection connection, OrganizationId advertiser, JournalFold fold, CancellationToken cancellation)
    {
        await connection.ExecuteMany(
            AddRollup,
            [
                "org", "campaign", "hour", "offer", "retailer", "location", "impressions", "clicks", "bad_impressions",
                "bad_clicks", "unbilled", "charge", "version",
            ],
            fold.ByKey().Select(pair => new object?[]
            {
                advertiser, pair.Key.Campaign, pair.Key.Hour, pair.Key.Offer, pair.Key.Retailer, pair.Key.Location,
                pair.Value.Impressions, pair.Value.Clicks, pair.Value.InvalidImpressions, pair.Value.InvalidClicks,
                pair.Value.UnbilledClicks, pair.Value.Charge, pair.Value.Version,
            }),
            cancellation);
        await AddTotals(connection, advertiser, fold.ByCampaign(), cancellation);
    }

    private static Task AddTotals(
        DbConnection connection,
        OrganizationId advertiser,
        Dictionary<CampaignId, StatCounts> totals,
        CancellationToken cancellation) => connection.ExecuteMany(
            AddTotal,
            [
                "org", "campaign", "impressions", "clicks", "bad_impressions", "bad_clicks", "unbilled", "charge",
                "first", "last", "version",
            ],
            totals.Select(pair => new object?[]
            {
                advertiser, pair.Key, pair.Value.Impressions, pair.Value.Clicks, pair.Value.InvalidImpressions,
                pair.Value.InvalidClicks, pair.Value.UnbilledClicks, pair.Value.Charge, pair.Value.First,
                pair.Value.Last, pair.Value.Version,
            }),
            cancellation);
}
