using System.Data.Common;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>What a retailer's events of a month come to, and the corrections by the month they are about.</summary>
public readonly record struct RetailerGross(
    OrganizationId Retailer, Money Gross, IReadOnlyList<(Period Origin, Money Amount)> Corrections);

/// <summary>What an advertiser's month comes to, rollups and events alike.</summary>
public readonly record struct RollupTotals(long Events, Money Charge);

/// <summary>
/// Writes the steps of a close. Each is one transaction that changes nothing when it was done before, so that a close
/// may be run again, or twice at once, or be killed anywhere.
/// </summary>
public sealed class CloseStore(
    Database database, ShareBooks books, OrganizationVersions versions, TimeProvider clock)
{
    /// <summary>Advertisers whose heads one transaction locks: ingest waits for no longer than these take.</summary>
    private const int FencedAtOnceMax = 200;

    private const string ListOrganizations = "SELECT org_id FROM organization ORDER BY org_id";

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

    private const string FindCarry = """
        SELECT carry_micro FROM revenue_share_carry
        WHERE org_id = @org AND period < @period ORDER BY period DESC LIMIT 1
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

    private const string SumLines = """
        SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint)
        FROM revenue_share_line WHERE org_id = @org AND share_id = @share
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

    /// <summary>Before the first batch there is nothing to chain to.</summary>
    private static readonly byte[] Genesis = new byte[32];

    public Task<List<OrganizationId>> Organizations(CancellationToken cancellation) => database.Read(
        connection => connection.Query(ListOrganizations, row => row.Id<OrganizationId>(0), cancellation),
        cancellation);

    public Task Start(Period period, string actor, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            InsertSettlement,
            cancellation,
            ("period", period),
            ("now", Instant.Of(clock.GetUtcNow())),
            ("actor", actor)),
        cancellation);

    /// <summary>
    /// Keeps new events out of the month, for every advertiser: what is flushed after this is booked on the day of its
    /// receipt. A flush under way holds the head's lock, so when this returns, its events are in.
    /// </summary>
    public async Task FenceAll(
        Period period, IReadOnlyList<OrganizationId> advertisers, CancellationToken cancellation)
    {
        OrganizationId after = default;
        foreach (var chunk in advertisers.Chunk(FencedAtOnceMax))
        {
            var (from, last) = (after, chunk[^1]);
            await Step(
                period,
                async connection =>
                {
                    await connection.Execute(
                        Fence,
                        cancellation,
                        ("genesis", Genesis),
                        ("period", period),
                        ("after", from),
                        ("last", last));
                    await connection.Execute(
                        StartPeriods, cancellation, ("period", period), ("after", from), ("last", last));
                },
                cancellation);
            after = last;
        }
    }

    /// <summary>Writes down what advertisers' months come to, once they were verified.</summary>
    public async Task KeepCounts(
        Period period,
        IReadOnlyList<(OrganizationId Advertiser, RollupTotals Totals)> verified,
        CancellationToken cancellation)
    {
        foreach (var chunk in verified.Chunk(FencedAtOnceMax))
        {
            await Step(
                period,
                async connection =>
                {
                    foreach (var (advertiser, totals) in chunk)
                    {
                        await connection.Execute(
                            RecordCounts,
                            cancellation,
                            ("events", totals.Events),
                            ("charge", totals.Charge),
                            ("org", advertiser),
                            ("period", period));
                    }
                },
                cancellation);
        }
    }

    /// <summary>
    /// What each retailer's events of the month come to, and the corrections that the month takes in; retailers with
    /// neither are left out.
    /// </summary>
    public async Task<List<RetailerGross>> Retailers(
        DbConnection connection, Period period, CancellationToken cancellation)
    {
        var charged = await connection.Query(
            SumRetailers,
            row => (Retailer: row.Id<OrganizationId>(0), Gross: new Money(row.GetInt64(1))),
            cancellation,
            ("nobody", default(OrganizationId)),
            ("first", period.FirstDay.FirstHour),
            ("last", period.LastDay.LastHour));
        var corrected = (await connection.Query(
            SumCorrections,
            row => (
                Retailer: row.Id<OrganizationId>(0),
                Origin: Period.FromNumber(row.GetInt32(1)),
                Amount: new Money(row.GetInt64(2))),
            cancellation,
            ("nobody", default(OrganizationId)),
            ("period", period))).ToLookup(one => one.Retailer, one => (one.Origin, one.Amount));
        var grosses = charged.ToDictionary(one => one.Retailer, one => one.Gross);
        return
        [
            .. grosses.Keys.Union(corrected.Select(group => group.Key)).OrderBy(retailer => retailer.Value)
                .Select(retailer => new RetailerGross(
                    retailer, grosses.GetValueOrDefault(retailer), [.. corrected[retailer]])),
        ];
    }

    /// <summary>What records of earlier months have of a month of origin.</summary>
    public async Task<SharePart> Before(
        DbConnection connection,
        OrganizationId retailer,
        Period origin,
        Period period,
        FeeRate rate,
        CancellationToken cancellation) => (await connection.Query(
            SumParts,
            row => new SharePart(
                origin,
                new Money(row.GetInt64(0)),
                new Cents(row.GetInt64(1)),
                new Cents(row.GetInt64(2)),
                new Cents(row.GetInt64(3)),
                rate),
            cancellation,
            ("org", retailer),
            ("origin", origin),
            ("period", period)))[0];

    /// <summary>What earlier months left the retailer below one cent.</summary>
    public async Task<Money> CarryIn(
        DbConnection connection, OrganizationId retailer, Period period, CancellationToken cancellation) =>
        new(await connection.Number(FindCarry, cancellation, ("org", retailer), ("period", period)) ?? 0);

    /// <summary>
    /// Writes a retailer's month, on the transaction of <paramref name="connection"/>. False: it was written before,
    /// and nothing was changed. The carry is the mark of that: every settled retailer has one, also without a record.
    /// </summary>
    public async Task<bool> Settle(
        DbConnection connection,
        OrganizationId retailer,
        Period period,
        Calculation calculation,
        string actor,
        CancellationToken cancellation)
    {
        var inserted = await connection.Execute(
            InsertCarry, cancellation, ("org", retailer), ("period", period), ("carry", calculation.CarryOut));
        if (inserted == 0)
        {
            return false;
        }

        foreach (var part in calculation.Parts)
        {
            await connection.Execute(
                InsertPart,
                cancellation,
                ("org", retailer),
                ("period", period),
                ("origin", part.Origin),
                ("pool", part.Pool),
                ("gross", part.Gross),
                ("fee", part.Fee),
                ("part", part.Share),
                ("rate", part.Rate));
        }

        await books.Settled(connection, retailer, period, calculation, cancellation);
        if (!calculation.MakesRecord)
        {
            return true;
        }

        var share = ShareOf(retailer, period);
        var now = Instant.Of(clock.GetUtcNow());
        await connection.Execute(
            InsertShare,
            cancellation,
            ("org", retailer),
            ("share", share),
            ("period", period),
            ("events", calculation.EventGross),
            ("adjustments", calculation.Adjustments),
            ("carryIn", calculation.CarryIn),
            ("carryOut", calculation.CarryOut),
            ("gross", calculation.Gross),
            ("fee", calculation.Fee),
            ("part", calculation.Share),
            ("rate", calculation.Rate),
            ("now", now));
        await connection.Execute(
            InsertLines,
            cancellation,
            ("org", retailer),
            ("share", share),
            ("period", period),
            ("first", period.FirstDay.FirstHour),
            ("last", period.LastDay.LastHour));
        var lines = await connection.Number(SumLines, cancellation, ("org", retailer), ("share", share));
        if (lines != (calculation.EventGross + calculation.Adjustments).Micros)
        {
            throw new InvalidOperationException($"Rollups of {period} changed while it was being closed.");
        }

        await RevenueShareStore.RecordTransition(
            connection, retailer, share, null, RevenueShareStatusEnum.Calculated, actor, "", now, cancellation);
        return true;
    }

    /// <summary>The last step: the month is final, for every advertiser and for the platform, at one moment.</summary>
    public async Task Finish(Period period, CancellationToken cancellation)
    {
        await Step(
            period,
            async connection =>
            {
                var now = Instant.Of(clock.GetUtcNow());
                await connection.Execute(
                    RaiseVersions,
                    cancellation,
                    ("genesis", Genesis),
                    ("period", period),
                    ("first", default(OrganizationId)));
                await connection.Execute(FinishPeriods, cancellation, ("period", period), ("now", now));
                await connection.Execute(FinishSettlement, cancellation, ("period", period), ("now", now));
                await books.Finished(connection, period, cancellation);
            },
            cancellation);
        versions.AllChanged();
    }

    /// <summary>The id follows from what the record is of; frozen, because stored ids follow from it.</summary>
    public static ShareId ShareOf(OrganizationId retailer, Period period) =>
        new(NamedId.Create($"revenue_share/{retailer}/{period}"));

    /// <summary>One transaction under the month's lock; it does nothing when the month was closed meanwhile.</summary>
    private Task Step(Period period, Func<DbConnection, Task> work, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            if (await connection.Execute(LockMonth, cancellation, ("period", period)) == 1)
            {
                await work(connection);
            }
        },
        cancellation);
}
