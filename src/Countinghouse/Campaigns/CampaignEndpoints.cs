using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Campaigns;

/// <summary>Campaigns over HTTP.</summary>
public static class CampaignEndpoints
{
    public static IEndpointRouteBuilder MapCampaigns(this IEndpointRouteBuilder routes)
    {
        var owned = routes.MapGroup("/organizations/{organization_id}/campaigns").WithTags("Campaigns").Strict();
        owned.MapRead("/", List)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_campaigns_list_campaigns")
            .WithSummary("List campaigns")
            .WithDescription("The advertiser's campaigns with their terms, newest first.");
        owned.MapPost("/", Create)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<NewCampaign>("application/json")
            .WithName("apps_advertising_api_campaigns_create_campaign")
            .WithSummary("Create a campaign")
            .WithDescription("A draft; activate it when it is ready.");

        var campaign = routes.MapGroup("/campaigns/{campaign_id}").WithTags("Campaigns").Strict();
        campaign.MapRead("/", Get)
            .RequirePermission(Permission.ReadReports)
            .WithName("apps_advertising_api_campaigns_get_campaign")
            .WithSummary("Read a campaign")
            .WithDescription("Its terms, status, offers and what is left of its budget.");
        campaign.MapRead("/history", History)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_campaigns_list_history")
            .WithSummary("List a campaign's changes")
            .WithDescription(
                "Who changed what, the latest first. That events used up the budget is no entry: nobody decided it.");
        campaign.MapPatch("/", Change)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<CampaignPatch>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_campaigns_change_campaign")
            .WithSummary("Change a campaign")
            .WithDescription("Members that are left out stay. A new bid holds for events from now on.");
        campaign.MapPut("/offers", ReplaceOffers)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<CampaignOffers>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_campaigns_replace_offers")
            .WithSummary("Replace a campaign's offers")
            .WithDescription("All at once: offers left out are no longer promoted.");
        campaign.MapPost("/budget", AddBudget)
            .RequirePermission(Permission.WriteCampaigns)
            .Accepts<TopUp>("application/json")
            .WithName("apps_advertising_api_campaigns_top_up_budget")
            .WithSummary("Top up a campaign's budget")
            .WithDescription("Adds to the budget. A completed campaign stays completed until it is activated.");
        MapActions(campaign);
        return routes;
    }

    private static void MapActions(RouteGroupBuilder campaign)
    {
        foreach (var (action, what) in new[]
        {
            (CampaignAction.Activate, "Starts charging events within the campaign's dates; needs budget left."),
            (CampaignAction.Pause, "Stops charging; events go on being recorded, free."),
            (CampaignAction.Complete, "Ends the campaign by hand; events go on being recorded, free."),
            (CampaignAction.Archive, "Puts the campaign away: no more events and no more changes."),
        })
        {
            var verb = Verb(action);
            campaign.MapPost(
                    $"/{verb}",
                    (HttpContext context, CampaignStore store, TimeProvider clock, CancellationToken cancellation) =>
                        Act(action, context, store, clock, cancellation))
                .RequirePermission(Permission.WriteCampaigns)
                .WithName($"apps_advertising_api_campaigns_{verb}_campaign")
                .WithSummary($"{action} a campaign")
                .WithDescription(what);
        }
    }

    private static async Task<Ok<Paged<Campaign>>> List(
        HttpContext context, CampaignStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.List(context.Id<OrganizationId>("organization_id"), Page.Read(context), cancellation));

    private static async Task<Results<Created<Campaign>, Problem>> Create(
        HttpContext context, CampaignStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var body = await context.ReadJson<NewCampaign>(cancellation);
        if (body.Problem is { } unreadable)
        {
            return unreadable;
        }

        var wanted = body.Value;
        var start = wanted.StartDate ?? UtcDay.Of(now);
        var metadata = MetadataMap.New(body, wanted.Metadata);
        body.Refuse(CampaignRules.Check(
            wanted.Pricing, wanted.Bid, wanted.Budget, wanted.DailyBudget, start, wanted.EndDate));
        body.Refuse(Repeated(wanted.Offers));
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var created = new Campaign
        {
            CampaignId = new CampaignId(Guid.CreateVersion7(now)),
            OrganizationId = context.Id<OrganizationId>("organization_id"),
            Name = wanted.Name,
            Status = CampaignStatusEnum.Draft,
            CompletedReason = null,
            CompletedAt = null,
            Pricing = wanted.Pricing,
            Bid = wanted.Bid,
            Budget = wanted.Budget,
            DailyBudget = wanted.DailyBudget,
            Spend = Money.Zero,
            RemainingBudget = wanted.Budget,
            StartDate = start,
            EndDate = wanted.EndDate,
            Offers = [.. wanted.Offers.OrderBy(offer => offer.Value)],
            Metadata = metadata,
            CreatedAt = Instant.Of(now),
        };
        var unknown = await store.Add(created, cancellation);
        return unknown.Count > 0
            ? UnknownOffers(wanted.Offers, unknown)
            : TypedResults.Created($"{HttpOptions.BasePath}/campaigns/{created.CampaignId}", created);
    }

    private static async Task<Results<Ok<Campaign>, Problem>> Get(
        HttpContext context, CampaignStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        var found = await store.Find(owner!.Value, campaign, cancellation);
        return found is null ? Problems.NotFound() : TypedResults.Ok(found);
    }

