using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Campaigns;

/// <summary>
/// Keeps campaigns. Every change first raises the organization's config version, which takes the row lock that the
/// flush of events takes too: no node charges by terms that are being changed.
/// </summary>
public sealed class CampaignStore(Database database, OrganizationVersions versions, AuditTrail trail)
{
    private const string Columns = """
        SELECT c.campaign_id, c.org_id, c.name, c.status, c.completed_reason, c.completed_at, c.pricing, c.price_micro,
               b.budget_micro, b.daily_cap_micro, b.spent_micro - b.credited_micro, c.start_day, c.end_day, c.metadata,
               c.created_at
        FROM campaign c
        JOIN campaign_budget b ON b.org_id = c.org_id AND b.campaign_id = c.campaign_id
        WHERE c.org_id = @org
        """;

    private const string FindOne = Columns + " AND c.campaign_id = @campaign";

    private const string ListPage =
        Columns + " ORDER BY c.created_at DESC, c.campaign_id DESC LIMIT @size OFFSET @offset";

    private const string Count = "SELECT COUNT(*) FROM campaign WHERE org_id = @org";

    private const string Offers = """
        SELECT offer_id FROM campaign_offer WHERE org_id = @org AND campaign_id = @campaign ORDER BY offer_id
        """;

    // The lock without a new version, for a change that may yet be refused.
    private const string LockHead = "SELECT config_version FROM ingest_head WHERE org_id = @org";

    private const string Insert = """
        INSERT INTO campaign (org_id, campaign_id, name, status, completed_reason, completed_at, pricing, price_micro,
                              start_day, end_day, created_at, metadata, version)
        VALUES (@org, @campaign, @name, 'draft', NULL, NULL, @pricing, @bid, @start, @end, @now, @metadata, 1)
        """;

    private const string InsertBudget = """
        INSERT INTO campaign_budget (org_id, campaign_id, budget_micro, spent_micro, credited_micro, daily_cap_micro,
                                     day, day_spent_micro)
        VALUES (@org, @campaign, @budget, 0, 0, @daily, 0, 0)
        """;

    private const string InsertTotal = """
        INSERT INTO campaign_total (org_id, campaign_id, impressions, clicks, invalid_impressions, invalid_clicks,
                                    unbilled_clicks, charge_micro, first_event_at, last_event_at, version)
        VALUES (@org, @campaign, 0, 0, 0, 0, 0, 0, NULL, NULL, 0)
        """;

