using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>An event as the journal holds it: flat, small, and to be read with its batch and its placement.</summary>
/// <param name="Kind">Impression or click.</param>
/// <param name="Id">Its id, unique per advertiser.</param>
/// <param name="Placement">Number of what it is about.</param>
/// <param name="Reason">Why it is invalid or free; none when neither.</param>
/// <param name="StatedAt">The time a believed sender gave; null when the server's own was taken.</param>
/// <param name="IsBookedOnReceipt">True: its month was fenced, so it counts on the day of its receipt.</param>
/// <param name="HasClient">True: a client key belongs to it, as long as keys are kept.</param>
public readonly record struct JournalEvent(
    EventKind Kind,
    EventId Id,
    int Placement,
    EventReason Reason,
    Instant? StatedAt,
    bool IsBookedOnReceipt,
    bool HasClient)
{
    public Validity Validity => IngestRules.ValidityOf(Reason);

    /// <summary>What decides whether an id that comes again is the same event.</summary>
    public EventIdentity Identity(in Placement placement) => new(Kind, placement.Campaign, placement.Offer, StatedAt);

    /// <summary>Nothing, or its price.</summary>
    public Money Charge(in Placement placement) =>
        Reason == EventReason.None ? placement.PriceOf(Kind) : Money.Zero;

    /// <summary>A valid click that would have cost something and did not.</summary>
    public bool IsUnbilledClick(in Placement placement) => Kind == EventKind.Click
        && Validity == Validity.Valid && Reason != EventReason.None && placement.PriceOf(Kind) > Money.Zero;

    public Instant OccurredAt(Instant receivedAt) => StatedAt ?? receivedAt;

    /// <summary>What decides the hour, day and month that it is reported and billed in.</summary>
    public Instant BilledAt(Instant receivedAt) => IsBookedOnReceipt ? receivedAt : OccurredAt(receivedAt);
}

/// <summary>What decides whether an id that comes again is the same event.</summary>
public readonly record struct EventIdentity(EventKind Kind, CampaignId Campaign, OfferId? Offer, Instant? StatedAt)
{
    /// <summary>
    /// 64 bits of it, kept with the id in memory. Should two ever agree by chance, a conflict is answered as a
    /// duplicate: nothing is counted either way.
    /// </summary>
    public ulong Fingerprint()
    {
        unchecked
        {
            var hash = (ulong)Kind * 0x9E37_79B9_7F4A_7C15;
            hash = Mix(hash, Campaign.Value);
            hash = Mix(hash, Offer?.Value ?? Guid.Empty) + (Offer is null ? 1UL : 0);
            return IdHash.Fold(hash ^ (ulong)(StatedAt?.Micros ?? long.MinValue), 0xE703_7ED1_A0B4_28DB);
        }
    }

    private static ulong Mix(ulong hash, Guid id)
    {
        var (low, high) = IdHash.Halves(id);
        return IdHash.Fold(hash ^ low, high ^ 0xA076_1D64_78BD_642F);
    }
}

/// <summary>
/// Spreads ids over 64 bits under a secret of the system, so that nobody can choose ids that meet in one place. The
/// same on every node, because stored runs of ids are sorted by it.
/// </summary>
public readonly struct IdHash(ulong first, ulong second)
{
    public ulong Of(Guid id)
    {
        var (low, high) = Halves(id);
        return Fold(low ^ first, high ^ second);
    }

    internal static (ulong Low, ulong High) Halves(Guid id)
    {
        var halves = System.Runtime.CompilerServices.Unsafe.BitCast<Guid, UInt128>(id);
        return unchecked(((ulong)halves, (ulong)(halves >> 64)));
    }

    /// <summary>Both halves of the 128-bit product: every bit of the input moves every bit of the result.</summary>
    internal static ulong Fold(ulong left, ulong right)
    {
        var high = Math.BigMul(left, right, out var low);
        return high ^ low;
    }
}
