using System.Data.Common;
using System.Globalization;
using System.Text.Json.Serialization;
using Countinghouse.Audit;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>How a provider's books and ours differ. The words are stored; frozen.</summary>
public enum DifferenceKind
{
    /// <summary>The provider moved money that no payout of ours names.</summary>
    [JsonStringEnumMemberName("UNKNOWN_TRANSFER")]
    UnknownTransfer = 1,

    /// <summary>The provider moved a payout's money once more.</summary>
    [JsonStringEnumMemberName("SECOND_TRANSFER")]
    SecondTransfer = 2,

    /// <summary>We say that a payout moved its money; the provider does not have it.</summary>
    [JsonStringEnumMemberName("MISSING_TRANSFER")]
    MissingTransfer = 3,

    /// <summary>The provider moved the money of a payout that was not to be sent, or that failed.</summary>
    [JsonStringEnumMemberName("NOT_EXPECTED")]
    NotExpected = 4,

    /// <summary>The amount or the currency differs.</summary>
    [JsonStringEnumMemberName("AMOUNT")]
    Amount = 5,

    /// <summary>It went somewhere else.</summary>
    [JsonStringEnumMemberName("DESTINATION")]
    Destination = 6,

    /// <summary>Money came back and nobody had told us; now we know.</summary>
    [JsonStringEnumMemberName("REVERSAL")]
    Reversal = 7,
}

/// <summary>One thing that differs.</summary>
public sealed record Mismatch(
    DifferenceKind Kind, OrganizationId? Retailer, PayoutId? Payout, string TransferId, string Ours, string Theirs)
{
    /// <summary>
    /// Follows from what differs, so that it is listed once; a transfer that should not be is, whatever becomes of it.
    /// </summary>
    public DifferenceId Id => new(NamedId.Create($"difference/{Kind}/{Retailer}/{Payout}/{TransferId}" + Kind switch
    {
        DifferenceKind.UnknownTransfer or DifferenceKind.SecondTransfer or DifferenceKind.NotExpected => "",
        DifferenceKind.MissingTransfer or DifferenceKind.Amount or DifferenceKind.Destination
            or DifferenceKind.Reversal => $"/{Ours}/{Theirs}",
    }));
}

