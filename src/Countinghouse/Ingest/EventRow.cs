using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// An event as schema 1 kept it, a row each; read once more, to be packed. Every column is either carried over or
/// follows from what is: where it does not, the row was not written by any version of this program, and packing fails.
/// </summary>
internal sealed record EventRow
{
    public const string Columns = """
        batch_no, ordinal, event_id, kind, campaign_id, offer_id, location_id, retailer_org_id, stated_at, occurred_at,
        received_at, billing_hour, validity, reason, ruleset, price_micro, charge_micro
        """;

    public required long BatchNo { get; init; }

    public required int Ordinal { get; init; }

    public required AdEvent Event { get; init; }

    public static EventRow Read(DbDataReader row, OrganizationId advertiser) => new()
    {
        BatchNo = row.GetInt64(0),
        Ordinal = row.GetInt32(1),
        Event = new AdEvent
        {
            Advertiser = advertiser,
            Id = row.Id<EventId>(2),
            Kind = (EventKind)row.GetInt32(3),
            Campaign = row.Id<CampaignId>(4),
            Offer = row.IdOrNull<OfferId>(5),
            Location = row.IdOrNull<LocationId>(6),
            Retailer = row.IdOrNull<OrganizationId>(7),
            StatedAt = row.InstantOrNull(8),
            OccurredAt = new Instant(row.GetInt64(9)),
            ReceivedAt = new Instant(row.GetInt64(10)),
            BillingHour = row.GetInt32(11),
            Validity = (Validity)row.GetInt32(12),
            Reason = ReasonOf(row.TextOrNull(13)),
            Ruleset = row.GetInt32(14),
            Price = new Money(row.GetInt64(15)),
            Charge = new Money(row.GetInt64(16)),
        },
    };

    /// <summary>
    /// What the event was about. A price above zero says which kind of event was paid for and at what price; an event
    /// of the other kind was free, and its campaign's present price serves as well as the one of then.
    /// </summary>
    /// <param name="campaigns">Pricing and price of one event, by campaign; a campaign's pricing never changes.</param>
    public Placement Placement(IReadOnlyDictionary<CampaignId, (Pricing Pricing, Money Price)> campaigns)
    {
        if (!campaigns.TryGetValue(Event.Campaign, out var terms))
        {
            throw Unlike("campaign");
        }

        var pricing = Event.Price == Money.Zero
            ? terms.Pricing
            : Event.Kind == EventKind.Click ? Pricing.Cpc : Pricing.Cpm;
        return new Placement(
            Event.Campaign,
            Event.Offer,
            Event.Retailer,
            Event.Location,
            pricing,
            Event.Price == Money.Zero ? terms.Price : Event.Price);
    }

    /// <summary>The event as the journal holds it.</summary>
    /// <param name="number">Of its placement.</param>
    /// <param name="placement">What it is about.</param>
    /// <param name="hours">Finds the hours of events that follow each other.</param>
    public JournalEvent Pack(int number, in Placement placement, ref HourFinder hours)
    {
        var isBookedOnReceipt = Event.BillingHour != hours.Of(Event.OccurredAt);
        var packed = new JournalEvent(
            Event.Kind, Event.Id, number, Event.Reason, Event.StatedAt, isBookedOnReceipt, HasClient: false);
        return packed switch
        {
            _ when isBookedOnReceipt && Event.BillingHour != hours.Of(Event.ReceivedAt) => throw Unlike("billing_hour"),
            _ when packed.OccurredAt(Event.ReceivedAt) != Event.OccurredAt => throw Unlike("occurred_at"),
            _ when packed.Validity != Event.Validity => throw Unlike("validity"),
            _ when placement.PriceOf(Event.Kind) != Event.Price => throw Unlike("price_micro"),
            _ when packed.Charge(placement) != Event.Charge => throw Unlike("charge_micro"),
            _ => packed,
        };
    }

    public InvalidDataException Unlike(string column) => new(
        $"Event {Event.Id} of {Event.Advertiser} cannot be packed: its {column} does not follow from the rest.");

    /// <summary>The words of schema 1; its last programs wrote the names of the enum's members.</summary>
    private static EventReason ReasonOf(string? word) => word switch
    {
        null or "None" => EventReason.None,
        "declared_bot" or "DeclaredBot" => EventReason.DeclaredBot,
        "non_browser_agent" or "NonBrowserAgent" => EventReason.NonBrowserAgent,
        "prefetch" or "Prefetch" => EventReason.Prefetch,
        "not_running" or "NotRunning" => EventReason.NotRunning,
        "budget_exhausted" or "BudgetExhausted" => EventReason.BudgetExhausted,
        "daily_budget_exhausted" or "DailyBudgetExhausted" => EventReason.DailyBudgetExhausted,
        _ => throw new InvalidDataException($"Schema 1 knew no reason {word}."),
    };
}
