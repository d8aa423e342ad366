using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>A line of a statement: events or corrections of a month, by campaign and location.</summary>
public readonly record struct StatementLine(
    int Number, string Kind, Period Origin, CampaignId Campaign, LocationId Location, Money Amount);

/// <summary>A correction that a record took in.</summary>
public readonly record struct StatementCorrection(
    UtcDay Day, CampaignId Campaign, LocationId Location, EventId? Event, Money Amount, string Reason);

/// <summary>A payout that the record is or was in; not part of the calculation.</summary>
/// <param name="Payout">The payout.</param>
/// <param name="State">Where it stands, in the words of payouts.</param>
/// <param name="Transfer">The provider's transfer or the bank's reference; empty until the money has moved.</param>
/// <param name="SettledAt">When it ended; null while it is under way.</param>
/// <param name="Part">What of it is this record's.</param>
/// <param name="Amount">The whole payout.</param>
/// <param name="Reversed">What of the whole came back.</param>
public readonly record struct StatementPayout(
    PayoutId Payout, string State, string Transfer, Instant? SettledAt, Cents Part, Cents Amount, Cents Reversed);

/// <summary>
/// Everything that a record was calculated from. Nothing of it can change once the month is closed: names, states and
/// payouts, which can, are not in it.
/// </summary>
public sealed record Statement
{
    public required OrganizationId Retailer { get; init; }

    public required ShareId Share { get; init; }

    public required Period Month { get; init; }

    public required Money CarryIn { get; init; }

    public required Money CarryOut { get; init; }

    public required Cents Gross { get; init; }

    public required Cents Fee { get; init; }

    public required Cents RetailerShare { get; init; }

    /// <summary>In their stored order.</summary>
    public IReadOnlyList<StatementLine> Lines { get; init; } = [];

    /// <summary>By day, campaign and id.</summary>
    public IReadOnlyList<StatementCorrection> Corrections { get; init; } = [];

    /// <summary>The month itself first, then earlier ones, the latest of them first.</summary>
    public IReadOnlyList<SharePart> Parts { get; init; } = [];
}

/// <summary>Reads statements.</summary>
public sealed class StatementStore(Database database)
{
    private const string FindRecord = """
        SELECT period, carry_in_micro, carry_out_micro, gross_cents, fee_cents, share_cents
        FROM revenue_share WHERE org_id = @org AND share_id = @share
        """;

    private const string Lines = """
        SELECT line_no, kind, origin_period, campaign_id, location_id, amount_micro
        FROM revenue_share_line WHERE org_id = @org AND share_id = @share ORDER BY line_no
        """;

    private const string Corrections = """
        SELECT origin_day, campaign_id, location_id, event_id, amount_micro, reason
        FROM adjustment WHERE retailer_org_id = @org AND applied_period = @period
        ORDER BY origin_day, campaign_id, adjustment_id
        """;

    private const string Parts = """
        SELECT origin_period, pool_micro, gross_cents, fee_cents, share_cents, fee_ppm
        FROM revenue_share_part WHERE org_id = @org AND period = @period ORDER BY origin_period DESC
        """;

    private const string Payouts = """
        SELECT p.payout_id, p.state, p.transfer_id, p.settled_at, i.share_cents, p.amount_cents, p.reversed_cents
        FROM payout_item i JOIN payout p ON p.org_id = i.org_id AND p.payout_id = i.payout_id
        WHERE i.org_id = @org AND i.share_id = @share ORDER BY p.created_at, p.payout_id
        """;

    /// <summary>The payouts that the record is or was in, the first one first.</summary>
    public Task<List<StatementPayout>> FindPayouts(
        OrganizationId retailer, ShareId share, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            Payouts,
            row => new StatementPayout(
                row.Id<PayoutId>(0),
                row.GetString(1),
                row.TextOrNull(2) ?? "",
                row.InstantOrNull(3),
                new Cents(row.GetInt64(4)),
                new Cents(row.GetInt64(5)),
                new Cents(row.GetInt64(6))),
            cancellation,
            ("org", retailer),
            ("share", share)),
        cancellation);

    /// <summary>Null when there is no such record, or when it is another organization's.</summary>
    public Task<Statement?> Find(OrganizationId retailer, ShareId share, CancellationToken cancellation) =>
        database.ReadSnapshot(connection => Find(connection, retailer, share, cancellation), cancellation);

    private static async Task<Statement?> Find(
        DbConnection connection, OrganizationId retailer, ShareId share, CancellationToken cancellation)
    {
        var record = await connection.First(
            FindRecord,
            row => new Statement
            {
                Retailer = retailer,
                Share = share,
                Month = Period.FromNumber(row.GetInt32(0)),
                CarryIn = new Money(row.GetInt64(1)),
                CarryOut = new Money(row.GetInt64(2)),
                Gross = new Cents(row.GetInt64(3)),
                Fee = new Cents(row.GetInt64(4)),
                RetailerShare = new Cents(row.GetInt64(5)),
            },
            cancellation,
            ("org", retailer),
            ("share", share));
        return record is null
            ? null
            : record with
            {
                Lines = await connection.Query(
                    Lines,
                    row => new StatementLine(
                        row.GetInt32(0),
                        row.GetString(1),
                        Period.FromNumber(row.GetInt32(2)),
                        row.Id<CampaignId>(3),
                        row.Id<LocationId>(4),
                        new Money(row.GetInt64(5))),
                    cancellation,
                    ("org", retailer),
                    ("share", share)),
                Corrections = await connection.Query(
                    Corrections,
                    row => new StatementCorrection(
                        UtcDay.FromNumber(row.GetInt32(0)),
                        row.Id<CampaignId>(1),
                        row.Id<LocationId>(2),
                        row.IdOrNull<EventId>(3),
                        new Money(row.GetInt64(4)),
                        row.GetString(5)),
                    cancellation,
                    ("org", retailer),
                    ("period", record.Month)),
                Parts = await connection.Query(
                    Parts,
                    row => new SharePart(
                        Period.FromNumber(row.GetInt32(0)),
                        new Money(row.GetInt64(1)),
                        new Cents(row.GetInt64(2)),
                        new Cents(row.GetInt64(3)),
                        new Cents(row.GetInt64(4)),
                        new FeeRate(row.GetInt32(5))),
                    cancellation,
                    ("org", retailer),
                    ("period", record.Month)),
            };
    }
}
