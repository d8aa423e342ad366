using Countinghouse.FakeStripe;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>
/// Holds the tables, read with plain SQL, against what the fake says has really moved: exactly one transfer per payout
/// that says so and none for any other, nothing stuck, and every book to the cent.
/// </summary>
internal static class PayoutHistoryCheck
{
    public static async Task<List<string>> Run(Database database, FakeTruth truth)
    {
        var wrong = new List<string>();
        var moved = truth.Transfers.ToLookup(transfer => transfer.TransferGroup ?? "");
        var payouts = await database.Read(
            connection => connection.Query(
                "SELECT payout_id, org_id, state, amount_cents, reversed_cents, transfer_id, destination FROM payout",
                row => (
                    Id: row.Id<PayoutId>(0), Retailer: row.Id<OrganizationId>(1), State: row.GetString(2),
                    Cents: row.GetInt64(3), Back: row.GetInt64(4), Transfer: row.TextOrNull(5),
                    Destination: row.GetString(6)),
                CancellationToken.None),
            CancellationToken.None);
        foreach (var payout in payouts)
        {
            var transfers = moved[$"payout_{payout.Id}"].ToList();
            var expected = payout.State is "SUCCEEDED" or "REVERSED" ? 1 : 0;
            if (transfers.Count != expected || payout.State is "READY" or "SENDING" or "UNKNOWN")
            {
                wrong.Add($"payout {payout.Id} is {payout.State} and was moved {transfers.Count} times");
            }
            else if (expected == 1 && (transfers[0].AmountCents, transfers[0].AmountReversedCents, transfers[0].Id,
                transfers[0].Destination) != (payout.Cents, payout.Back, payout.Transfer, payout.Destination))
            {
                wrong.Add($"payout {payout.Id} is {payout}, moved by {transfers[0]}");
            }
        }

        var strangers = truth.Transfers.Count - payouts.Sum(payout => moved[$"payout_{payout.Id}"].Count());
        if (strangers != 0)
        {
            wrong.Add($"{strangers} transfers are no payout's");
        }

        await CheckBooks(database, wrong, truth);
        return wrong;
    }

    /// <summary>What records say was paid is what moved and stayed away; ledger and items agree.</summary>
    private static async Task CheckBooks(Database database, List<string> wrong, FakeTruth truth)
    {
        await database.Read(
            async connection =>
            {
                await PayoutBooks.Check(connection, one => wrong.Add($"{one}"), CancellationToken.None);
                var bank = await connection.Number(
                    """
                    SELECT CAST(COALESCE(SUM(amount_micro), 0) AS bigint) FROM ledger_entry WHERE account = 'BANK'
                    """,
                    CancellationToken.None);
                var gone = truth.Transfers.Sum(transfer => transfer.AmountCents - transfer.AmountReversedCents);
                if (bank != -10_000 * gone)
                {
                    wrong.Add($"the bank's balance is {bank} micros, and {gone} cents have moved");
                }

                var paid = await connection.Number(
                    """
                    SELECT CAST(COALESCE(SUM(share_cents), 0) AS bigint) FROM revenue_share WHERE status = 'PAID'
                    """,
                    CancellationToken.None);
                var standing = truth.Transfers.Where(transfer => !transfer.IsReversed).Sum(one => one.AmountCents);
                if (paid != standing)
                {
                    wrong.Add($"records of {paid} cents are PAID, and transfers of {standing} stand");
                }

                var others = await connection.Number(
                    "SELECT COUNT(*) FROM payout_difference WHERE kind <> 'REVERSAL'", CancellationToken.None);
                if (others > 0)
                {
                    wrong.Add($"{others} differences were listed that are no reversals");
                }

                return true;
            },
            CancellationToken.None);
    }
}