    private static async Task<Ok<Paged<CampaignHistoryEntry>>> History(
        HttpContext context, CampaignHistory history, OwnerStore owners, CancellationToken cancellation)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        return TypedResults.Ok(await history.List(owner!.Value, campaign, Page.Read(context), cancellation));
    }

    private static async Task<Results<Ok<Campaign>, Problem>> Change(
        HttpContext context,
        CampaignStore store,
        OwnerStore owners,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var body = await context.ReadJson<CampaignPatch>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(MetadataMap.Check(body.Value.Metadata));
        }

        return body.Problem is { } problem
            ? problem
            : await Update(
                context,
                store,
                owners,
                "change",
                (Campaign stored, out Problem? refusal) => Patched(stored, body, out refusal) is { } patched
                    ? CampaignRules.CompleteIfExhausted(patched, now)
                    : null,
                cancellation);
    }

    private static Campaign? Patched(Campaign stored, JsonBody<CampaignPatch> body, out Problem? refusal)
    {
        var patch = body.Value;
        var changed = stored with
        {
            Name = body.Has("name") ? patch.Name : stored.Name,
            Bid = body.Has("bid") ? patch.Bid : stored.Bid,
            DailyBudget = body.Has("daily_budget") ? patch.DailyBudget : stored.DailyBudget,
            StartDate = body.Has("start_date") ? patch.StartDate : stored.StartDate,
            EndDate = body.Has("end_date") ? patch.EndDate : stored.EndDate,
            Metadata = MetadataMap.Patch(body, stored.Metadata, patch.Metadata),
        };
        body.Refuse(CampaignRules.Check(
            changed.Pricing, changed.Bid, changed.Budget, changed.DailyBudget, changed.StartDate, changed.EndDate));
        refusal = stored.Status == CampaignStatusEnum.Archived ? Problems.CampaignArchived() : body.Problem;
        return refusal is null ? changed : null;
    }

    private static async Task<Results<Ok<Campaign>, Problem>> ReplaceOffers(
        HttpContext context, CampaignStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<CampaignOffers>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(Repeated(body.Value.Offers));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        return await Update(
            context,
            store,
            owners,
            "replace_offers",
            (Campaign stored, out Problem? refusal) =>
            {
                refusal = stored.Status == CampaignStatusEnum.Archived ? Problems.CampaignArchived() : null;
                return stored with { Offers = [.. body.Value.Offers.OrderBy(offer => offer.Value)] };
            },
            cancellation,
            body.Value.Offers);
    }

    private static async Task<Results<Ok<Campaign>, Problem>> AddBudget(
        HttpContext context, CampaignStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<TopUp>(cancellation);
        if (body.Problem is null && body.Value.Amount <= Money.Zero)
        {
            body.Refuse("amount", "must be more than 0");
        }

        return body.Problem is { } problem
            ? problem
            : await Update(
                context,
                store,
                owners,
                "top_up",
                (Campaign stored, out Problem? refusal) =>
                {
                    refusal = stored.Status == CampaignStatusEnum.Archived
                        ? Problems.CampaignArchived()
                        : (stored.Budget + body.Value.Amount).Micros > Money.EnteredMicrosMax
                            ? Problems.Invalid("amount", "would make the budget larger than 1000000000.00")
                            : null;
                    return stored with
                    {
                        Budget = stored.Budget + body.Value.Amount,
                        RemainingBudget = stored.RemainingBudget + body.Value.Amount,
                    };
                },
                cancellation);
    }

    private static Task<Results<Ok<Campaign>, Problem>> Act(
        CampaignAction action,
        HttpContext context,
        CampaignStore store,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        return Update(
            context,
            store,
            context.RequestServices.GetRequiredService<OwnerStore>(),
            Verb(action),
            (Campaign stored, out Problem? refusal) =>
            {
                var (changed, outcome) = CampaignRules.Apply(stored, action, now);
                refusal = outcome switch
                {
                    ActionOutcome.Allowed => null,
                    ActionOutcome.WrongStatus => Problems.CampaignNotIn(
                        CampaignWords.Of(stored.Status),
                        string.Join(", ", CampaignRules.AllowedFrom(action).Select(CampaignWords.Of))),
                    ActionOutcome.EndDatePassed => Problems.CampaignIsOver(),
                    ActionOutcome.NoBudget => Problems.CampaignHasNoBudget(),
                };
                return changed;
            },
            cancellation);
    }

    private static string Verb(CampaignAction action) => action.ToString().ToLowerInvariant();

    private delegate Campaign? ChangeOf(Campaign stored, out Problem? refusal);

    private static async Task<Results<Ok<Campaign>, Problem>> Update(
        HttpContext context,
        CampaignStore store,
        OwnerStore owners,
        string verb,
        ChangeOf change,
        CancellationToken cancellation,
        IReadOnlyList<OfferId>? sentOffers = null)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        Problem? refusal = null;
        var (changed, unknown) = await store.Update(
            owner!.Value,
            campaign,
            verb,
            stored =>
            {
                var wanted = change(stored, out refusal);
                return refusal is null ? wanted : null;
            },
            cancellation);
        if (unknown.Count > 0)
        {
            return UnknownOffers(sentOffers!, unknown);
        }

        return changed is not null ? TypedResults.Ok(changed) : refusal ?? Problems.NotFound();
    }

    private static IEnumerable<FieldError> Repeated(IReadOnlyList<OfferId> offers) => offers
        .Select((offer, position) => (offer, position))
        .GroupBy(pair => pair.offer)
        .SelectMany(group => group.Skip(1))
        .Select(pair => new FieldError($"offers[{pair.position}]", "is in the list already", "duplicate"));

    private static Problem UnknownOffers(IReadOnlyList<OfferId> sent, IReadOnlyList<OfferId> unknown) =>
        Problems.Invalid(
        [
            .. Enumerable.Range(0, sent.Count)
                .Where(position => unknown.Contains(sent[position]))
                .Select(position => new FieldError($"offers[{position}]", "is not an offer", "unknown_offer")),
        ]);
}
