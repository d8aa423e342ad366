using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Campaigns;

/// <summary>The terms that events of a campaign are judged by.</summary>
public sealed record CampaignTerms(
    CampaignStatusEnum Status, Pricing Pricing, Money EventPrice, UtcDay StartDate, UtcDay? EndDate);

/// <summary>Whose an offer is, and where.</summary>
public readonly record struct OfferPlace(OrganizationId Retailer, LocationId Location);

/// <summary>
/// An advertiser's campaigns and offers as they were at one config version.
/// </summary>
public sealed record CampaignSnapshot(
    long Version,
    IReadOnlyList<KeyValuePair<CampaignId, CampaignTerms>> Campaigns,
    IReadOnlyList<KeyValuePair<(CampaignId Campaign, OfferId Offer), OfferPlace>> Offers);

/// <summary>
/// Reads what may run, for Ingest. A flush compares the version under the head lock with the one it has and reads anew
/// when they differ, in its own transaction: the lock, not a timer, makes sure that no node charges by a stale copy.
/// </summary>
public sealed class CampaignSnapshots
{
    private const string Terms = """
        SELECT campaign_id, status, pricing, price_micro, start_day, end_day FROM campaign WHERE org_id = @org
        """;

    private const string Places = """
        SELECT campaign_id, offer_id, retailer_org_id, location_id FROM campaign_offer WHERE org_id = @org
        """;

    /// <summary>
    /// The terms of a version; the caller holds the head lock, so the version cannot move meanwhile.
    /// </summary>
    public async Task<CampaignSnapshot> Read(
        DbConnection connection, OrganizationId advertiser, long version, CancellationToken cancellation) => new(
        version,
        await connection.Query(Terms, ReadTerms, cancellation, ("org", advertiser)),
        await connection.Query(Places, ReadPlace, cancellation, ("org", advertiser)));

    private static KeyValuePair<CampaignId, CampaignTerms> ReadTerms(DbDataReader row)
    {
        var pricing = CampaignWords.Pricing(row.GetString(2));
        return new(
            row.Id<CampaignId>(0),
            new CampaignTerms(
                CampaignWords.Status(row.GetString(1)),
                pricing,
                CampaignRules.EventPrice(pricing, new Bid(row.GetInt64(3))),
                UtcDay.FromNumber(row.GetInt32(4)),
                row.IsDBNull(5) ? null : UtcDay.FromNumber(row.GetInt32(5))));
    }

    private static KeyValuePair<(CampaignId Campaign, OfferId Offer), OfferPlace> ReadPlace(DbDataReader row) => new(
        (row.Id<CampaignId>(0), row.Id<OfferId>(1)),
        new OfferPlace(row.Id<OrganizationId>(2), row.Id<LocationId>(3)));
}
