namespace Countinghouse.RevenueShare;

public sealed partial class CloseStore
{
    private const string ListOrganizations = "SELECT org_id FROM organization ORDER BY org_id";

    private const string ListNames = "SELECT org_id, name FROM organization WHERE org_id";

    private const string InsertSettlement = """
        INSERT INTO settlement (period, state, started_at, actor) VALUES (@period, 'CLOSING', @now, @actor)
        ON CONFLICT (period) DO NOTHING
        """;

    // Its row lock: the steps that write many advertisers' rows come one after another, whoever takes them. Two closes
    // at once would else lock the same rows in different orders, and wait for each other until one is killed.
    private const string LockMonth = """
        UPDATE settlement SET state = state WHERE period = @period AND state = 'CLOSING'
        """;

    // The upsert takes the row locks, in id order as the flush does, so the two cannot wait for each other in a circle.
    private const string Fence = """
        INSERT INTO ingest_head (org_id, batch_no, hash, config_version, fenced_through)
        SELECT org_id, 0, @genesis, 0, @period
        FROM organization WHERE org_id > @after AND org_id <= @last ORDER BY org_id
        ON CONFLICT (org_id) DO UPDATE SET fenced_through = excluded.fenced_through
        WHERE ingest_head.fenced_through < excluded.fenced_through
        """;

    private const string StartPeriods = """
        INSERT INTO billing_period (org_id, period, state)
        SELECT org_id, @period, 'CLOSING' FROM organization WHERE org_id > @after AND org_id <= @last
        ON CONFLICT (org_id, period) DO UPDATE SET state = excluded.state WHERE billing_period.state = 'OPEN'
        """;

    private const string RecordCounts = """
        UPDATE billing_period SET event_count = @events, charge_micro = @charge
        WHERE org_id = @org AND period = @period AND state = 'CLOSING'
        """;

    private const string SumRetailers = """
        SELECT retailer_org_id, CAST(SUM(charge_micro) AS bigint)
        FROM stat_hourly WHERE retailer_org_id > @nobody AND hour BETWEEN @first AND @last
        GROUP BY retailer_org_id HAVING SUM(charge_micro) <> 0
        ORDER BY retailer_org_id
        """;

    private const string SumCorrections = """
        SELECT retailer_org_id, origin_period, CAST(SUM(amount_micro) AS bigint)
        FROM adjustment WHERE applied_period = @period AND retailer_org_id > @nobody
        GROUP BY retailer_org_id, origin_period
        ORDER BY retailer_org_id, origin_period
        """;

    private const string SumParts = """
        SELECT CAST(COALESCE(SUM(pool_micro), 0) AS bigint), CAST(COALESCE(SUM(gross_cents), 0) AS bigint),
               CAST(COALESCE(SUM(fee_cents), 0) AS bigint), CAST(COALESCE(SUM(share_cents), 0) AS bigint)
        FROM revenue_share_part WHERE org_id = @org AND origin_period = @origin AND period < @period
        """;

    private const string InsertPart = """
        INSERT INTO revenue_share_part (org_id, period, origin_period, pool_micro, gross_cents, fee_cents, share_cents,
                                        fee_ppm)
        VALUES (@org, @period, @origin, @pool, @gross, @fee, @part, @rate)
        """;

    private const string ListCarries = """
        SELECT c.org_id, c.carry_micro FROM revenue_share_carry c
        WHERE c.period = (SELECT MAX(l.period) FROM revenue_share_carry l
                          WHERE l.org_id = c.org_id AND l.period < @period)
        """;

    private const string InsertCarry = """
        INSERT INTO revenue_share_carry (org_id, period, carry_micro) VALUES (@org, @period, @carry)
        ON CONFLICT (org_id, period) DO NOTHING
        """;

    private const string InsertShare = """
        INSERT INTO revenue_share (org_id, share_id, period, event_gross_micro, adjustment_micro, carry_in_micro,
                                   carry_out_micro, gross_cents, fee_cents, share_cents, fee_ppm, status, revision,
                                   stripe_transfer_id, metadata, created_at, updated_at)
        VALUES (@org, @share, @period, @events, @adjustments, @carryIn, @carryOut, @gross, @fee, @part, @rate,
                'CALCULATED', 1, '', '{}', @now, @now)
        """;

    private const string InsertLines = """
        INSERT INTO revenue_share_line (org_id, share_id, line_no, kind, origin_period, source_org_id, campaign_id,
                                        location_id, amount_micro)
        SELECT @org, @share,
               ROW_NUMBER() OVER (ORDER BY kind DESC, origin_period, org_id, campaign_id, location_id),
               kind, origin_period, org_id, campaign_id, location_id, amount_micro
        FROM (
            SELECT 'EVENTS' AS kind, @period AS origin_period, org_id, campaign_id, location_id,
                   CAST(SUM(charge_micro) AS bigint) AS amount_micro
            FROM stat_hourly WHERE retailer_org_id = @org AND hour BETWEEN @first AND @last
            GROUP BY org_id, campaign_id, location_id HAVING SUM(charge_micro) <> 0
            UNION ALL
            SELECT 'ADJUSTMENT', origin_period, org_id, campaign_id, location_id, CAST(SUM(amount_micro) AS bigint)
            FROM adjustment WHERE retailer_org_id = @org AND applied_period = @period
            GROUP BY origin_period, org_id, campaign_id, location_id
        ) AS lines
        """;

    private const string FinishPeriods = """
        UPDATE billing_period SET state = 'CLOSED', closed_at = @now WHERE period = @period AND state = 'CLOSING'
        """;

    // Reports say of their rows whether they are final. In the order in which flushes lock heads, as for the fence.
    private const string RaiseVersions = """
        INSERT INTO ingest_head (org_id, batch_no, hash, config_version, fenced_through)
        SELECT org_id, 0, @genesis, 0, @period FROM organization WHERE org_id >= @first ORDER BY org_id
        ON CONFLICT (org_id) DO UPDATE SET config_version = ingest_head.config_version + 1
        """;

    private const string FinishSettlement = """
        UPDATE settlement SET
            state = 'CLOSED',
            closed_at = @now,
            event_count = (SELECT CAST(COALESCE(SUM(event_count), 0) AS bigint)
                           FROM billing_period WHERE period = @period),
            charge_micro = (SELECT CAST(COALESCE(SUM(charge_micro), 0) AS bigint)
                            FROM billing_period WHERE period = @period),
            record_count = (SELECT COUNT(*) FROM revenue_share WHERE period = @period),
            gross_cents = (SELECT CAST(COALESCE(SUM(gross_cents), 0) AS bigint)
                           FROM revenue_share WHERE period = @period),
            fee_cents = (SELECT CAST(COALESCE(SUM(fee_cents), 0) AS bigint)
                         FROM revenue_share WHERE period = @period),
            share_cents = (SELECT CAST(COALESCE(SUM(share_cents), 0) AS bigint)
                           FROM revenue_share WHERE period = @period)
        WHERE period = @period AND state = 'CLOSING'
        """;
}
