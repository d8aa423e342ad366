using System.Data.Common;
using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

public sealed partial class PayoutStore
{
    /// <summary>How the trail names whether payouts go on.</summary>
    private const string HaltSubject = "payout_state:all";

    /// <summary>For the trail: the payout that <see cref="Add"/> has made, as the transaction's last step.</summary>
    internal async Task RecordMade(
        DbConnection connection, OrganizationId retailer, PayoutId payout, CancellationToken cancellation) =>
        await trail.Record(
            connection,
            retailer,
            "payout.create",
            $"payout:{payout}",
            null,
            await PayoutReader.Find(connection, retailer, payout, cancellation),
            cancellation);

    private async Task RecordStop(DbConnection connection, CancellationToken cancellation) => await trail.Record(
        connection,
        default,
        "payout_state.stop",
        HaltSubject,
        PayoutStateOut.From(null),
        PayoutStateOut.From(await FindHalt(connection, "", cancellation)),
        cancellation);

    /// <summary>As the transaction leaves the payout; nothing else may follow.</summary>
    private async Task Record(
        DbConnection connection, Payout payout, string verb, PayoutOut? before, CancellationToken cancellation) =>
        await trail.Record(
            connection,
            payout.Organization,
            $"payout.{verb}",
            $"payout:{payout.Id}",
            before,
            await PayoutReader.Find(connection, payout.Organization, payout.Id, cancellation),
            cancellation);

    private static string Verb(PayoutState over) => over switch
    {
        PayoutState.Succeeded => "paid",
        PayoutState.Failed => "failed",
        PayoutState.Cancelled => "cancel",
        PayoutState.Reversed => "returned",
        PayoutState.Ready or PayoutState.Sending or PayoutState.Unknown =>
            throw new ArgumentOutOfRangeException(nameof(over), over, "not over"),
    };
}
