using Countinghouse.Payouts;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Demonstration;

/// <summary>Pays the demo's retailers as an operator and a second person would, through the fake Stripe.</summary>
internal static class DemoPayouts
{
    private const string First = "demo";

    private const string Second = "demo-second";

    /// <summary>Small sums too, so that every retailer has a record that is paid.</summary>
    private static readonly KeyValuePair<string, string?> SmallestSum =
        new($"{PayoutOptions.Section}:{nameof(PayoutOptions.MinimumUsd)}", "1");

    /// <summary>The settings to pay with.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> With(
        IEnumerable<KeyValuePair<string, string?>> stripe) => [.. stripe, SmallestSum];

    /// <summary>
    /// Pays all that is approved. What the fake does not answer at once is left to the server, whose worker goes on
    /// with it.
    /// </summary>
    public static async Task Pay(
        IServiceProvider product, IReadOnlyList<OrganizationId> retailers, CancellationToken cancellation)
    {
        var destinations = product.GetRequiredService<PayoutDestinations>();
        foreach (var retailer in retailers)
        {
            var account = new NewPayoutAccount
            {
                Provider = PayoutProviderEnum.Stripe,
                Destination = $"acct_{retailer}",
            };
            var check = await destinations.Set(retailer, account, First, cancellation);
            if (check != DestinationCheck.Fine)
            {
                throw new InvalidOperationException($"The demo's account {account.Destination} is {check}.");
            }
        }

        var runs = product.GetRequiredService<PayoutRunStore>();
        var run = await runs.Preview(null, First, cancellation);
        await runs.Confirm(run.Id, run.Fingerprint, Second, cancellation);
        await runs.Reserve(cancellation);
        var worker = product.GetRequiredService<PayoutWorker>();
        while (await worker.RunDue(cancellation) > 0)
        {
        }
    }
}
