using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>A record that may be paid, as somebody has seen it.</summary>
public readonly record struct PayableShare(ShareId Share, int Revision, Cents Amount);

/// <summary>
/// What a payout does to the records it settles, on the payout's own transaction. A record names the payout it is in,
/// which keeps it from being disputed or put into another one meanwhile: a change of the record itself and not of a
/// row beside it, because a statement that waited for the record's lock looks again at nothing else.
/// </summary>
public static class SharePayments
{
    /// <summary>How the history names who pays, unless a person says that it was paid.</summary>
    public const string Actor = "job:payouts";

    private const string SetPayout = """
        UPDATE revenue_share SET payout_id = @payout, updated_at = @now
        WHERE org_id = @org AND share_id = @share AND status = 'APPROVED' AND revision = @revision
          AND share_cents = @cents AND payout_id IS NULL
        """;

    private const string ClearPayout = """
        UPDATE revenue_share SET payout_id = NULL, updated_at = @now
        WHERE org_id = @org AND payout_id = @payout AND status = 'APPROVED'
        """;

    private const string OfPayout = """
        SELECT share_id FROM revenue_share WHERE org_id = @org AND payout_id = @payout AND status = @status
        ORDER BY share_id
        """;

    private const string SetPaid = """
        UPDATE revenue_share SET status = 'PAID', paid_at = @now, stripe_transfer_id = @transfer, updated_at = @now
        WHERE org_id = @org AND payout_id = @payout AND status = 'APPROVED'
        """;

    private const string SetReturned = """
        UPDATE revenue_share
        SET status = 'DISPUTED', paid_at = NULL, payout_id = NULL, stripe_transfer_id = '', updated_at = @now
        WHERE org_id = @org AND payout_id = @payout AND status = 'PAID'
        """;

    /// <summary>False when the record is no longer as it was seen, or in another payout; then nothing was changed.
    /// </summary>
    public static async Task<bool> Reserve(
        DbConnection connection,
        OrganizationId retailer,
        PayableShare seen,
        PayoutId payout,
        Instant now,
        CancellationToken cancellation) => await connection.Execute(
        SetPayout,
        cancellation,
        ("org", retailer),
        ("share", seen.Share),
        ("revision", seen.Revision),
        ("cents", seen.Amount),
        ("payout", payout),
        ("now", now)) == 1;

    /// <summary>The payout came to nothing: its records may be paid by another.</summary>
    public static Task<int> Release(
        DbConnection connection,
        OrganizationId retailer,
        PayoutId payout,
        Instant now,
        CancellationToken cancellation) => connection.Execute(
        ClearPayout, cancellation, ("org", retailer), ("payout", payout), ("now", now));

    /// <summary>
    /// The money moved, by Stripe's transfer, or with an empty one another way. Returns how many records it paid.
    /// </summary>
    public static Task<int> Paid(
        DbConnection connection,
        OrganizationId retailer,
        PayoutId payout,
        string stripeTransfer,
        string actor,
        Instant now,
        CancellationToken cancellation) => Change(
        connection,
        retailer,
        payout,
        RevenueShareStatusEnum.Approved,
        RevenueShareStatusEnum.Paid,
        SetPaid,
        actor,
        "",
        now,
        cancellation,
        ("transfer", stripeTransfer));

    /// <summary>All of the money came back: the records are the operator's to settle again.</summary>
    public static Task<int> Returned(
        DbConnection connection,
        OrganizationId retailer,
        PayoutId payout,
        string reason,
        string actor,
        Instant now,
        CancellationToken cancellation) => Change(
        connection,
        retailer,
        payout,
        RevenueShareStatusEnum.Paid,
        RevenueShareStatusEnum.Disputed,
        SetReturned,
        actor,
        reason,
        now,
        cancellation);

    private static async Task<int> Change(
        DbConnection connection,
        OrganizationId retailer,
        PayoutId payout,
        RevenueShareStatusEnum from,
        RevenueShareStatusEnum to,
        string update,
        string actor,
        string reason,
        Instant now,
        CancellationToken cancellation,
        params (string, object?)[] more)
    {
        var shares = await connection.Query(
            OfPayout,
            row => row.Id<ShareId>(0),
            cancellation,
            ("org", retailer),
            ("payout", payout),
            ("status", RevenueShareStore.Stored(from)));
        var changed = await connection.Execute(
            update, cancellation, [("org", retailer), ("payout", payout), ("now", now), .. more]);
        foreach (var share in shares)
        {
            await RevenueShareStore.RecordTransition(
                connection, retailer, share, from, to, actor, reason, now, cancellation);
        }

        return changed;
    }
}