    private const string Change = """
        UPDATE campaign
        SET name = @name, status = @status, completed_reason = @reason, completed_at = @completed, price_micro = @bid,
            start_day = @start, end_day = @end, metadata = @metadata, version = version + 1
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string ChangeBudget = """
        UPDATE campaign_budget SET budget_micro = @budget, daily_cap_micro = @daily
        WHERE org_id = @org AND campaign_id = @campaign
        """;

    private const string DropOffers = "DELETE FROM campaign_offer WHERE org_id = @org AND campaign_id = @campaign";

    // The offer says whose it is and where; a campaign keeps that as it was when the offer was taken in.
    // Read first: they may lie on other nodes than the campaign, whose head is locked meanwhile.
    private const string ReadOffers = "SELECT offer_id, org_id, location_id FROM offer WHERE offer_id";

    private const string AddOffer = """
        INSERT INTO campaign_offer (org_id, campaign_id, offer_id, retailer_org_id, location_id)
        VALUES (@org, @campaign, @offer, @retailer, @location)
        """;

    public Task<Campaign?> Find(OrganizationId organization, CampaignId campaign, CancellationToken cancellation) =>
        database.ReadSnapshot(connection => Find(connection, organization, campaign, cancellation), cancellation);

    public Task<Paged<Campaign>> List(OrganizationId organization, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(Count, cancellation, ("org", organization)))!.Value;
                var bare = await connection.Query(
                    ListPage, Read, cancellation, ("org", organization), ("size", page.Size), ("offset", page.Offset));
                var rows = new List<Campaign>(bare.Count);
                foreach (var campaign in bare)
                {
                    rows.Add(await WithOffers(connection, campaign, cancellation));
                }

                return new Paged<Campaign>(rows, page, total);
            },
            cancellation);

    /// <summary>Adds a draft; its offers that do not exist, when nothing was added.</summary>
    public async Task<IReadOnlyList<OfferId>> Add(Campaign campaign, CancellationToken cancellation)
    {
        try
        {
            await database.Write(connection => Insertion(connection, campaign, cancellation), cancellation);
            return [];
        }
        catch (UnknownOffersException unknown)
        {
            return unknown.Offers;
        }
        finally
        {
            versions.Changed(campaign.OrganizationId);
        }
    }

    /// <summary>
    /// Changes what <paramref name="change"/> makes different, its offers too, under the head lock. Null from it
    /// refuses, and nothing is written. Null is returned then, when there is no such campaign, and with the offers that
    /// do not exist.
    /// </summary>
    /// <param name="organization">The advertiser.</param>
    /// <param name="campaign">The campaign.</param>
    /// <param name="verb">What is done to it, for the trail.</param>
    /// <param name="change">What it is to be; null refuses.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(Campaign? Changed, IReadOnlyList<OfferId> UnknownOffers)> Update(
        OrganizationId organization,
        CampaignId campaign,
        string verb,
        Func<Campaign, Campaign?> change,
        CancellationToken cancellation)
    {
        try
        {
            return (await database.Write(Changing, cancellation), []);
        }
        catch (UnknownOffersException unknown)
        {
            return (null, unknown.Offers);
        }
        finally
        {
            // Also after a failure: the commit may have happened all the same.
            versions.Changed(organization);
        }

        async Task<Campaign?> Changing(DbConnection connection)
        {
            await connection.Number(LockHead + database.ForUpdate, cancellation, ("org", organization));
            var stored = await Find(connection, organization, campaign, cancellation);
            if (stored is null || change(stored) is not { } changed)
            {
                return null;
            }

            await Store(connection, changed, cancellation);
            if (!ReferenceEquals(changed.Offers, stored.Offers))
            {
                await connection.Execute(DropOffers, cancellation, ("org", organization), ("campaign", campaign));
                await AddOffers(connection, changed, cancellation);
            }

            await trail.Record(
                connection,
                organization,
                $"campaign.{verb}",
                SubjectOf(campaign),
                stored,
                changed,
                cancellation);
            return changed;
        }
    }

    /// <summary>How the trail names a campaign.</summary>
    internal static string SubjectOf(CampaignId campaign) => $"campaign:{campaign}";

    private async Task Insertion(DbConnection connection, Campaign campaign, CancellationToken cancellation)
    {
        // One round trip, the head lock first: others wait for it as long as this takes.
        await connection.ExecuteAll(
            [
                (OrganizationVersions.Raise, [("org", campaign.OrganizationId)]),
                (Insert,
                [
                    ("org", campaign.OrganizationId), ("campaign", campaign.CampaignId), ("name", campaign.Name),
                    ("pricing", CampaignWords.Of(campaign.Pricing)), ("bid", campaign.Bid),
                    ("start", campaign.StartDate), ("end", campaign.EndDate), ("now", campaign.CreatedAt),
                    ("metadata", MetadataMap.Store(campaign.Metadata)),
                ]),
                (InsertBudget,
                [
                    ("org", campaign.OrganizationId), ("campaign", campaign.CampaignId), ("budget", campaign.Budget),
                    ("daily", campaign.DailyBudget),
                ]),
                (InsertTotal, [("org", campaign.OrganizationId), ("campaign", campaign.CampaignId)]),
            ],
            cancellation);
        await AddOffers(connection, campaign, cancellation);
        await trail.Record(
            connection,
            campaign.OrganizationId,
            "campaign.create",
            SubjectOf(campaign.CampaignId),
            null,
            campaign,
            cancellation);
    }

    private async Task AddOffers(
        DbConnection connection, Campaign campaign, CancellationToken cancellation)
    {
        var found = (await connection.Query(
            ReadOffers + database.AnyOf("offers"),
            row => (
                Offer: row.Id<OfferId>(0),
                Retailer: row.Id<OrganizationId>(1),
                Location: row.Id<LocationId>(2)),
            cancellation,
            ("offers", database.ListOf(campaign.Offers)))).ToDictionary(one => one.Offer);
        var unknown = campaign.Offers.Where(offer => !found.ContainsKey(offer)).ToList();
        if (unknown.Count > 0)
        {
            throw new UnknownOffersException(unknown);
        }

        await connection.ExecuteMany(
            AddOffer,
            ["org", "campaign", "offer", "retailer", "location"],
            campaign.Offers.Select(offer => new object?[]
            {
                campaign.OrganizationId, campaign.CampaignId, offer, found[offer].Retailer, found[offer].Location,
            }),
            cancellation);
    }

    private static Task Store(DbConnection connection, Campaign changed, CancellationToken cancellation) =>
        connection.ExecuteAll(
            [
                (OrganizationVersions.Raise, [("org", changed.OrganizationId)]),
                (Change,
                [
                    ("org", changed.OrganizationId), ("campaign", changed.CampaignId), ("name", changed.Name),
                    ("status", CampaignWords.Of(changed.Status)),
                    ("reason", changed.CompletedReason is { } reason ? CampaignWords.Of(reason) : null),
                    ("completed", changed.CompletedAt), ("bid", changed.Bid), ("start", changed.StartDate),
                    ("end", changed.EndDate), ("metadata", MetadataMap.Store(changed.Metadata)),
                ]),
                (ChangeBudget,
                [
                    ("org", changed.OrganizationId), ("campaign", changed.CampaignId), ("budget", changed.Budget),
                    ("daily", changed.DailyBudget),
                ]),
            ],
            cancellation);

    private static async Task<Campaign?> Find(
        DbConnection connection, OrganizationId organization, CampaignId campaign, CancellationToken cancellation)
    {
        var found = await connection.First(
            FindOne, Read, cancellation, ("org", organization), ("campaign", campaign));
        return found is null ? null : await WithOffers(connection, found, cancellation);
    }

    private static async Task<Campaign> WithOffers(
        DbConnection connection, Campaign campaign, CancellationToken cancellation) => campaign with
        {
            Offers = await connection.Query(
            Offers,
            row => row.Id<OfferId>(0),
            cancellation,
            ("org", campaign.OrganizationId),
            ("campaign", campaign.CampaignId)),
        };

    private static Campaign Read(DbDataReader row)
    {
        var budget = new Money(row.GetInt64(8));
        var spend = new Money(row.GetInt64(10));
        return new Campaign
        {
            CampaignId = row.Id<CampaignId>(0),
            OrganizationId = row.Id<OrganizationId>(1),
            Name = row.GetString(2),
            Status = CampaignWords.Status(row.GetString(3)),
            CompletedReason = row.IsDBNull(4) ? null : CampaignWords.Reason(row.GetString(4)),
            CompletedAt = row.InstantOrNull(5),
            Pricing = CampaignWords.Pricing(row.GetString(6)),
            Bid = new Bid(row.GetInt64(7)),
            Budget = budget,
            DailyBudget = row.IsDBNull(9) ? null : new Money(row.GetInt64(9)),
            Spend = spend,
            RemainingBudget = budget - spend,
            StartDate = UtcDay.FromNumber(row.GetInt32(11)),
            EndDate = row.IsDBNull(12) ? null : UtcDay.FromNumber(row.GetInt32(12)),
            Offers = [],
            Metadata = MetadataMap.Load(row.GetString(13)),
            CreatedAt = new Instant(row.GetInt64(14)),
        };
    }

    /// <summary>Takes the transaction back; caught where the transaction began.</summary>
    private sealed class UnknownOffersException(IReadOnlyList<OfferId> offers) : Exception
    {
        public IReadOnlyList<OfferId> Offers { get; } = offers;
    }
}
