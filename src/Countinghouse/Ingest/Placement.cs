using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// What an event may be about and at what price: a campaign, one of its offers (or none), whose and where that is. The
/// journal names it by a number of the advertiser's; other terms are another placement with another number.
/// </summary>
/// <param name="Campaign">The campaign that pays.</param>
/// <param name="Offer">The offer; null for the campaign alone, and then nobody earns a share.</param>
/// <param name="Retailer">Whose offer it is; null without an offer.</param>
/// <param name="Location">Where the offer is; null without an offer.</param>
/// <param name="Pricing">Which kind of event is paid for.</param>
/// <param name="EventPrice">What one event of that kind costs.</param>
public readonly record struct Placement(
    CampaignId Campaign,
    OfferId? Offer,
    OrganizationId? Retailer,
    LocationId? Location,
    Pricing Pricing,
    Money EventPrice)
{
    /// <summary>What an event of the kind costs; zero for the kind that the campaign does not pay for.</summary>
    public Money PriceOf(EventKind kind) => (kind, Pricing) switch
    {
        (EventKind.Click, Pricing.Cpc) or (EventKind.Impression, Pricing.Cpm) => EventPrice,
        _ => Money.Zero,
    };
}
