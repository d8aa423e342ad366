using System.Collections.Concurrent;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>
/// Says which organization owns a thing that a path names. A campaign never changes hands, so hits are kept; that there
/// is none is believed for a second, so that asking for what does not exist costs the database nothing.
/// </summary>
public sealed class OwnerStore(Database database, TimeProvider clock)
{
    private const int CampaignsKeptMax = 1_000_000;
    private const int UnknownKeptMax = 100_000;

    private static readonly TimeSpan UnknownFor = TimeSpan.FromSeconds(1);

    private const string FindCampaign = "SELECT org_id FROM campaign WHERE campaign_id = @campaign";

    private const string FindOrganization = "SELECT COUNT(*) FROM organization WHERE org_id = @org";

    private readonly ConcurrentDictionary<CampaignId, OrganizationId> _campaigns = new();
    private readonly ConcurrentDictionary<CampaignId, long> _unknown = new();

    /// <summary>The owner of a campaign; null when there is no such campaign.</summary>
    public ValueTask<OrganizationId?> OfCampaign(CampaignId campaign, CancellationToken cancellation)
    {
        if (_campaigns.TryGetValue(campaign, out var known))
        {
            return ValueTask.FromResult<OrganizationId?>(known);
        }

        return _unknown.TryGetValue(campaign, out var asked) && clock.GetElapsedTime(asked) < UnknownFor
            ? ValueTask.FromResult<OrganizationId?>(null)
            : FindOwner(campaign, cancellation);
    }

    private async ValueTask<OrganizationId?> FindOwner(CampaignId campaign, CancellationToken cancellation)
    {
        var asked = clock.GetTimestamp();
        var owners = await database.Read(
            connection => connection.Query(
                FindCampaign, row => row.Id<OrganizationId>(0), cancellation, ("campaign", campaign)),
            cancellation);
        if (owners.Count == 0)
        {
            if (_unknown.Count >= UnknownKeptMax)
            {
                _unknown.Clear();
            }

            _unknown[campaign] = asked;
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
