using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The sequencer row of an advertiser, read under its lock.</summary>
/// <param name="BatchNo">Number of the last batch.</param>
/// <param name="Hash">Its hash.</param>
/// <param name="ConfigVersion">Rises with every change of a campaign.</param>
/// <param name="FencedThrough">Events of months up to this one count on the day of their receipt.</param>
/// <param name="Day">The day of receipt (yyyymmdd) that daily budgets stand at.</param>
public sealed record IngestHead(long BatchNo, byte[] Hash, long ConfigVersion, Period FencedThrough, int Day);

/// <summary>What judging needs besides the advertiser's state: the same for all events of a flush.</summary>
/// <param name="Now">The one moment of the flush: what is read for a day must be written for the same day.</param>
/// <param name="FencedThrough">Events of months up to this one count on the day of their receipt.</param>
/// <param name="Lists">What the operator has loaded about traffic.</param>
/// <param name="Stored">Ids of this flush that are in runs, with the events they belong to.</param>
internal sealed record FlushFacts(
    Instant Now, Period FencedThrough, TrafficListSnapshot Lists, IReadOnlyDictionary<EventId, EventIdentity> Stored);

/// <summary>
/// Decides the events of a flush, in their order, earlier ones visible to later ones, and packs what is to be written.
/// Touches no database. It changes the advertiser's state as it goes: when the flush is not committed, that is dropped.
/// </summary>
internal sealed class AdvertiserFlush(AdvertiserState state, JournalWriter journal, FlushFacts facts)
{
    private readonly List<RunningCampaign> _charged = [];
    private readonly UtcDay _today = UtcDay.Of(facts.Now.ToTime());
    private readonly long _fenceEnd = Instant.Of(facts.FencedThrough.End).Micros;
    private readonly int _firstNewPlacement = state.Placements.Count;
    private HourFinder _hours;

    public OrganizationId Advertiser => state.Advertiser;

    public Instant Now => facts.Now;

    public UtcDay Today => _today;

    public long BatchNo { get; } = state.BatchNo + 1;

    public int Count => journal.Count;

    public int ValidCount { get; private set; }

    /// <summary>How many events have each reason, by its number.</summary>
    public int[] Reasons { get; } = new int[(int)EventReason.DailyBudgetExhausted + 1];

    public int ClickCount { get; private set; }

    public Money Charge { get; private set; } = Money.Zero;

    public int FirstHour { get; private set; } = int.MaxValue;

    public int LastHour { get; private set; } = int.MinValue;

    public int FirstNewPlacement => _firstNewPlacement;

    public ReadOnlySpan<Placement> NewPlacements => CollectionsMarshal.AsSpan(state.Placements)[_firstNewPlacement..];

    /// <summary>Campaigns that this flush has charged, in the order in which their rows are written.</summary>
    public IReadOnlyList<RunningCampaign> Charged => _charged;

    /// <summary>Charged campaigns that cannot pay for another event.</summary>
    public IEnumerable<RunningCampaign> Exhausted() => _charged.Where(campaign =>
        campaign.Terms.Status == CampaignStatusEnum.Active
        && CampaignRules.IsExhausted(campaign.Budget.Remaining, campaign.Terms.EventPrice));

    /// <summary>What is to be stored of the flush.</summary>
    public StoredBatch Batch()
    {
        var payload = journal.Finish(Now, facts.Lists.Ruleset, FirstNewPlacement, NewPlacements);
        var clientHash = SHA256.HashData(journal.ClientKeys);
        return new StoredBatch
        {
            BatchNo = BatchNo,
            CommittedAt = Now,
            EventCount = Count,
            ValidCount = ValidCount,
            ClickCount = ClickCount,
            Charge = Charge,
            FirstHour = FirstHour,
            LastHour = LastHour,
            ClientHash = clientHash,
            PreviousHash = state.Hash,
            Hash = JournalFormat.Hash(state.Hash, BatchNo, payload, clientHash),
            ClientKeys = journal.ClientKeys.Length == 0 ? null : journal.ClientKeys.ToArray(),
            Payload = payload,
        };
    }

