using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// A campaign's budget as it stands while a flush is decided; charged in memory, then written as differences.
/// </summary>
public sealed class BudgetState(Money budget, Money net, Money? dailyCap, Money spentToday)
{
    /// <summary>What this flush has charged so far.</summary>
    public Money Charged { get; private set; } = Money.Zero;

    public Money Remaining => budget - net - Charged;

    public Money SpentToday => spentToday + Charged;

    /// <summary>Takes the price if total and day can pay it; else the reason.</summary>
    public EventReason TryCharge(Money price)
    {
        if (Remaining < price)
        {
            return EventReason.BudgetExhausted;
        }

        if (dailyCap is { } cap && cap - SpentToday < price)
        {
            return EventReason.DailyBudgetExhausted;
        }

        Charged += price;
        return EventReason.None;
    }
}

/// <summary>What is known of the advertiser when an event is judged, under the head lock.</summary>
public sealed record JudgementFacts(
    OrganizationId Advertiser,
    CampaignSnapshot Snapshot,
    IReadOnlyDictionary<CampaignId, BudgetState> Budgets,
    Period FencedThrough,
    DateTimeOffset Now);

/// <summary>Pure decisions about events: facts in, decision out, no I/O and no clock.</summary>
public static class IngestRules
{
    public const int RememberedDays = 35;
    public const int AheadMinutes = 5;

    /// <summary>Refuses what must not be stored, before anything is looked up by id; null to go on.</summary>
    public static EventOutcome? Refuse(SentEvent sent, CampaignSnapshot snapshot, bool believed, DateTimeOffset now)
    {
        var known = snapshot.Campaigns.TryGetValue(sent.Campaign, out var terms);
        if (!known || terms!.Status is CampaignStatusEnum.Draft or CampaignStatusEnum.Archived)
        {
            return EventOutcome.UnknownCampaign;
        }

        if (sent.Offer is { } offer && !snapshot.Offers.ContainsKey((sent.Campaign, offer)))
        {
            return EventOutcome.OfferNotInCampaign;
        }

        if (sent.Id is { } id && TimeOf(id) is { } made && made < now.AddDays(-RememberedDays))
        {
            return EventOutcome.Expired;
        }

        return believed && sent.StatedAt is { } stated && !IsInRange(stated.ToTime(), now)
            ? EventOutcome.TimeOutOfRange
            : null;
    }

    /// <summary>Judges and charges an event that is neither refused nor known.</summary>
    public static AdEvent Judge(
        SentEvent sent, EventId id, bool believed, ClientMark? client, JudgementFacts facts)
    {
        var terms = facts.Snapshot.Campaigns[sent.Campaign];
        OfferPlace? place = sent.Offer is { } offer ? facts.Snapshot.Offers[(sent.Campaign, offer)] : null;
        var stated = believed ? sent.StatedAt : null;
        var received = Instant.Of(facts.Now);
        var occurred = stated ?? received;
        var reason = client?.Verdict ?? EventReason.None;
        var price = PriceOf(sent.Kind, terms);
        if (reason == EventReason.None && price > Money.Zero)
        {
            reason = IsRunning(terms, UtcDay.Of(facts.Now))
                ? facts.Budgets[sent.Campaign].TryCharge(price)
                : EventReason.NotRunning;
        }

        return new AdEvent
        {
            Advertiser = facts.Advertiser,
            Id = id,
            Kind = sent.Kind,
            Campaign = sent.Campaign,
            Offer = sent.Offer,
            Location = place?.Location,
            Retailer = place?.Retailer,
            StatedAt = stated,
            OccurredAt = occurred,
            ReceivedAt = received,
            BillingHour = BillingHour(occurred.ToTime(), facts),
            Validity = ValidityOf(reason),
            Reason = reason,
            Ruleset = TrafficRules.Version,
            Price = price,
            Charge = reason == EventReason.None ? price : Money.Zero,
        };
    }

    /// <summary>The hour it happened, unless its month is fenced for closing: then the hour it was received.</summary>
    public static int BillingHour(DateTimeOffset occurred, JudgementFacts facts)
    {
        var day = UtcDay.Of(occurred);
        return day.Period > facts.FencedThrough
            ? day.FirstHour + occurred.UtcDateTime.Hour
            : UtcDay.Of(facts.Now).FirstHour + facts.Now.UtcDateTime.Hour;
    }

    /// <summary>The reasons' numbers say which kind of traffic they find.</summary>
    public static Validity ValidityOf(EventReason reason) => (int)reason switch
    {
        >= 1 and < 64 => Validity.General,
        >= 64 and < 128 => Validity.Sophisticated,
        _ => Validity.Valid,
    };

    public static bool IsRunning(CampaignTerms terms, UtcDay today) =>
        terms.Status == CampaignStatusEnum.Active && today >= terms.StartDate && !(terms.EndDate < today);

    /// <summary>What an event of the kind costs; zero for the kind that the campaign does not pay for.</summary>
    public static Money PriceOf(EventKind kind, CampaignTerms terms) => (kind, terms.Pricing) switch
    {
        (EventKind.Click, Pricing.Cpc) or (EventKind.Impression, Pricing.Cpm) => terms.EventPrice,
        _ => Money.Zero,
    };

    /// <summary>
    /// The time inside a UUIDv7; null for other ids, and for times in the future: nobody may pin memory by inventing
    /// dates.
    /// </summary>
    private static DateTimeOffset? TimeOf(EventId id)
    {
        if (id.Value.Version != 7)
        {
            return null;
        }

        Span<byte> bytes = stackalloc byte[16];
        id.Value.TryWriteBytes(bytes, bigEndian: true, out _);
        var milliseconds = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes) >> 16 & 0xFFFF_FFFF_FFFF;
        return milliseconds < DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
    }

    private static bool IsInRange(DateTimeOffset stated, DateTimeOffset now) =>
        stated >= now.AddDays(-RememberedDays) && stated <= now.AddMinutes(AheadMinutes);
}
