using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Adjustments;

/// <summary>Correcting charges over HTTP; the operator's business, for the advertiser to read.</summary>
public static class AdjustmentEndpoints
{
    public static IEndpointRouteBuilder MapAdjustments(this IEndpointRouteBuilder routes)
    {
        var adjustments = routes.MapGroup("/campaigns/{campaign_id}/adjustments").WithTags("Adjustments").Strict();

        adjustments.MapRead("", List)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_adjustments_list_adjustments")
            .WithSummary("List a campaign's adjustments")
            .WithDescription("Corrections of what the campaign was charged, the latest first.");
        adjustments.MapPost("/events", CreditEvent)
            .RequirePermission(Permission.Operate)
            .Accepts<EventCredit>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_adjustments_credit_event")
            .WithSummary("Give back an event's charge")
            .WithDescription("All of it, once. " + Effect);
        adjustments.MapPost("/days", CreditDays)
            .RequirePermission(Permission.Operate)
            .Accepts<DaysCredit>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_adjustments_credit_days")
            .WithSummary("Give back a part of some days' charges")
            .WithDescription("Of each day and offer, a part of what was charged and not given back yet. " + Effect);
        adjustments.MapPost("/amounts", Correct)
            .RequirePermission(Permission.Operate)
            .Accepts<AmountCorrection>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_adjustments_correct_amount")
            .WithSummary("Give back an amount, or take it back")
            .WithDescription(
                "Never more than was charged at the location in that month, and never more taken back than was given. "
                + Effect);
        return routes;
    }

    private const string Effect =
        "The advertiser's spend falls and its budget has as much more; the retailer's share of the month falls by its "
        + "part, or, once that month is closed, the share of the next open one. A completed campaign stays completed.";

    private static async Task<Ok<Paged<AdjustmentOut>>> List(
        HttpContext context, AdjustmentStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var campaign = Campaign(context);
        var owner = await owners.OfCampaign(campaign, cancellation);
        return TypedResults.Ok(await store.List(owner!.Value, campaign, Page.Read(context), cancellation));
    }

    private static async Task<Results<Ok<AdjustedOut>, Problem>> CreditEvent(
        HttpContext context, AdjustmentStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<EventCredit>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var owner = await owners.OfCampaign(Campaign(context), cancellation);
        var done = await store.CreditEvent(
            owner!.Value, Campaign(context), body.Value, context.Caller().Actor, cancellation);
        return Answer(done, AdjustmentKind.Event, dryRun: false);
    }

    private static async Task<Results<Ok<AdjustedOut>, Problem>> CreditDays(
        HttpContext context, AdjustmentStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<DaysCredit>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(AdjustmentRefusals.Check(body.Value));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var owner = await owners.OfCampaign(Campaign(context), cancellation);
        var done = await store.CreditDays(
            owner!.Value, Campaign(context), body.Value, context.Caller().Actor, cancellation);
        return Answer(done, AdjustmentKind.Days, body.Value.DryRun);
    }

    private static async Task<Results<Ok<AdjustedOut>, Problem>> Correct(
        HttpContext context, AdjustmentStore store, OwnerStore owners, CancellationToken cancellation)
    {
        var body = await context.ReadJson<AmountCorrection>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(AdjustmentRefusals.Check(body.Value));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var owner = await owners.OfCampaign(Campaign(context), cancellation);
        var done = await store.Correct(
            owner!.Value, Campaign(context), body.Value, context.Caller().Actor, cancellation);
        return Answer(done, AdjustmentKind.Amount, dryRun: false);
    }

    private static Results<Ok<AdjustedOut>, Problem> Answer(Adjusted done, AdjustmentKind kind, bool dryRun) =>
        AdjustmentRefusals.Of(done.Outcome, kind) is { } refused
            ? refused
            : TypedResults.Ok(new AdjustedOut
            {
                Count = done.Count,
                Amount = WireDecimal.From(done.Amount),
                AmountMicros = done.Amount.Micros,
                DryRun = dryRun,
            });

    private static CampaignId Campaign(HttpContext context) => context.Id<CampaignId>("campaign_id");
}
