using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>The statements of a flush that both engines share.</summary>
public sealed partial class EventWriter
{
    private const string ReadHead = """
        SELECT batch_no, hash, config_version, fenced_through FROM ingest_head WHERE org_id = @org
        """;

    private const string FindFlush = "SELECT batch_no FROM ingest_batch WHERE org_id = @org AND flush_id = @flush";

    private const string Known = """
        SELECT event_id, kind, campaign_id, offer_id, stated_at FROM ad_event WHERE org_id = @org AND event_id
        """;

    private const string Budgets = """
        SELECT campaign_id, budget_micro, spent_micro - credited_micro, daily_cap_micro,
               CASE WHEN day = @today THEN day_spent_micro ELSE 0 END
        FROM campaign_budget WHERE org_id = @org AND campaign_id
        """;

    private const string AddBatch = """
        INSERT INTO ingest_batch (org_id, batch_no, flush_id, committed_at, event_count, valid_count, charge_micro,
                                  prev_hash, hash)
        VALUES (@org, @batch, @flush, @now, @events, @valid, @charge, @previous, @hash)
        """;

    // Relative on purpose: an absolute value would lose what another transaction added.
    private const string AddRollup = """
        INSERT INTO stat_hourly AS s (org_id, campaign_id, hour, offer_id, retailer_org_id, location_id,
                                      impressions, clicks, invalid_impressions, invalid_clicks, unbilled_clicks,
                                      charge_micro, version)
        VALUES (@org, @campaign, @hour, @offer, @retailer, @location, @impressions, @clicks, @bad_impressions,
                @bad_clicks, @unbilled, @charge, @batch)
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
            version = @batch
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string AddCharge = """
        UPDATE campaign_budget SET
            spent_micro = spent_micro + @charge,
            day_spent_micro = CASE WHEN day = @today THEN day_spent_micro + @charge ELSE @charge END,
            day = @today
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string Exhaust = """
        UPDATE campaign
        SET status = 'completed', completed_reason = 'budget_exhausted', completed_at = @now, version = version + 1
        WHERE org_id = @org AND campaign_id = @campaign AND status = 'active'
        """;

    private const string AdvanceHead = """
        UPDATE ingest_head SET batch_no = @batch, hash = @hash, config_version = config_version + @raise
        WHERE org_id = @org
        """;

    private async Task<IngestHead> LockHead(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) =>
        await connection.First(
            ReadHead + database.ForUpdate,
            row => new IngestHead(
                row.GetInt64(0), row.Bytes(1), row.GetInt64(2), Period.FromNumber(row.GetInt32(3))),
            cancellation,
            ("org", advertiser))
        ?? throw new InvalidDataException("An organization has no ingest head.");

    private static async Task<bool> IsCommitted(
        DbConnection connection, OrganizationId advertiser, Guid flushId, CancellationToken cancellation) =>
        await connection.Number(FindFlush, cancellation, ("org", advertiser), ("flush", flushId)) is not null;

    private async Task<Dictionary<EventId, EventIdentity>> FindKnown(
        DbConnection connection,
        OrganizationId advertiser,
        IEnumerable<EventId> ids,
        CancellationToken cancellation)
    {
        var rows = await connection.Query(
            Known + database.AnyOf("ids"),
            row => KeyValuePair.Create(
                row.Id<EventId>(0),
                new EventIdentity(
                    (EventKind)row.GetInt32(1),
                    row.Id<CampaignId>(2),
                    row.IdOrNull<OfferId>(3),
                    row.InstantOrNull(4))),
            cancellation,
            ("org", advertiser),
            ("ids", database.ListOf(ids)));
        return new Dictionary<EventId, EventIdentity>(rows);
    }

    private async Task<Dictionary<CampaignId, BudgetState>> ReadBudgets(
        DbConnection connection,
        OrganizationId advertiser,
        IEnumerable<CampaignId> campaigns,
        UtcDay today,
        CancellationToken cancellation)
    {
        var rows = await connection.Query(
            Budgets + database.AnyOf("campaigns"),
            row => KeyValuePair.Create(
                row.Id<CampaignId>(0),
                new BudgetState(
                    new Money(row.GetInt64(1)),
                    new Money(row.GetInt64(2)),
                    row.IsDBNull(3) ? null : new Money(row.GetInt64(3)),
                    new Money(row.GetInt64(4)))),
            cancellation,
            ("org", advertiser),
            ("today", today),
            ("campaigns", database.ListOf(campaigns)));
        return new Dictionary<CampaignId, BudgetState>(rows);
    }

    private static Task<int> InsertBatch(
        DbConnection connection,
        Guid flushId,
        AdvertiserFlush flush,
        long batchNo,
        byte[] hash,
        CancellationToken cancellation) => connection.Execute(
        AddBatch,
        cancellation,
        ("org", flush.Advertiser),
        ("batch", batchNo),
        ("flush", flushId),
        ("now", Instant.Of(flush.Now)),
        ("events", flush.Events.Count),
        ("valid", flush.Events.Count(adEvent => adEvent.Validity == Validity.Valid)),
        ("charge", new Money(flush.Events.Sum(adEvent => adEvent.Charge.Micros))),
        ("previous", flush.Head.Hash),
        ("hash", hash));

    private static Task AddToRollups(
        DbConnection connection, AdvertiserFlush flush, long batchNo, CancellationToken cancellation) =>
        connection.ExecuteMany(
            AddRollup,
            [
                "org", "campaign", "hour", "offer", "retailer", "location", "impressions", "clicks", "bad_impressions",
                "bad_clicks", "unbilled", "charge", "batch",
            ],
            flush.Rollups.Select(pair => new object?[]
            {
                flush.Advertiser, pair.Key.Campaign, pair.Key.Hour, pair.Key.Offer, pair.Key.Retailer,
                pair.Key.Location, pair.Value.Impressions, pair.Value.Clicks, pair.Value.InvalidImpressions,
                pair.Value.InvalidClicks, pair.Value.UnbilledClicks, pair.Value.Charge, batchNo,
            }),
            cancellation);

    private static Task AddToTotals(
        DbConnection connection, AdvertiserFlush flush, long batchNo, CancellationToken cancellation) =>
        connection.ExecuteMany(
            AddTotal,
            [
                "org", "campaign", "impressions", "clicks", "bad_impressions", "bad_clicks", "unbilled", "charge",
                "first", "last", "batch",
            ],
            flush.Totals.Select(pair => new object?[]
            {
                flush.Advertiser, pair.Key, pair.Value.Counts.Impressions, pair.Value.Counts.Clicks,
                pair.Value.Counts.InvalidImpressions, pair.Value.Counts.InvalidClicks,
                pair.Value.Counts.UnbilledClicks, pair.Value.Counts.Charge, pair.Value.First, pair.Value.Last, batchNo,
            }),
            cancellation);

    private static Task AddToBudgets(
        DbConnection connection, AdvertiserFlush flush, CancellationToken cancellation) =>
        connection.ExecuteMany(
            AddCharge,
            ["org", "campaign", "charge", "today"],
            flush.Charges().Select(charge => new object?[]
            {
                flush.Advertiser, charge.Campaign, charge.Charged, UtcDay.Of(flush.Now),
            }),
            cancellation);
}
