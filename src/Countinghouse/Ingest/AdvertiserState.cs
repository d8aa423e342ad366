using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// A campaign's budget as it stands at the last batch applied: read under the head lock when terms change, then moved
/// on by every batch, this node's or another's.
/// </summary>
/// <param name="budget">All it may spend.</param>
/// <param name="net">Spent less credited.</param>
/// <param name="dailyCap">Most of a day; null for no such limit.</param>
/// <param name="spentOnDay">Spent on the day that the advertiser's state is of.</param>
internal sealed class BudgetState(Money budget, Money net, Money? dailyCap, Money spentOnDay)
{
    private Money _net = net;
    private Money _spentOnDay = spentOnDay;

    public Money Remaining => budget - _net;

    /// <summary>Takes the price if total and day can pay it, else the reason.</summary>
    public EventReason TryCharge(Money price)
    {
        if (Remaining < price)
        {
            return EventReason.BudgetExhausted;
        }

        if (dailyCap is { } cap && cap - _spentOnDay < price)
        {
            return EventReason.DailyBudgetExhausted;
        }

        Add(price, isOfDay: true);
        return EventReason.None;
    }

    public void Add(Money charge, bool isOfDay)
    {
        _net += charge;
        _spentOnDay += isOfDay ? charge : Money.Zero;
    }
}

/// <summary>One of the things that an advertiser's events may be about, with its number once it has one.</summary>
internal sealed class OfferTerms(Placement placement)
{
    public const int NoNumber = -1;

    public Placement Placement { get; } = placement;

    public int Number { get; set; } = NoNumber;

    /// <summary>Names campaign and offer for the windows per client and ad; a new price is the same ad.</summary>
    public ulong Ad { get; } =
        new EventIdentity(EventKind.Impression, placement.Campaign, placement.Offer, null).Fingerprint();
}

/// <summary>A campaign with its terms, its budget and its offers.</summary>
internal sealed class RunningCampaign(CampaignId id, CampaignTerms terms, BudgetState budget)
{
    public CampaignId Id => id;

    public CampaignTerms Terms { get; set; } = terms;

    public BudgetState Budget => budget;

    /// <summary>Events that name no offer.</summary>
    public OfferTerms Alone { get; } = new(new Placement(id, null, null, null, terms.Pricing, terms.EventPrice));

    public Dictionary<OfferId, OfferTerms> Offers { get; } = [];

    /// <summary>Null: the offer is not one of the campaign's.</summary>
    public OfferTerms? TermsOf(OfferId? offer) => offer is { } id ? Offers.GetValueOrDefault(id) : Alone;

    /// <summary>What the flush being decided has charged.</summary>
    public Money ChargedNow { get; set; }

    public bool TakesEvents => Terms.Status is not (CampaignStatusEnum.Draft or CampaignStatusEnum.Archived);
}

/// <summary>
/// All that deciding an advertiser's next event needs, as of a batch number and a config version: what the journal up
/// to there comes to. Kept from flush to flush; whenever a flush fails it is dropped and read anew.
/// </summary>
internal sealed class AdvertiserState(OrganizationId advertiser, KnownIds ids, ClientWindows windows)
{
    private readonly Dictionary<Placement, int> _numbers = [];

    public OrganizationId Advertiser => advertiser;

    public long BatchNo { get; set; }

    public byte[] Hash { get; set; } = [];

    public long ConfigVersion { get; set; } = -1;

    /// <summary>The day of receipt that daily budgets stand at (yyyymmdd).</summary>
    public int Day { get; private set; }

    /// <summary>Receipt of the last batch: time in a journal does not go back.</summary>
    public Instant LastReceivedAt { get; set; }

    /// <summary>By their numbers.</summary>
    public List<Placement> Placements { get; } = [];

    public Dictionary<CampaignId, RunningCampaign> Campaigns { get; } = [];

    public KnownIds Ids => ids;

    public ClientWindows Windows => windows;

