using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The sequencer row of an advertiser, read under its lock.</summary>
public sealed record IngestHead(long BatchNo, byte[] Hash, long ConfigVersion, Period FencedThrough);

/// <summary>A sent event with its place in the request.</summary>
public readonly record struct QueuedEvent(int Position, SentEvent Sent);

/// <summary>What decides whether an id that comes again is the same event.</summary>
public readonly record struct EventIdentity(EventKind Kind, CampaignId Campaign, OfferId? Offer, Instant? StatedAt);

/// <summary>What rollups and totals gain from a flush.</summary>
public struct StatCounts
{
    public long Impressions { get; private set; }

    public long Clicks { get; private set; }

    public long InvalidImpressions { get; private set; }

    public long InvalidClicks { get; private set; }

    public long UnbilledClicks { get; private set; }

    public Money Charge { get; private set; }

    /// <summary>Reported numbers are the valid ones, charged or not.</summary>
    public void Add(AdEvent adEvent)
    {
        var valid = adEvent.Validity == Validity.Valid;
        switch (adEvent.Kind)
        {
            case EventKind.Impression when valid:
                Impressions++;
                break;
            case EventKind.Impression:
                InvalidImpressions++;
                break;
            case EventKind.Click when valid:
                Clicks++;
                break;
            case EventKind.Click:
                InvalidClicks++;
                break;
        }

        UnbilledClicks += adEvent.IsUnbilledClick ? 1 : 0;
        Charge += adEvent.Charge;
    }
}

/// <summary>The key of an hourly rollup row; without an offer all three of its ids are zero.</summary>
public readonly record struct StatKey(
    CampaignId Campaign, int Hour, OfferId Offer, OrganizationId Retailer, LocationId Location);

/// <summary>
/// The part of a flush that is one advertiser's: takes events in their order, earlier ones visible to later ones, and
/// ends up with everything that has to be written. Touches no database.
/// </summary>
public sealed class AdvertiserFlush(
    JudgementFacts facts, IngestHead head, IReadOnlyDictionary<EventId, EventIdentity> known, EventSender sender)
{
    private readonly Dictionary<EventId, EventIdentity> _taken = [];

    public IngestHead Head => head;

    public OrganizationId Advertiser => facts.Advertiser;

    /// <summary>The one moment of the whole flush: what is read for a day must be written for the same day.</summary>
    public DateTimeOffset Now => facts.Now;

    public List<AdEvent> Events { get; } = [];

    public Dictionary<StatKey, StatCounts> Rollups { get; } = [];

    public Dictionary<CampaignId, (StatCounts Counts, Instant First, Instant Last)> Totals { get; } = [];

    public EventAnswer Take(SentEvent sent)
    {
        OrganizationId? retailer =
            sent.Offer is { } offer && facts.Snapshot.Offers.TryGetValue((sent.Campaign, offer), out var place)
                ? place.Retailer
                : null;
        var believed = sender.IsBelieved(facts.Advertiser, retailer);
        var id = sent.Id ?? new EventId(Guid.CreateVersion7(facts.Now));
        if (IngestRules.Refuse(sent, facts.Snapshot, believed, facts.Now) is { } refusal)
        {
            return new EventAnswer(refusal, id);
        }

        var identity = new EventIdentity(sent.Kind, sent.Campaign, sent.Offer, believed ? sent.StatedAt : null);
        if (known.TryGetValue(id, out var earlier) || _taken.TryGetValue(id, out earlier))
        {
            return new EventAnswer(earlier == identity ? EventOutcome.Duplicate : EventOutcome.IdReused, id);
        }

        _taken.Add(id, identity);

        // A server that speaks for shoppers but says nothing of this one is itself no shopper: nothing to judge.
        var client = believed ? sent.StatedClient : sender.Peer;
        Count(IngestRules.Judge(sent, id, believed, client, facts));
        return new EventAnswer(EventOutcome.Accepted, id);
    }

    /// <summary>Charges of this flush by campaign, in the order in which their rows are locked.</summary>
    public IEnumerable<(CampaignId Campaign, Money Charged)> Charges() => facts.Budgets
        .Where(pair => pair.Value.Charged > Money.Zero)
        .Select(pair => (pair.Key, pair.Value.Charged))
        .OrderBy(charge => charge.Key.Value);

    /// <summary>Running campaigns that this flush has used up.</summary>
    public IEnumerable<CampaignId> Exhausted() => facts.Budgets
        .Where(pair => pair.Value.Charged > Money.Zero && CampaignRules.IsExhausted(
            pair.Value.Remaining, facts.Snapshot.Campaigns[pair.Key].EventPrice))
        .Select(pair => pair.Key)
        .OrderBy(campaign => campaign.Value);

    private void Count(AdEvent adEvent)
    {
        Events.Add(adEvent);
        var key = new StatKey(
            adEvent.Campaign,
            adEvent.BillingHour,
            adEvent.Offer ?? default,
            adEvent.Retailer ?? default,
            adEvent.Location ?? default);
        var rollup = Rollups.GetValueOrDefault(key);
        rollup.Add(adEvent);
        Rollups[key] = rollup;

        var (counts, first, last) = Totals.GetValueOrDefault(
            adEvent.Campaign, (default, adEvent.OccurredAt, adEvent.OccurredAt));
        counts.Add(adEvent);
        Totals[adEvent.Campaign] = (
            counts,
            first < adEvent.OccurredAt ? first : adEvent.OccurredAt,
            last > adEvent.OccurredAt ? last : adEvent.OccurredAt);
    }
}
