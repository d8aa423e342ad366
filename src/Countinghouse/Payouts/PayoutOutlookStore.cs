using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Where a retailer's money stands.</summary>
/// <param name="Summary">What was earned and paid.</param>
/// <param name="Waiting">Records that wait for approval come to this.</param>
/// <param name="Disputed">Records that somebody has objected to.</param>
/// <param name="InTransfer">Payouts of which it is not certain yet that they arrived.</param>
/// <param name="Payable">Approved records that are in no payout.</param>
/// <param name="IsStopped">All payouts are stopped.</param>
public sealed record PayoutOutlook(
    RevenueShareSummaryOut Summary, Cents Waiting, Cents Disputed, Cents InTransfer, Payable Payable, bool IsStopped);

/// <summary>Reads where a retailer's money stands.</summary>
public sealed class PayoutOutlookStore(Database database)
{
    private const string Sums = """
        SELECT CAST(COALESCE(SUM(CASE WHEN status = 'CALCULATED' THEN share_cents ELSE 0 END), 0) AS bigint),
               CAST(COALESCE(SUM(CASE WHEN status = 'DISPUTED' THEN share_cents ELSE 0 END), 0) AS bigint),
               (SELECT CAST(COALESCE(SUM(amount_cents), 0) AS bigint) FROM payout
                WHERE org_id = @org AND state IN ('READY', 'SENDING', 'UNKNOWN')),
               CAST(COALESCE(SUM(CASE WHEN status = 'APPROVED' AND payout_id IS NULL THEN 1 ELSE 0 END), 0) AS bigint),
               CAST(COALESCE(SUM(
                   CASE WHEN status = 'APPROVED' AND payout_id IS NULL THEN share_cents ELSE 0 END), 0) AS bigint),
               (SELECT COUNT(*) FROM payout_halt)
        FROM revenue_share WHERE org_id = @org
        """;

    /// <summary>All of it as of one moment.</summary>
    public Task<PayoutOutlook> Find(OrganizationId retailer, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var summary = await RevenueShareStore.Summary(connection, retailer, cancellation);
            var account = await PayoutAccountStore.Find(connection, retailer, "", cancellation) ?? PayoutAccount.None;
            return (await connection.First(
                Sums,
                row => new PayoutOutlook(
                    summary,
                    new Cents(row.GetInt64(0)),
                    new Cents(row.GetInt64(1)),
                    new Cents(row.GetInt64(2)),
                    new Payable(
                        row.GetInt64(3),
                        new Cents(row.GetInt64(4)),
                        account.HoldReason is not null,
                        account.Provider is not null),
                    row.GetInt64(5) > 0),
                cancellation,
                ("org", retailer)))!;
        },
        cancellation);
}
