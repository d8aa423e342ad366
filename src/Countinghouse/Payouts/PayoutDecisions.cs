using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>How a person's word on a payout was taken.</summary>
public enum Decided
{
    Done = 1,
    NoSuchPayout = 2,

    /// <summary>The payout's state does not allow it; nothing was changed.</summary>
    NotPossible = 3,

    /// <summary>The reference already stands for another payment; nothing was changed.</summary>
    ReferenceUsed = 4,

    /// <summary>More than was paid, or not more than had come back before; nothing was changed.</summary>
    MoreThanPaid = 5,
}

/// <summary>What the operator says about a payout.</summary>
public sealed class PayoutDecisions(Database database, PayoutStore store, TimeProvider clock)
{
    private const string CountReference = """
        SELECT COUNT(*) FROM payout WHERE transfer_id = @reference
        """;

    private Instant Now => Instant.Of(clock.GetUtcNow());

    /// <summary>Takes it back; only while nothing was sent.</summary>
    public Task<Decided> Cancel(
        OrganizationId retailer, PayoutId id, string actor, CancellationToken cancellation) => Decide(
        retailer,
        id,
        PayoutRules.MayCancel,
        payout => store.Apply(
            payout, new Verdict(PayoutState.Cancelled, null, null, Actor: actor), null, Now, cancellation),
        cancellation);

    /// <summary>Another attempt need not wait for its 24 hours.</summary>
    public Task<Decided> Retry(OrganizationId retailer, PayoutId id, CancellationToken cancellation) => Decide(
        retailer, id, PayoutRules.MayRetry, payout => store.Retry(payout, Now, cancellation), cancellation);

    /// <summary>The bank has paid.</summary>
    public async Task<Decided> Paid(
        OrganizationId retailer, PayoutId id, string reference, string actor, CancellationToken cancellation)
    {
        var used = await database.Read(
            connection => connection.Number(CountReference, cancellation, ("reference", reference)),
            cancellation);
        return used > 0 && await store.Find(retailer, id, cancellation) is { } found
            && PayoutRules.IsHandedOver(found)
            ? Decided.ReferenceUsed
            : await Decide(
                retailer,
                id,
                PayoutRules.IsHandedOver,
                payout => store.Apply(
                    payout,
                    new Verdict(PayoutState.Succeeded, AttemptOutcome.Ok, null, reference, Actor: actor),
                    null,
                    Now,
                    cancellation),
                cancellation);
    }

    /// <summary>The bank has not paid, and will not.</summary>
    public Task<Decided> Failed(
        OrganizationId retailer, PayoutId id, string reason, string actor, CancellationToken cancellation) => Decide(
        retailer,
        id,
        PayoutRules.IsHandedOver,
        payout => store.Apply(
            payout,
            new Verdict(PayoutState.Failed, AttemptOutcome.Rejected, null, Failure: reason, Actor: actor),
            null,
            Now,
            cancellation),
        cancellation);

    /// <summary>So much of what the bank paid has come back in all.</summary>
    public async Task<Decided> Returned(
        OrganizationId retailer, PayoutId id, Cents reversed, string actor, CancellationToken cancellation)
    {
        if (await store.Find(retailer, id, cancellation) is not { } payout)
        {
            return Decided.NoSuchPayout;
        }

        if (payout.State != PayoutState.Succeeded || payout.Provider != ManualProvider.ProviderName)
        {
            return Decided.NotPossible;
        }

        return reversed.Value <= payout.Amount.Value && reversed.Value > payout.ReversedAmount.Value
            && await store.Returned(payout, reversed, actor, Now, cancellation)
            ? Decided.Done
            : Decided.MoreThanPaid;
    }

    private async Task<Decided> Decide(
        OrganizationId retailer,
        PayoutId id,
        Func<Payout, bool> isPossible,
        Func<Payout, Task<Payout?>> change,
        CancellationToken cancellation)
    {
        if (await store.Find(retailer, id, cancellation) is not { } payout)
        {
            return Decided.NoSuchPayout;
        }

        return isPossible(payout) && await change(payout) is not null ? Decided.Done : Decided.NotPossible;
    }
}
