using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Adjustments;

/// <summary>How a correction ended. Nothing was written unless it is the first.</summary>
public enum AdjustOutcome
{
    Adjusted = 1,

    /// <summary>There is no such event of the campaign, or it cost nothing.</summary>
    NothingCharged = 2,

    /// <summary>The event's charge was given back before.</summary>
    AlreadyGivenBack = 3,

    /// <summary>More would be given back than was charged, or taken back than was given.</summary>
    MoreThanCharged = 4,

    /// <summary>The budget does not cover what would be taken back.</summary>
    BudgetTooSmall = 5,

    /// <summary>More than <see cref="AdjustmentStore.AtOnceMax"/> days and offers.</summary>
    TooMany = 6,
}

/// <summary>How a correction ended, and what it came to.</summary>
public readonly record struct Adjusted(AdjustOutcome Outcome, int Count, Money Amount);

/// <summary>A correction on its way.</summary>
internal readonly record struct Draft(
    OfferId Offer, OrganizationId Retailer, LocationId Location, EventId? Event, int OriginHour, Money Amount)
{
    public Period Origin => Period.FromNumber(OriginHour / 10_000);
}

/// <summary>
/// Keeps corrections of what events were charged. Each is made in one transaction under the lock of the advertiser's
/// head: with the campaign's credit, and with the month that takes it in decided by the fence which that lock guards.
/// </summary>
public sealed class AdjustmentStore(
    Database database,
    Receipts receipts,
    Rollups rollups,
    OrganizationVersions versions,
    AuditTrail trail,
    TimeProvider clock)
{
    /// <summary>Rows that one request makes at most.</summary>
    public const int AtOnceMax = 10_000;

    private const string LockHead = "SELECT fenced_through FROM ingest_head WHERE org_id = @org";

    private const string IsGivenBack = "SELECT COUNT(*) FROM adjustment WHERE org_id = @org AND event_id = @event";

    // What is left of each offer's charges of a day: charged less given back.
    private const string Left = """
        SELECT hour / 100, offer_id, retailer_org_id, location_id, CAST(SUM(amount_micro) AS bigint)
        FROM (
            SELECT hour, offer_id, retailer_org_id, location_id, charge_micro AS amount_micro
            FROM stat_hourly WHERE org_id = @org AND campaign_id = @campaign AND hour BETWEEN @first AND @last
            UNION ALL
            SELECT origin_day * 100, offer_id, retailer_org_id, location_id, amount_micro
            FROM adjustment WHERE org_id = @org AND campaign_id = @campaign AND origin_day BETWEEN @start AND @end
        ) AS moved
        GROUP BY 1, 2, 3, 4 HAVING SUM(amount_micro) > 0
        ORDER BY 1, 2 LIMIT @most
        """;

    private const string RetailerAt = """
        SELECT retailer_org_id FROM stat_hourly
        WHERE org_id = @org AND campaign_id = @campaign AND location_id = @location AND hour BETWEEN @first AND @last
        LIMIT 1
        """;

    private const string ChargedAt = """
        SELECT CAST(COALESCE(SUM(charge_micro), 0) AS bigint) FROM stat_hourly
        WHERE org_id = @org AND campaign_id = @campaign AND location_id = @location AND hour BETWEEN @first AND @last
        """;

    private const string AdjustedAt = """
        SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint) FROM adjustment
        WHERE org_id = @org AND campaign_id = @campaign AND location_id = @location AND origin_period = @period
        """;

    private const string Insert = """
        INSERT INTO adjustment (org_id, adjustment_id, campaign_id, offer_id, retailer_org_id, location_id, event_id,
                                kind, origin_day, origin_period, applied_period, booked_hour, amount_micro, reason,
                                actor, created_at)
        VALUES (@org, @adjustment, @campaign, @offer, @retailer, @location, @event, @kind, @day, @period, @applied,
                @hour, @amount, @reason, @actor, @now)
        """;

    // What is taken back must leave a running campaign one event's price, or it would run with nothing to pay by.
    private const string Credit = """
        UPDATE campaign_budget SET credited_micro = credited_micro - @amount
        WHERE org_id = @org AND campaign_id = @campaign
          AND (@amount <= 0 OR budget_micro - spent_micro + credited_micro - @amount >= (
              SELECT CASE WHEN c.status = 'completed' THEN 0 WHEN c.pricing = 'cpm' THEN c.price_micro / 1000
                     ELSE c.price_micro END
              FROM campaign c WHERE c.org_id = @org AND c.campaign_id = @campaign))
        """;

    private const string ListPage = """
        SELECT adjustment_id, kind, campaign_id, offer_id, retailer_org_id, location_id, event_id, origin_day,
               applied_period, amount_micro, reason, created_at
        FROM adjustment WHERE org_id = @org AND campaign_id = @campaign
        ORDER BY created_at DESC, adjustment_id DESC LIMIT @size OFFSET @offset
        """;

    private const string CountAll =
        "SELECT COUNT(*) FROM adjustment WHERE org_id = @org AND campaign_id = @campaign";

    /// <summary>Gives back the whole charge of an event, once.</summary>
    public async Task<Adjusted> CreditEvent(
        OrganizationId advertiser,
        CampaignId campaign,
        EventCredit wanted,
        string actor,
        CancellationToken cancellation)
    {
        var found = await receipts.Find(advertiser, wanted.EventId, cancellation);
        if (found is null || found.Advertiser != advertiser || found.Placement.Campaign != campaign
            || found.Event.Charge(found.Placement) == Money.Zero)
        {
            return new Adjusted(AdjustOutcome.NothingCharged, 0, Money.Zero);
        }

        var placement = found.Placement;
        var draft = new Draft(
            placement.Offer ?? default,
            placement.Retailer ?? default,
            placement.Location ?? default,
            wanted.EventId,
            default(HourFinder).Of(found.Event.BilledAt(found.Batch.CommittedAt)),
            Money.Zero - found.Event.Charge(placement));
        var order = new Order(advertiser, campaign, AdjustmentKind.Event, wanted.Reason, actor);
        return await Adjust(
            order,
            async connection => await connection.Number(
                IsGivenBack, cancellation, ("org", advertiser), ("event", wanted.EventId)) == 0
                ? ([draft], AdjustOutcome.Adjusted)
                : ([], AdjustOutcome.AlreadyGivenBack),
            dryRun: false,
            cancellation);
    }

    /// <summary>Gives back a part of what is left of the charges of some days, offer by offer.</summary>
    public Task<Adjusted> CreditDays(
        OrganizationId advertiser,
        CampaignId campaign,
        DaysCredit wanted,
        string actor,
        CancellationToken cancellation) => Adjust(
        new Order(advertiser, campaign, AdjustmentKind.Days, wanted.Reason, actor),
        async connection =>
        {
            var left = await connection.Query(
                Left,
                row => new Draft(
                    row.Id<OfferId>(1),
                    row.Id<OrganizationId>(2),
                    row.Id<LocationId>(3),
                    null,
                    (int)row.GetInt64(0) * 100,
                    AdjustmentRules.Credit(new Money(row.GetInt64(4)), wanted.Fraction)),
                cancellation,
                ("org", advertiser),
                ("campaign", campaign),
                ("first", wanted.StartDate.FirstHour),
                ("last", wanted.EndDate.LastHour),
                ("start", wanted.StartDate),
                ("end", wanted.EndDate),
                ("most", AtOnceMax + 1));
            var drafts = left.Where(draft => draft.Amount != Money.Zero).ToList();
            return (drafts, left.Count > AtOnceMax ? AdjustOutcome.TooMany
                : drafts.Count == 0 ? AdjustOutcome.NothingCharged
                : AdjustOutcome.Adjusted);
        },
        wanted.DryRun,
        cancellation);

    /// <summary>Gives an amount back, or takes as much of earlier credits back.</summary>
    public Task<Adjusted> Correct(
        OrganizationId advertiser,
        CampaignId campaign,
        AmountCorrection wanted,
        string actor,
        CancellationToken cancellation) => Adjust(
        new Order(advertiser, campaign, AdjustmentKind.Amount, wanted.Reason, actor),
        async connection =>
        {
            var location = wanted.LocationId ?? default;
            var month = wanted.Date.Period;
            var retailers = await connection.Query(
                RetailerAt,
                row => row.Id<OrganizationId>(0),
                cancellation,
                ("org", advertiser),
                ("campaign", campaign),
                ("location", location),
                ("first", month.FirstDay.FirstHour),
                ("last", month.LastDay.LastHour));
            return retailers.Count == 0
                ? ([], AdjustOutcome.NothingCharged)
                : ([new Draft(default, retailers[0], location, null, wanted.Date.FirstHour, wanted.Amount)],
                    AdjustOutcome.Adjusted);
        },
        dryRun: false,
        cancellation);

    /// <summary>A campaign's corrections, the latest first.</summary>
    public Task<Paged<AdjustmentOut>> List(
        OrganizationId advertiser, CampaignId campaign, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(
                    CountAll, cancellation, ("org", advertiser), ("campaign", campaign)))!.Value;
                var rows = await connection.Query(
                    ListPage,
                    Read,
                    cancellation,
                    ("org", advertiser),
                    ("campaign", campaign),
                    ("size", page.Size),
                    ("offset", page.Offset));
                return new Paged<AdjustmentOut>(rows, page, total);
            },
            cancellation);

    private async Task<Adjusted> Adjust(
        Order order,
        Func<DbConnection, Task<(List<Draft> Drafts, AdjustOutcome Outcome)>> draft,
        bool dryRun,
        CancellationToken cancellation)
    {
        Period earlier = default;
        Faults.Do("adjustment_without_fence", () =>
        {
            var known = database.Read(
                connection => connection.Number(LockHead, cancellation, ("org", order.Advertiser)), cancellation);
            earlier = Period.FromNumber((int)known.Result!.Value);
            Task.Delay(TimeSpan.FromSeconds(1.5), cancellation).Wait(cancellation);
        });

        // What was charged is read from rollups. Those that follow can only add to it, which is the safe side.
        await rollups.CatchUp(order.Advertiser, cancellation);
        try
        {
            return await database.Write(Write, cancellation);
        }
        catch (RefusedException refused)
        {
            return new Adjusted(refused.Outcome, 0, Money.Zero);
        }
        finally
        {
            versions.Changed(order.Advertiser);
        }

        async Task<Adjusted> Write(DbConnection connection)
        {
            var fenced = Period.FromNumber((int)(await connection.Number(
                LockHead + database.ForUpdate, cancellation, ("org", order.Advertiser)))!.Value);
            Faults.Break("adjustment_without_fence", ref fenced, earlier);
            var (drafts, outcome) = await draft(connection);
            if (outcome != AdjustOutcome.Adjusted || !await AreWithin(connection, order, drafts, cancellation))
            {
                throw new RefusedException(
                    outcome == AdjustOutcome.Adjusted ? AdjustOutcome.MoreThanCharged : outcome);
            }

            var sum = new Money(drafts.Sum(one => one.Amount.Micros));
            if (!dryRun)
            {
                await Store(connection, order, drafts, sum, fenced, cancellation);
            }

            return new Adjusted(AdjustOutcome.Adjusted, drafts.Count, sum);
        }
    }

    private static async Task<bool> AreWithin(
        DbConnection connection, Order order, List<Draft> drafts, CancellationToken cancellation)
    {
        foreach (var group in drafts.GroupBy(draft => (draft.Location, draft.Origin)))
        {
            var (location, month) = group.Key;
            var charged = await connection.Number(
                ChargedAt,
                cancellation,
                ("org", order.Advertiser),
                ("campaign", order.Campaign),
                ("location", location),
                ("first", month.FirstDay.FirstHour),
                ("last", month.LastDay.LastHour));
            var adjusted = await connection.Number(
                AdjustedAt,
                cancellation,
                ("org", order.Advertiser),
                ("campaign", order.Campaign),
                ("location", location),
                ("period", month));
            var after = new Money(adjusted!.Value + group.Sum(draft => draft.Amount.Micros));
            if (!AdjustmentRules.IsWithin(new Money(charged!.Value), after))
            {
                return false;
            }
        }

        return true;
    }

    private async Task Store(
        DbConnection connection,
        Order order,
        List<Draft> drafts,
        Money sum,
        Period fenced,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        await connection.ExecuteMany(
            Insert,
            [
                "org", "adjustment", "campaign", "offer", "retailer", "location", "event", "kind", "day", "period",
                "applied", "hour", "amount", "reason", "actor", "now",
            ],
            drafts.Select(draft =>
            {
                var booking = AdjustmentRules.Book(draft.OriginHour, fenced, now);
                return new object?[]
                {
                    order.Advertiser, Guid.CreateVersion7(now), order.Campaign, draft.Offer, draft.Retailer,
                    draft.Location, draft.Event, Stored(order.Kind), draft.OriginHour / 100, draft.Origin,
                    booking.Applied, booking.Hour, draft.Amount, order.Reason, order.Actor, Instant.Of(now),
                };
            }),
            cancellation);
        var credited = await connection.Execute(
            Credit, cancellation, ("org", order.Advertiser), ("campaign", order.Campaign), ("amount", sum));
        if (credited == 0)
        {
            throw new RefusedException(AdjustOutcome.BudgetTooSmall);
        }

        await connection.Execute(OrganizationVersions.Raise, cancellation, ("org", order.Advertiser));
        await trail.Record(
            connection,
            order.Advertiser,
            "adjustment.create",
            $"campaign:{order.Campaign}",
            null,
            AdjustmentsMade.Of(Stored(order.Kind), order.Reason, drafts, sum),
            cancellation);
    }

    private static string Stored(AdjustmentKind kind) => kind switch
    {
        AdjustmentKind.Event => "EVENT",
        AdjustmentKind.Days => "DAYS",
        AdjustmentKind.Amount => "AMOUNT",
    };

    private static AdjustmentOut Read(DbDataReader row)
    {
        var amount = new Money(row.GetInt64(9));
        return new AdjustmentOut
        {
            AdjustmentId = row.Id<AdjustmentId>(0),
            Kind = row.GetString(1),
            CampaignId = row.Id<CampaignId>(2),
            OfferId = row.Id<OfferId>(3) is { } offer && offer != default ? offer : null,
            RetailerId = row.Id<OrganizationId>(4) is { } retailer && retailer != default ? retailer : null,
            LocationId = row.Id<LocationId>(5) is { } location && location != default ? location : null,
            EventId = row.IdOrNull<EventId>(6),
            OriginDay = UtcDay.FromNumber(row.GetInt32(7)),
            AppliedMonth = Period.FromNumber(row.GetInt32(8)),
            Amount = WireDecimal.From(amount),
            AmountMicros = amount.Micros,
            Reason = row.GetString(10),
            CreatedAt = new Instant(row.GetInt64(11)),
        };
    }

    private sealed record Order(
        OrganizationId Advertiser, CampaignId Campaign, AdjustmentKind Kind, string Reason, string Actor);

    /// <summary>Ends the transaction without a trace.</summary>
    private sealed class RefusedException(AdjustOutcome outcome) : Exception
    {
        public AdjustOutcome Outcome => outcome;
    }
}