    /// <summary>
    /// Takes the events of all parts, in their order; an atomic part with a refusal is left out whole.
    /// </summary>
    public void TakeAll(List<EventPart> parts)
    {
        foreach (var part in parts)
        {
            if (part.Request.Atomic && RefuseAny(part))
            {
                continue;
            }

            var events = part.Request.Events.AsSpan();
            foreach (var position in part.Positions)
            {
                part.Request.Answers[position] = Take(events[position], part.Request.Sender);
            }
        }
    }

    private EventAnswer Take(in SentEvent sent, EventSender sender)
    {
        var outcome = Refuse(sent, sender, out var campaign, out var terms, out var believed);
        var id = sent.Id ?? new EventId(Guid.CreateVersion7(Now.ToTime()));
        if (outcome is { } refusal)
        {
            return new EventAnswer(refusal, id);
        }

        var stated = believed ? sent.StatedAt : null;
        var identity = new EventIdentity(sent.Kind, sent.Campaign, sent.Offer, stated);
        if (facts.Stored.TryGetValue(id, out var stored))
        {
            return Known(id, stored == identity, FoundIn(id));
        }

        var fingerprint = identity.Fingerprint();
        if (!state.Ids.TryAdd(id, fingerprint, new EventPlace(BatchNo, Count), Now, out var known))
        {
            return Known(id, known == fingerprint, FoundIn(id));
        }

        // A server that speaks for shoppers but says nothing of this one is itself no shopper: nothing to judge.
        var client = believed ? sent.StatedClient : sender.Peer;
        var occurred = stated ?? Now;
        var reason = client is { } mark ? JudgeClient(mark, sent.Kind, terms!, occurred) : EventReason.None;
        var isBooked = occurred.Micros < _fenceEnd;
        Record(
            new JournalEvent(sent.Kind, id, Number(terms!), reason, stated, isBooked, client is { Key: not 0 }),
            campaign!,
            terms!,
            client?.Key ?? 0);
        return new EventAnswer(EventOutcome.Accepted, id);
    }

    /// <summary>
    /// True when any event of a part has to be refused: then the answers say which, and nothing was taken.
    /// </summary>
    public bool RefuseAny(EventPart part)
    {
        var own = new Dictionary<EventId, EventIdentity>();
        var events = part.Request.Events.AsSpan();
        var refused = false;
        foreach (var position in part.Positions)
        {
            ref readonly var sent = ref events[position];
            var outcome = Refuse(sent, part.Request.Sender, out _, out _, out var believed);
            if (outcome is null && sent.Id is { } id)
            {
                var identity = new EventIdentity(sent.Kind, sent.Campaign, sent.Offer, believed ? sent.StatedAt : null);
                var isOther = facts.Stored.TryGetValue(id, out var stored) && stored != identity
                    || state.Ids.TryFind(id, out _, out var known) && known != identity.Fingerprint()
                    || !own.TryAdd(id, identity) && own[id] != identity;
                outcome = isOther ? EventOutcome.IdReused : null;
            }

            if (outcome is { } refusal)
            {
                part.Request.Refuse(position, refusal, refusal == EventOutcome.IdReused ? FoundIn(sent.Id!.Value) : 0);
                refused = true;
            }
        }

        return refused;
    }

    /// <summary>Campaigns that it completed; known once it is durable.</summary>
    public int ExhaustedCount { get; private set; }

    /// <summary>Moves the state on, now that the flush is durable.</summary>
    public void Committed(byte[] hash)
    {
        var exhausted = Exhausted().ToList();
        ExhaustedCount = exhausted.Count;
        foreach (var campaign in exhausted)
        {
            campaign.Terms = campaign.Terms with { Status = CampaignStatusEnum.Completed };
        }

        _charged.ForEach(campaign => campaign.ChargedNow = Money.Zero);
        (state.BatchNo, state.Hash, state.LastReceivedAt) = (BatchNo, hash, Now);
        state.ConfigVersion += exhausted.Count > 0 ? 1 : 0;
        state.Ids.EndBatch(BatchNo, Now);
    }

    private FoundIn FoundIn(EventId id) =>
        facts.Stored.ContainsKey(id) ? Ingest.FoundIn.Run : state.Ids.FoundIn(id);

    private static EventAnswer Known(EventId id, bool isSame, FoundIn found) =>
        new(isSame ? EventOutcome.Duplicate : EventOutcome.IdReused, id, found);

