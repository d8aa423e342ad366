using Countinghouse.Access;
using Countinghouse.Credentials;
using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;

namespace Countinghouse.Commands.Demonstration;

/// <summary>
/// Makes the demo by running the product: its stores, its event path, its close, at a clock that moves through five
/// months. Nothing is written past them, so every figure of the demo reconciles like any other.
/// </summary>
internal sealed class DemoBuilder(IServiceProvider product, DemoClock clock, int scale)
{
    private const string Actor = "demo";

    /// <summary>Printed so that a strange demo can be made again.</summary>
    private const int Seed = 20_260_101;

    private const int OffersPerCampaign = 3;

    private static readonly TimeSpan Step = TimeSpan.FromHours(12);

    private readonly List<RunningCampaign> _campaigns = [];

    private readonly CampaignStore _campaignStore = product.GetRequiredService<CampaignStore>();

    private OrganizationId _advertiser;

    /// <summary>Fills the database up to <paramref name="end"/>.</summary>
    /// <param name="end">The present.</param>
    /// <param name="baseUrl">Where the server will answer.</param>
    /// <param name="progress">Is told how far it is, from 0 to 1.</param>
    /// <param name="pay">Pays what these retailers are owed and was approved; null: nothing can be paid.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<DemoFile> Build(
        DateTimeOffset end,
        string baseUrl,
        Action<double> progress,
        Func<IReadOnlyList<OrganizationId>, Task>? pay,
        CancellationToken cancellation)
    {
        var start = clock.Now;
        var organizations = product.GetRequiredService<OrganizationStore>();
        var platform = await Create(organizations, DemoPlan.OperatorName, isOperator: true, cancellation);
        _advertiser = await Create(organizations, DemoPlan.AdvertiserName, isOperator: false, cancellation);
        var retailer = await Create(organizations, DemoPlan.RetailerName, isOperator: false, cancellation);
        var second = await Create(organizations, DemoPlan.SecondRetailerName, isOperator: false, cancellation);
        var outsider = await Create(organizations, DemoPlan.OutsiderName, isOperator: false, cancellation);
        var offers = await AddShops(retailer, DemoPlan.Shops, cancellation);
        offers.AddRange(await AddShops(second, DemoPlan.SecondShops, cancellation));
        await CreateCampaigns(offers, start, cancellation);
        await product.GetRequiredService<FeeRateStore>().Set(
            retailer, UtcDay.Of(start).Period.Next.Next, new FeeRate(125_000), Actor, cancellation);

        await RunMonths(start, end, progress, cancellation);
        if (pay is not null)
        {
            await ApproveAllBut(newest: 2, [retailer, second], cancellation);
            await pay([retailer, second]);
        }

        await ApproveAllBut(newest: 1, [retailer, second], cancellation);
        var shares = await product.GetRequiredService<RevenueShareStore>()
            .List(retailer, new Page(1, 100), cancellation);
        return new DemoFile
        {
            BaseUrl = baseUrl,
            Advertiser = new DemoAdvertiser
            {
                OrganizationId = _advertiser,
                Name = DemoPlan.AdvertiserName,
                ApiKey = await NewKey(_advertiser, KeyKind.Csb, Role.Manager, cancellation),
                PublishableKey = await NewKey(_advertiser, KeyKind.Cpk, Role.Readonly, cancellation),
                ReadonlyKey = await NewKey(_advertiser, KeyKind.Csb, Role.Readonly, cancellation),
                Campaigns = await DescribeCampaigns(cancellation),
            },
            Retailer = new DemoRetailer
            {
                OrganizationId = retailer,
                Name = DemoPlan.RetailerName,
                ApiKey = await NewKey(retailer, KeyKind.Csb, Role.Manager, cancellation),
                RevenueShares = [.. shares.Data.Select(share => share.Id)],
            },
            Outsider = new DemoOrganization(outsider, await NewKey(outsider, KeyKind.Csb, Role.Manager, cancellation)),
            Operator = new DemoOrganization(platform, await NewKey(platform, KeyKind.Csb, Role.Manager, cancellation)),
            SecondOperator = new DemoOrganization(
                platform, await NewKey(platform, KeyKind.Csb, Role.Manager, cancellation)),
            People = await DemoPeople.Make(product, _advertiser, retailer, platform, cancellation),
        };
    }

    private static async Task<OrganizationId> Create(
        OrganizationStore store, string name, bool isOperator, CancellationToken cancellation) =>
        (await store.Create(name, isOperator, new Dictionary<string, string>(), cancellation)).OrganizationId;

    private async Task<List<OfferId>> AddShops(
        OrganizationId retailer, IReadOnlyList<string> shops, CancellationToken cancellation)
    {
        var catalog = product.GetRequiredService<CatalogStore>();
        var now = Instant.Of(clock.Now);
        var none = new Dictionary<string, string>();
        var offers = new List<Offer>();
        for (var index = 0; index < shops.Count; index++)
        {
            var isActive = index < DemoPlan.ActiveShops;
            var shop = new Location(
                new LocationId(Guid.CreateVersion7(clock.Now)), retailer, shops[index], isActive, now, none);
            await catalog.Add(shop, cancellation);
            offers.AddRange(DemoPlan.Products.Where(_ => isActive).Select((name, number) => new Offer(
                new OfferId(Guid.CreateVersion7(clock.Now)),
                retailer,
                shop.LocationId,
                name,
                $"MG-{number + 1}",
                now,
                none)));
        }

        await catalog.Add(retailer, offers, cancellation);
        return [.. offers.Select(offer => offer.OfferId)];
    }

    private async Task CreateCampaigns(
        List<OfferId> offers, DateTimeOffset start, CancellationToken cancellation)
    {
        for (var index = 0; index < DemoPlan.Campaigns.Count; index++)
        {
            var plan = DemoPlan.Campaigns[index];

            // Later ones are newer, by minutes, so that lists have an order to show.
            var created = clock.Now.AddMinutes(index);
            var campaign = new Campaign
            {
                CampaignId = new CampaignId(Guid.CreateVersion7(created)),
                OrganizationId = _advertiser,
                Name = plan.Name,
                Status = CampaignStatusEnum.Draft,
                CompletedReason = null,
                CompletedAt = null,
                Pricing = plan.Pricing,
                Bid = Parse<Bid>(plan.Bid),
                Budget = Scaled(plan.Budget),
                DailyBudget = plan.DailyBudget is { } daily ? Scaled(daily) : null,
                Spend = Money.Zero,
                RemainingBudget = Scaled(plan.Budget),
                StartDate = UtcDay.Of(start).AddDays(plan.FirstDay),
                EndDate = plan.LastDay is { } last ? UtcDay.Of(start).AddDays(last) : null,
                Offers =
                [
                    .. Enumerable.Range(0, OffersPerCampaign)
                        .Select(number => offers[((index * 5) + (number * 9)) % offers.Count]),
                ],
                Metadata = new Dictionary<string, string>(),
                CreatedAt = Instant.Of(created),
            };
            await _campaignStore.Add(campaign, cancellation);
            if (!plan.StaysDraft)
            {
                await Act(campaign.CampaignId, CampaignAction.Activate, cancellation);
            }

            _campaigns.Add(new RunningCampaign(campaign.CampaignId, plan, campaign.Offers));
        }
    }

    private async Task RunMonths(
        DateTimeOffset start, DateTimeOffset end, Action<double> progress, CancellationToken cancellation)
    {
        var traffic = new DemoTraffic(Seed, scale, product.GetRequiredService<ClientReader>());
        var writer = product.GetRequiredService<EventWriter>();
        var sender = new EventSender(_advertiser, IsOperator: false, default(ClientMark));
        var settlements = product.GetRequiredService<Settlements>();
        var schedule = product.GetRequiredService<CampaignScheduleJob>();
        for (var from = start; from < end; from += Step)
        {
            var to = from + Step < end ? from + Step : end;
            var day = UtcDay.Of(start).DaysUntil(UtcDay.Of(from));
            if (from.Hour < Step.TotalHours)
            {
                await schedule.CompleteEnded(cancellation);
                await settlements.CloseDue(Actor, cancellation);
                foreach (var campaign in _campaigns.Where(c => c.Plan.Then is not null && c.Plan.ThenOnDay == day))
                {
                    await Retire(campaign, cancellation);
                }
            }

            // Events of a running span arrive at its end, as from a server that sends in batches.
            clock.Now = to;
            foreach (var batch in traffic.Between(from, to, Running(day)).Chunk(EventWriter.EventsMax))
            {
                await writer.Write(batch, sender, atomic: false, cancellation);
            }

            progress((to - start) / (end - start));
        }
    }

    private List<RunningCampaign> Running(int day) =>
    [
        .. _campaigns.Where(campaign => !campaign.Plan.StaysDraft
            && day >= campaign.Plan.FirstDay
            && !(day > campaign.Plan.LastDay)
            && (campaign.Plan.Then is null || day < campaign.Plan.ThenOnDay)),
    ];

    private async Task Retire(RunningCampaign campaign, CancellationToken cancellation)
    {
        if (campaign.Plan.Then == CampaignAction.Archive)
        {
            await Act(campaign.Id, CampaignAction.Pause, cancellation);
        }

        await Act(campaign.Id, campaign.Plan.Then!.Value, cancellation);
    }

    /// <summary>What the endpoint does: asks the rules, then writes under the head lock.</summary>
    private async Task Act(CampaignId campaign, CampaignAction action, CancellationToken cancellation) =>
        await _campaignStore.Update(
            _advertiser,
            campaign,
            action.ToString().ToLowerInvariant(),
            stored => CampaignRules.Apply(stored, action, clock.Now).Changed,
            cancellation);

    private async Task ApproveAllBut(
        int newest, IReadOnlyList<OrganizationId> retailers, CancellationToken cancellation)
    {
        var store = product.GetRequiredService<RevenueShareStore>();
        foreach (var retailer in retailers)
        {
            var records = await store.List(retailer, new Page(1, 100), cancellation);
            foreach (var record in records.Data.Skip(newest)
                .Where(record => record.Status == RevenueShareStatusEnum.Calculated))
            {
                await store.Change(
                    retailer, record.Id, ShareAction.Approve, record.Revision, Actor, "", cancellation);
            }
        }
    }

    private async Task<List<DemoCampaign>> DescribeCampaigns(CancellationToken cancellation)
    {
        var stored = await _campaignStore.List(_advertiser, new Page(1, 100), cancellation);
        return
        [
            .. stored.Data.Select(campaign => new DemoCampaign(
                campaign.CampaignId, campaign.Name, CampaignWords.Of(campaign.Status), campaign.Offers)),
        ];
    }

    private async Task<string> NewKey(
        OrganizationId organization, KeyKind kind, Role role, CancellationToken cancellation) =>
        (await product.GetRequiredService<ApiKeyStore>().Create(
            new NewApiKey(organization, kind, role, "demo"), cancellation)).Key;

    private Money Scaled(string amount) => new(Parse<Money>(amount).Micros * scale);

    private static T Parse<T>(string text)
        where T : struct, IWireText<T> =>
        T.TryParse(text, out var value) ? value : throw new InvalidOperationException($"The demo's plan has '{text}'.");
}
