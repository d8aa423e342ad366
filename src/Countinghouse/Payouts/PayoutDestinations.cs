using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

/// <summary>Says where a retailer's money goes, once the provider has said that it can go there.</summary>
public sealed class PayoutDestinations(
    PayoutAccountStore store, IEnumerable<IPayoutProvider> providers, TimeProvider clock)
{
    /// <summary>Nothing is written unless the answer is <see cref="DestinationCheck.Fine"/>.</summary>
    public async Task<DestinationCheck> Set(
        OrganizationId retailer, NewPayoutAccount account, string actor, CancellationToken cancellation)
    {
        var provider = providers.Of(account.Provider == PayoutProviderEnum.Stripe
            ? StripeProvider.ProviderName
            : ManualProvider.ProviderName);
        var check = await provider.Check(account.Destination, cancellation);
        if (check == DestinationCheck.Fine)
        {
            await store.SetDestination(
                retailer, provider.Name, account.Destination, actor, Instant.Of(clock.GetUtcNow()), cancellation);
        }

        return check;
    }
}
