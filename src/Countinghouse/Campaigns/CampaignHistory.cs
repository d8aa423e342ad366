using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Campaigns;

/// <summary>What a change made different: the members that differ alone.</summary>
/// <param name="Before">As they were; null: the campaign was not there.</param>
/// <param name="After">As they were afterwards.</param>
public sealed record CampaignChanges(JsonElement? Before, JsonElement? After);

/// <summary>A change of a campaign.</summary>
/// <param name="At">When.</param>
/// <param name="Actor">Who: user:ID, client:ID or key:ID, terminal, or a job of the program.</param>
/// <param name="ActorName">The person's name or address, or the key's or client's name; null for anybody else.</param>
/// <param name="Action">What was done, for example campaign.pause.</param>
/// <param name="Changes">What it made different.</param>
public sealed record CampaignHistoryEntry(
    Instant At, string Actor, string? ActorName, string Action, CampaignChanges Changes);

/// <summary>A campaign's part of the audit trail, for those who may read the campaign.</summary>
public sealed class CampaignHistory(AuditReader trail, ActorNames names)
{
    /// <summary>A page of it, the latest first.</summary>
    public async Task<Paged<CampaignHistoryEntry>> List(
        OrganizationId organization, CampaignId campaign, Page page, CancellationToken cancellation)
    {
        var entries = await trail.List(
            new AuditFilter(organization, null, null, CampaignStore.SubjectOf(campaign), null, null),
            page,
            cancellation);
        var known = await names.Find(entries.Data.Select(entry => entry.Actor), cancellation);
        return new Paged<CampaignHistoryEntry>(
            [
                .. entries.Data.Select(entry => new CampaignHistoryEntry(
                    entry.At,
                    entry.Actor,
                    known.GetValueOrDefault(entry.Actor),
                    entry.Action,
                    new CampaignChanges(entry.Before, entry.After))),
            ],
            entries.Pagination);
    }
}
