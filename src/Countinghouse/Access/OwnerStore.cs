using System.Collections.Concurrent;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>
/// Says which organization owns a thing that a path names. A campaign never changes hands, so hits are kept.
/// </summary>
public sealed class OwnerStore(Database database)
{
    private const int CampaignsKeptMax = 1_000_000;

    private const string FindCampaign = "SELECT org_id FROM campaign WHERE campaign_id = @campaign";

    private const string FindOrganization = "SELECT COUNT(*) FROM organization WHERE org_id = @org";

    private readonly ConcurrentDictionary<CampaignId, OrganizationId> _campaigns = new();

    /// <summary>The owner of a campaign; null when there is no such campaign.</summary>
    public async ValueTask<OrganizationId?> OfCampaign(CampaignId campaign, CancellationToken cancellation)
    {
        if (_campaigns.TryGetValue(campaign, out var known))
        {
            return known;
        }

        var owners = await database.Read(
            connection => connection.Query(
                FindCampaign, row => row.Id<OrganizationId>(0), cancellation, ("campaign", campaign)),
            cancellation);
        if (owners.Count == 0)
        {
            return null;
        }

        if (_campaigns.Count < CampaignsKeptMax)
        {
            _campaigns[campaign] = owners[0];
        }

        return owners[0];
    }

    public async ValueTask<bool> Exists(OrganizationId organization, CancellationToken cancellation) =>
        await database.Read(
            connection => connection.Number(FindOrganization, cancellation, ("org", organization)), cancellation) > 0;
}