    /// <summary>Replaces terms and budgets, those of a day, by what was just read under the lock.</summary>
    public void Use(CampaignSnapshot snapshot, IReadOnlyDictionary<CampaignId, BudgetState> budgets, int day)
    {
        Day = day;
        Campaigns.Clear();
        foreach (var (id, terms) in snapshot.Campaigns)
        {
            var campaign = new RunningCampaign(id, terms, budgets[id]);
            campaign.Alone.Number = NumberOf(campaign.Alone.Placement);
            Campaigns.Add(id, campaign);
        }

        foreach (var ((id, offer), place) in snapshot.Offers)
        {
            var campaign = Campaigns[id];
            var terms = new OfferTerms(campaign.Alone.Placement with
            {
                Offer = offer,
                Retailer = place.Retailer,
                Location = place.Location,
            });
            terms.Number = NumberOf(terms.Placement);
            campaign.Offers.Add(offer, terms);
        }

        ConfigVersion = snapshot.Version;
    }

    /// <summary>Adds a placement under the next number, and tells the terms that it is of.</summary>
    public void AddPlacement(in Placement placement)
    {
        _numbers.Add(placement, Placements.Count);
        if (Campaigns.TryGetValue(placement.Campaign, out var campaign)
            && campaign.TermsOf(placement.Offer) is { } terms && terms.Placement == placement)
        {
            terms.Number = Placements.Count;
        }

        Placements.Add(placement);
    }

    /// <summary>For a broken build: goes on as if nothing had happened since this node's last flush.</summary>
    [System.Diagnostics.Conditional("FAULTS")]
    public void Believe(IngestHead head) => (BatchNo, Hash) = (head.BatchNo, head.Hash);

    /// <summary>Takes over a batch that another node, or this one in an earlier life, has committed.</summary>
    public void Apply(StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload, batch.ClientKeys);
        for (var number = Placements.Count - reader.FirstNewPlacement; number < reader.NewPlacements.Length; number++)
        {
            AddPlacement(reader.NewPlacements[number]);
        }

        var today = UtcDay.Of(reader.ReceivedAt.ToTime()).Number;
        for (var ordinal = 0; reader.Read(out var item); ordinal++)
        {
            ref readonly var placement = ref System.Runtime.InteropServices.CollectionsMarshal
                .AsSpan(Placements)[item.Placement];
            var id = item.Id;
            Faults.Break("no_tail", ref id, default);
            Ids.TryAdd(
                id,
                item.Identity(placement).Fingerprint(),
                new EventPlace(batch.BatchNo, ordinal),
                reader.ReceivedAt,
                out _);
            var charge = item.Charge(placement);
            if (charge > Money.Zero && Campaigns.TryGetValue(placement.Campaign, out var campaign))
            {
                campaign.Budget.Add(charge, isOfDay: today == Day);
            }

            See(item, reader.Client, placement, reader.ReceivedAt);
        }

        (BatchNo, Hash, LastReceivedAt) = (batch.BatchNo, batch.Hash, reader.ReceivedAt);
        Ids.EndBatch(batch.BatchNo, reader.ReceivedAt, isRead: true);
    }

    /// <summary>Takes over only what the windows need, from a batch whose ids are in a run.</summary>
    public void ApplyToWindows(StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload, batch.ClientKeys);
        while (reader.Read(out var item))
        {
            See(item, reader.Client, Placements[item.Placement], reader.ReceivedAt);
        }
    }

    private void See(in JournalEvent item, ulong client, in Placement placement, Instant receivedAt)
    {
        if (client != 0 && item.Validity == Validity.Valid)
        {
            var ad = new EventIdentity(EventKind.Impression, placement.Campaign, placement.Offer, null).Fingerprint();
            windows.Add(item.Kind, client, ad, item.OccurredAt(receivedAt).Micros, receivedAt.Micros);
        }
    }

    private int NumberOf(in Placement placement) =>
        _numbers.TryGetValue(placement, out var number) ? number : OfferTerms.NoNumber;
}
