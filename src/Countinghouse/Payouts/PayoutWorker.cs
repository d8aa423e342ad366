using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>
/// Takes payouts through their protocol, a step at a time: read, decide, write down what is about to be done, call the
/// provider with no transaction open, write down the answer. Killed anywhere, the next step begins with what was
/// written. Any number of workers may run.
/// </summary>
public sealed partial class PayoutWorker(
    PayoutStore store,
    IEnumerable<IPayoutProvider> providers,
    IOptions<PayoutOptions> options,
    TimeProvider clock,
    ILogger<PayoutWorker> log)
{
    /// <summary>Payouts that are taken up at a time; the rest waits for the next round.</summary>
    private const int DueMax = 200;

    /// <summary>Attempts to write down what a provider told, while others change the same payout.</summary>
    private const int RacesMax = 5;

    private readonly List<IPayoutProvider> _providers = [.. providers];

    private Instant Now => Instant.Of(clock.GetUtcNow());

    /// <summary>Takes each payout that is due one step further. Returns how many were.</summary>
    public async Task<int> RunDue(CancellationToken cancellation)
    {
        var due = await store.Due(Now, DueMax, cancellation);
        await Parallel.ForEachAsync(
            due,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = options.Value.AtOnceMax,
                CancellationToken = cancellation,
            },
            async (one, token) => await Step(one.Retailer, one.Payout, token));
        return due.Count;
    }

    /// <summary>Takes one payout a step further, if it is due.</summary>
    public async Task Step(OrganizationId retailer, PayoutId id, CancellationToken cancellation)
    {
        if (await store.Find(retailer, id, cancellation) is not { } payout || !(payout.DueAt <= Now))
        {
            return;
        }

        var provider = _providers.Of(payout.Provider);
        payout = payout with { MayNotSend = payout.MayNotSend || !provider.IsConfigured };
        switch (PayoutRules.Next(payout, Now))
        {
            case PayoutStep.SendNew:
                await Send(payout, provider, isNew: true, cancellation);
                break;
            case PayoutStep.SendAgain:
                await Send(payout, provider, isNew: false, cancellation);
                break;
            case PayoutStep.StopSending:
                await store.Apply(payout, PayoutRules.AfterKeyExpired(payout), null, Now, cancellation);
                break;
            case PayoutStep.LookUp:
                await LookUp(payout, provider, cancellation);
                break;
            case PayoutStep.Wait:
                await store.Postpone(payout, Now + PayoutRules.Postponed, cancellation);
                break;
        }
    }

    /// <summary>
    /// Asks the provider about a transfer and takes over what it says: that it moved a payout's money, or that some of
    /// it came back. False when it could not be asked.
    /// </summary>
    public async Task<bool> Refresh(string providerName, string transferId, CancellationToken cancellation)
    {
        var transfer = await _providers.Of(providerName).Find(transferId, cancellation);
        if (transfer is not null)
        {
            await TakeOver(transfer, cancellation);
        }

        return transfer is not null;
    }

    /// <summary>Takes over a transfer as it is now. Null when it is none of ours.</summary>
    public async Task<Payout?> TakeOver(Transfer transfer, CancellationToken cancellation)
    {
        for (var race = 0; race < RacesMax; race++)
        {
            if (Payout.OfGroup(transfer.Group) is not { } id || await store.Find(id, cancellation) is not { } payout)
            {
                return null;
            }

            var verdict = PayoutRules.AfterTold(payout, transfer, Now);
            if (verdict is null || await Settle(payout, verdict, null, cancellation) is not null)
            {
                await TakeBack(payout.Organization, id, transfer, cancellation);
                return payout;
            }
        }

        return null;
    }

    private async Task Send(Payout payout, IPayoutProvider provider, bool isNew, CancellationToken cancellation)
    {
        if (await store.BeginSend(payout, isNew, Now, cancellation) is not { } begun)
        {
            Faults.Hit("payout_not_begun");
            return;
        }

        Faults.Hit("payout_after_intent");

        // A process that stood still for so long has lost its turn: another may have sent meanwhile, or given up.
        if (Now - begun.Last!.LastSentAt >= PayoutRules.Lease)
        {
            return;
        }

        var answer = await provider.Send(Order(begun), cancellation);
        Faults.Hit("payout_after_send");
        await Settle(begun, PayoutRules.AfterSend(begun, answer, Now), answer, cancellation);
        Faults.Hit("payout_after_answer");
        if (answer.Transfer is { } transfer)
        {
            await TakeBack(begun.Organization, begun.Id, transfer, cancellation);
        }
    }

    private async Task LookUp(Payout payout, IPayoutProvider provider, CancellationToken cancellation)
    {
        if (await store.Postpone(payout, Now + PayoutRules.Lease, cancellation) is not { } begun)
        {
            return;
        }

        var found = await provider.OfGroup(begun.TransferGroup, cancellation);
        Faults.Hit("payout_after_list");
        var verdict = PayoutRules.AfterList(begun, found, options.Value.AttemptsMax, Now);
        if (verdict is null)
        {
            await Send(begun, provider, isNew: true, cancellation);
            return;
        }

        await Settle(begun, verdict, null, cancellation);
        foreach (var transfer in found ?? [])
        {
            await TakeBack(begun.Organization, begun.Id, transfer, cancellation);
        }
    }

    private async Task<Payout?> Settle(
        Payout payout, Verdict verdict, SendAnswer? answer, CancellationToken cancellation)
    {
        var settled = await store.Apply(payout, verdict, answer, Now, cancellation);
        if (verdict.Alarm is { } alarm)
        {
            LogAlarm(alarm);
        }

        if (settled?.State == PayoutState.Failed)
        {
            LogFailed(payout.Id, verdict.Failure);
        }

        return settled;
    }

    /// <summary>What has come back of the transfer that paid this payout.</summary>
    private async Task TakeBack(
        OrganizationId retailer, PayoutId id, Transfer transfer, CancellationToken cancellation)
    {
        for (var race = 0; race < RacesMax && transfer.Reversed.Value > 0; race++)
        {
            var payout = await store.Find(retailer, id, cancellation);
            if (payout?.State != PayoutState.Succeeded || payout.TransferId != transfer.Id
                || transfer.Reversed.Value <= payout.ReversedAmount.Value
                || await store.Returned(
                    payout, transfer.Reversed, RevenueShare.SharePayments.Actor, Now, cancellation))
            {
                return;
            }
        }
    }

    private static TransferOrder Order(Payout payout)
    {
        var key = payout.Last!.Key;
        Faults.Break("random_payout_key", ref key, $"{key}_{Environment.TickCount64}");
        return new TransferOrder(
            payout.Id, payout.Organization, payout.Amount, payout.Destination, payout.TransferGroup, key);
    }
}
