using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>The statements of a flush.</summary>
public sealed partial class EventFlusher
{
    private const string FindFlush = "SELECT batch_no FROM ingest_batch WHERE org_id = @org AND flush_id = @flush";

    private const string AddBatch = """
        INSERT INTO ingest_batch (org_id, batch_no, flush_id, committed_at, event_count, valid_count, click_count,
                                  charge_micro, first_hour, last_hour, client_hash, prev_hash, hash, client_keys,
                                  payload)
        VALUES (@org, @batch, @flush, @now, @events, @valid, @clicks, @charge, @first, @last, @client_hash, @previous,
                @hash, @clients, @payload)
        """;

    private const string AddPlacement = """
        INSERT INTO placement (org_id, placement_no, campaign_id, offer_id, retailer_org_id, location_id, pricing,
                               event_price_micro, first_batch)
        VALUES (@org, @number, @campaign, @offer, @retailer, @location, @pricing, @price, @batch)
        """;

    // Relative on purpose: an absolute value would lose what another transaction added.
    private const string AddCharge = """
        UPDATE campaign_budget SET
            spent_micro = spent_micro + @charge,
            day_spent_micro = CASE WHEN day = @today THEN day_spent_micro + @charge ELSE @charge END,
            day = @today
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string AddChargesPostgres = """
        UPDATE campaign_budget b SET
            spent_micro = b.spent_micro + c.charge,
            day_spent_micro = CASE WHEN b.day = @today THEN b.day_spent_micro + c.charge ELSE c.charge END,
            day = @today
        FROM unnest(@campaigns, @charges) AS c (campaign_id, charge)
        WHERE b.org_id = @org AND b.campaign_id = c.campaign_id
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

    // The three steps from one day to another; the day that is entered may have been begun before.
    private const string LeaveDay = """
        INSERT INTO campaign_day (org_id, campaign_id, day, spent_micro)
        SELECT org_id, campaign_id, day, day_spent_micro FROM campaign_budget WHERE org_id = @org AND day = @left
        ON CONFLICT (org_id, campaign_id, day) DO UPDATE SET spent_micro = excluded.spent_micro
        """;

    private const string EnterDay = """
        UPDATE campaign_budget SET day = @day, day_spent_micro = (
            SELECT d.spent_micro FROM campaign_day d
            WHERE d.org_id = @org AND d.campaign_id = campaign_budget.campaign_id AND d.day = @day)
        WHERE org_id = @org AND EXISTS (
            SELECT 1 FROM campaign_day d
            WHERE d.org_id = @org AND d.campaign_id = campaign_budget.campaign_id AND d.day = @day)
        """;

    private const string ForgetDays = "DELETE FROM campaign_day WHERE org_id = @org AND day < @kept";

    private const string TurnHead = "UPDATE ingest_head SET day = @day WHERE org_id = @org";

    private static async Task<bool> IsCommitted(DbConnection connection, OrganizationId advertiser, Guid flushId) =>
        await connection.Number(FindFlush, default, ("org", advertiser), ("flush", flushId)) is not null;

    /// <summary>Moves daily budgets from the head's day to another, later or earlier.</summary>
    private static async Task TurnDay(DbConnection connection, OrganizationId advertiser, int left, UtcDay day)
    {
        await connection.Execute(LeaveDay, default, ("org", advertiser), ("left", left));
        await connection.Execute(EnterDay, default, ("org", advertiser), ("day", day));
        await connection.Execute(TurnHead, default, ("org", advertiser), ("day", day));
        if (left > 0 && day.Number > left)
        {
            await connection.Execute(
                ForgetDays, default, ("org", advertiser), ("kept", UtcDay.FromNumber(left).AddDays(-DaysKept)));
        }
    }

    private static async Task AddPlacements(DbConnection connection, AdvertiserFlush flush, OrganizationId advertiser)
    {
        if (flush.NewPlacements.Length > 0)
        {
            await connection.ExecuteMany(
                AddPlacement,
                ["org", "number", "campaign", "offer", "retailer", "location", "pricing", "price", "batch"],
                flush.NewPlacements.ToArray().Select((placement, index) => new object?[]
                {
                    advertiser, flush.FirstNewPlacement + index, placement.Campaign, placement.Offer,
                    placement.Retailer, placement.Location, CampaignWords.Of(placement.Pricing), placement.EventPrice,
                    flush.BatchNo,
                }),
                default);
        }
    }

    private static (string, (string, object?)[]) BatchStatement(
        Guid flushId, OrganizationId advertiser, StoredBatch batch) => (
        AddBatch,
        [
            ("org", advertiser),
            ("batch", batch.BatchNo),
            ("flush", flushId),
            ("now", batch.CommittedAt),
            ("events", batch.EventCount),
            ("valid", batch.ValidCount),
            ("clicks", batch.ClickCount),
            ("charge", batch.Charge),
            ("first", batch.FirstHour),
            ("last", batch.LastHour),
            ("client_hash", batch.ClientHash),
            ("previous", batch.PreviousHash),
            ("hash", batch.Hash),
            ("clients", batch.ClientKeys),
            ("payload", batch.Payload),
        ]);

    private IEnumerable<(string, (string, object?)[])> BudgetStatements(
        AdvertiserFlush flush, OrganizationId advertiser)
    {
        if (database.Engine == Engine.Postgres)
        {
            // One statement, however many campaigns; the head's lock keeps everybody else away from these rows.
            return flush.Charged.Count == 0 ? [] :
            [
                (AddChargesPostgres,
                [
                    ("org", advertiser),
                    ("today", flush.Today),
                    ("campaigns", flush.Charged.Select(campaign => campaign.Id.Value).ToArray()),
                    ("charges", flush.Charged.Select(campaign => campaign.ChargedNow.Micros).ToArray()),
                ]),
            ];
        }

        return flush.Charged.Select(campaign => (AddCharge, new (string, object?)[]
        {
            ("org", advertiser),
            ("campaign", campaign.Id),
            ("charge", campaign.ChargedNow),
            ("today", flush.Today),
        }));
    }

    private static (string, (string, object?)[]) ExhaustStatement(
        AdvertiserFlush flush, OrganizationId advertiser, CampaignId campaign) =>
        (Exhaust, [("org", advertiser), ("campaign", campaign), ("now", flush.Now)]);

    private static (string, (string, object?)[]) HeadStatement(
        AdvertiserFlush flush, OrganizationId advertiser, byte[] hash, bool raise) => (
        AdvanceHead,
        [("org", advertiser), ("batch", flush.BatchNo), ("hash", hash), ("raise", raise ? 1L : 0L)]);
}