/// <summary>
/// Holds payouts against what the provider has moved, both ways, once a day. Everything that differs is listed and
/// puts the retailer on hold until somebody has settled it.
/// </summary>
public sealed partial class Reconciliation(
    Database database,
    PayoutStore payouts,
    PayoutWorker worker,
    ReconciliationStore store,
    IEnumerable<IPayoutProvider> providers,
    IOptions<PayoutOptions> options,
    TimeProvider clock,
    ILogger<Reconciliation> log)
{
    private const string Actor = "job:reconciliation";

    private const string SelectMoved = """
        SELECT payout_id FROM payout
        WHERE provider = @provider AND state IN ('SUCCEEDED', 'REVERSED') AND settled_at BETWEEN @since AND @until
        """;

    /// <summary>Reconciles unless it was begun today. False: it was, or there is nobody to ask.</summary>
    public async Task<bool> RunDaily(CancellationToken cancellation)
    {
        Acting.Begin(Actor);
        var now = Instant.Of(clock.GetUtcNow());
        var id = new ReconciliationId(NamedId.Create($"reconciliation/{UtcDay.Of(clock.GetUtcNow())}"));
        if (!providers.Any(provider => provider.CanList && provider.IsConfigured)
            || await store.Find(id, cancellation) is { FinishedAt: not null }
            || !await store.Begin(id, Since(now), Actor, now, cancellation))
        {
            return false;
        }

        await Run(id, cancellation);
        return true;
    }

    /// <summary>Reconciles now.</summary>
    public async Task<ReconciliationId> RunNow(string actor, CancellationToken cancellation)
    {
        var now = Instant.Of(clock.GetUtcNow());
        var id = new ReconciliationId(Guid.CreateVersion7(clock.GetUtcNow()));
        await store.Begin(id, Since(now), actor, now, cancellation);
        await Run(id, cancellation);
        return id;
    }

    private Instant Since(Instant now) => now + TimeSpan.FromDays(-options.Value.ReconcileDays);

    private async Task Run(ReconciliationId id, CancellationToken cancellation)
    {
        var (transfers, known, differences) = (0L, 0L, 0L);
        var failure = providers.Any(provider => provider.CanList && provider.IsConfigured)
            ? ""
            : "No provider that could be asked is set up here (Payouts:StripeSecretKey).";
        foreach (var provider in providers.Where(provider => provider.CanList && provider.IsConfigured))
        {
            var now = Instant.Of(clock.GetUtcNow());
            if (await provider.Since(Since(now), cancellation) is not { } theirs)
            {
                failure = $"{provider.Name} could not be asked for its transfers.";
                LogUnreachable(provider.Name);
                continue;
            }

            var found = await Compare(provider, theirs, now, cancellation);
            if (!found.IsWhole)
            {
                failure = $"{provider.Name} could not be asked for some transfers.";
                LogUnreachable(provider.Name);
            }

            (transfers, known) = (transfers + theirs.Count, known + found.Payouts);
            foreach (var mismatch in found.Mismatches)
            {
                differences++;
                if (await store.Add(mismatch, Actor, now, cancellation))
                {
                    LogDifference(mismatch.Kind, mismatch.Payout?.ToString() ?? "none", mismatch.TransferId);
                }
            }
        }

        await store.Finish(
            id, transfers, known, differences, failure, Instant.Of(clock.GetUtcNow()), cancellation);
    }

    private async Task<(List<Mismatch> Mismatches, long Payouts, bool IsWhole)> Compare(
        IPayoutProvider provider, IReadOnlyList<Transfer> theirs, Instant now, CancellationToken cancellation)
    {
        var mismatches = new List<Mismatch>();
        var byPayout = theirs.ToLookup(transfer => Payout.OfGroup(transfer.Group));
        foreach (var group in byPayout)
        {
            if (group.Key is { } id && await payouts.Find(id, cancellation) is { } payout)
            {
                mismatches.AddRange(await Compare(payout, [.. group], cancellation));
            }
            else
            {
                mismatches.AddRange(await Unknown(provider, [.. group], cancellation));
            }
        }

        var isWhole = true;

        // What was settled a moment ago need not be listed yet, and what was settled before the span is not asked for.
        var moved = await database.Read(
            connection => connection.Query(
                SelectMoved,
                row => row.Id<PayoutId>(0),
                cancellation,
                ("provider", provider.Name),
                ("since", Since(now) + PayoutRules.SecondAttemptAfter),
                ("until", now + -PayoutRules.SecondAttemptAfter)),
            cancellation);
        foreach (var id in moved.Where(id => !byPayout.Contains(id)))
        {
            // A payout may be settled long after its transfer was made; so its own are asked for. No answer is no word
            // about them.
            var payout = (await payouts.Find(id, cancellation))!;
            var own = await provider.OfGroup(payout.TransferGroup, cancellation);
            isWhole &= own is not null;
            if (own is not null && !own.Any(transfer => transfer.Id == payout.TransferId))
            {
                mismatches.Add(new Mismatch(
                    DifferenceKind.MissingTransfer,
                    payout.Organization,
                    id,
                    payout.TransferId!,
                    Print(payout),
                    "nothing"));
            }
        }

        return (mismatches, byPayout.Count(group => group.Key is not null) + moved.Count, isWhole);
    }

    /// <summary>A payout against the transfers that name it.</summary>
    private async Task<List<Mismatch>> Compare(
        Payout payout, List<Transfer> theirs, CancellationToken cancellation)
    {
        // Still under way: the worker decides, and what it decides is held against the list tomorrow.
        if (payout.State is PayoutState.Sending or PayoutState.Unknown
            || payout is { State: PayoutState.Ready, Last: not null })
        {
            return [];
        }

        var mismatches = new List<Mismatch>();
        foreach (var transfer in theirs)
        {
            DifferenceKind? kind = payout.TransferId switch
            {
                null => DifferenceKind.NotExpected,
                var id when id != transfer.Id => DifferenceKind.SecondTransfer,
                _ when transfer.Amount != payout.Amount || transfer.Currency != "usd" => DifferenceKind.Amount,
                _ when transfer.Destination != payout.Destination => DifferenceKind.Destination,
                _ when transfer.Reversed != payout.ReversedAmount => DifferenceKind.Reversal,
                _ => null,
            };
            if (kind is { } different)
            {
                mismatches.Add(new Mismatch(
                    different, payout.Organization, payout.Id, transfer.Id, Print(payout), Print(transfer)));
            }

            if (kind == DifferenceKind.Reversal)
            {
                await worker.TakeOver(transfer, cancellation);
            }
        }

        return mismatches;
    }

    /// <summary>Money that nobody here decided on; it is the business of whoever owns the destination.</summary>
    private async Task<List<Mismatch>> Unknown(
        IPayoutProvider provider, List<Transfer> theirs, CancellationToken cancellation)
    {
        var mismatches = new List<Mismatch>();
        foreach (var transfer in theirs)
        {
            var owners = await database.Read(
                (DbConnection connection) => PayoutAccountStore.Owners(
                    connection, provider.Name, transfer.Destination, cancellation),
                cancellation);
            mismatches.AddRange(owners.Cast<OrganizationId?>().DefaultIfEmpty().Select(owner => new Mismatch(
                DifferenceKind.UnknownTransfer, owner, null, transfer.Id, "nothing", Print(transfer))));
        }

        return mismatches;
    }

    private static string Print(Payout payout) => string.Create(
        CultureInfo.InvariantCulture,
        $"{PayoutWords.Of(payout.State)} {payout.Amount} usd to {payout.Destination}, {payout.ReversedAmount} back, "
        + $"by {payout.TransferId ?? "nothing"}");

    private static string Print(Transfer transfer) => string.Create(
        CultureInfo.InvariantCulture,
        $"{transfer.Amount} {transfer.Currency} to {transfer.Destination}, {transfer.Reversed} back");
}