    /// <summary>
    /// Why an event cannot be taken. One that was taken before is not refused: its answer does not change because the
    /// campaign has been archived since, or the offer dropped.
    /// </summary>
    private EventOutcome? Refuse(
        in SentEvent sent,
        EventSender sender,
        out RunningCampaign? campaign,
        out OfferTerms? terms,
        out bool believed)
    {
        var outcome = RefuseNew(sent, sender, out campaign, out terms, out believed);
        if (outcome is null or EventOutcome.Expired || sent.Id is not { } id)
        {
            return outcome;
        }

        // Whether the stated time was believed then follows from what is stored: it is there, or it is not.
        var stated = new EventIdentity(sent.Kind, sent.Campaign, sent.Offer, sent.StatedAt);
        believed = IsKnown(id, stated);
        return believed || IsKnown(id, stated with { StatedAt = null }) ? null : outcome;
    }

    private bool IsKnown(EventId id, in EventIdentity identity) =>
        facts.Stored.TryGetValue(id, out var stored)
            ? stored == identity
            : state.Ids.TryFind(id, out _, out var known) && known == identity.Fingerprint();

    private EventOutcome? RefuseNew(
        in SentEvent sent,
        EventSender sender,
        out RunningCampaign? campaign,
        out OfferTerms? terms,
        out bool believed)
    {
        (terms, believed) = (null, false);
        if (!state.Campaigns.TryGetValue(sent.Campaign, out campaign) || !campaign.TakesEvents)
        {
            return EventOutcome.UnknownCampaign;
        }

        terms = campaign.TermsOf(sent.Offer);
        if (terms is null)
        {
            return EventOutcome.OfferNotInCampaign;
        }

        if (sent.Id is { } id && IngestRules.IsExpired(IngestRules.MillisecondsOf(id), Now))
        {
            return EventOutcome.Expired;
        }

        believed = sender.IsBelieved(state.Advertiser, terms.Placement.Retailer);
        return believed && sent.StatedAt is { } stated && !IngestRules.IsInRange(stated, Now)
            ? EventOutcome.TimeOutOfRange
            : null;
    }

    private EventReason JudgeClient(in ClientMark client, EventKind kind, OfferTerms terms, Instant occurred)
    {
        if (client.Verdict != EventReason.None)
        {
            return client.Verdict;
        }

        if (client.Address != 0)
        {
            if (facts.Lists.HasNetwork(client.Address))
            {
                return EventReason.ListedNetwork;
            }

            if (facts.Lists.IsOwn(state.Advertiser, client.Address))
            {
                return EventReason.OwnTraffic;
            }
        }

        return client.Key == 0
            ? EventReason.None
            : state.Windows.Judge(kind, client.Key, terms.Ad, occurred.Micros);
    }

    /// <summary>Charges what is to be charged, and packs the event.</summary>
    private void Record(JournalEvent item, RunningCampaign campaign, OfferTerms terms, ulong client)
    {
        var isValid = item.Reason == EventReason.None;
        var price = isValid ? terms.Placement.PriceOf(item.Kind) : Money.Zero;
        if (price > Money.Zero)
        {
            var free = IngestRules.IsRunning(campaign.Terms, _today)
                ? campaign.Budget.TryCharge(price)
                : EventReason.NotRunning;
            if (free == EventReason.None)
            {
                AddCharge(campaign, price);
            }

            item = item with { Reason = free };
        }

        var occurred = item.OccurredAt(Now);
        if (isValid && client != 0)
        {
            state.Windows.Add(item.Kind, client, terms.Ad, occurred.Micros, Now.Micros);
        }

        var hour = _hours.Of(item.BilledAt(Now));
        (FirstHour, LastHour) = (Math.Min(FirstHour, hour), Math.Max(LastHour, hour));
        Reasons[(int)item.Reason]++;
        ValidCount += isValid ? 1 : 0;
        ClickCount += item.Kind == EventKind.Click ? 1 : 0;
        journal.Add(item, client, Now);
    }

    private void AddCharge(RunningCampaign campaign, Money price)
    {
        if (campaign.ChargedNow == Money.Zero)
        {
            _charged.Add(campaign);
        }

        campaign.ChargedNow += price;
        Charge += price;
    }

    private int Number(OfferTerms terms)
    {
        if (terms.Number == OfferTerms.NoNumber)
        {
            state.AddPlacement(terms.Placement);
        }

        return terms.Number;
    }
}
