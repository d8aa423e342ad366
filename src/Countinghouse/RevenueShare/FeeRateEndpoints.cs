using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.RevenueShare;

/// <summary>A rate to apply from a future month on.</summary>
public sealed record NewFeeRate
{
    /// <summary>First month it applies to; a month that has not begun.</summary>
    public required Period EffectiveMonth { get; init; }

    /// <summary>The platform's part of the gross, as a fraction from 0 to 1 with at most six places.</summary>
    public required FeeRate FeeRate { get; init; }
}

/// <summary>Fee rates over HTTP.</summary>
public static class FeeRateEndpoints
{
    public static IEndpointRouteBuilder MapFeeRates(this IEndpointRouteBuilder routes)
    {
        var rates = routes.MapGroup("").WithTags("Revenue Share").Strict();

        rates.MapRead("/fee-rates", ListDefaults)
            .RequirePermission(Permission.Operate)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_fee_rates_list_default_rates")
            .WithSummary("List the platform's default fee rates")
            .WithDescription("What applies to retailers without a rate of their own; the latest month first.");
        rates.MapPost("/fee-rates", SetDefault)
            .RequirePermission(Permission.Operate)
            .Accepts<NewFeeRate>("application/json")
            .WithName("apps_advertising_api_fee_rates_set_default_rate")
            .WithSummary("Set the platform's default fee rate")
            .WithDescription("From the first of a future month on. A rate already planned for that month is replaced.");
        rates.MapRead("/organizations/{organization_id}/fee-rates", List)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_fee_rates_list_rates")
            .WithSummary("List a retailer's fee rates")
            .WithDescription("The retailer's own rates, the latest month first; without any, the default applies.");
        rates.MapPost("/organizations/{organization_id}/fee-rates", SetOwn)
            .RequirePermission(Permission.Operate)
            .Accepts<NewFeeRate>("application/json")
            .WithName("apps_advertising_api_fee_rates_set_rate")
            .WithSummary("Set a retailer's fee rate")
            .WithDescription("From the first of a future month on. A rate already planned for that month is replaced.");
        return routes;
    }

    private static async Task<Ok<Paged<FeeRateOut>>> ListDefaults(
        HttpContext context, FeeRateStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(FeeRateStore.Platform, Page.Read(context), cancellation));

    private static Task<Results<Ok<FeeRateOut>, Problem>> SetDefault(
        HttpContext context, FeeRateStore store, TimeProvider clock, CancellationToken cancellation) =>
        Set(context, FeeRateStore.Platform, store, clock, cancellation);

    private static async Task<Ok<Paged<FeeRateOut>>> List(
        HttpContext context, FeeRateStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.List(context.Id<OrganizationId>("organization_id"), Page.Read(context), cancellation));

    private static Task<Results<Ok<FeeRateOut>, Problem>> SetOwn(
        HttpContext context, FeeRateStore store, TimeProvider clock, CancellationToken cancellation) =>
        Set(context, context.Id<OrganizationId>("organization_id"), store, clock, cancellation);

    private static async Task<Results<Ok<FeeRateOut>, Problem>> Set(
        HttpContext context,
        OrganizationId organization,
        FeeRateStore store,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewFeeRate>(cancellation);
        var now = clock.GetUtcNow();
        if (body.Problem is null && !RevenueShareRules.MayTakeEffect(body.Value.EffectiveMonth, now))
        {
            body.Refuse("effective_month", $"must be after {UtcDay.Of(now).Period}: rates never change the past");
        }

        return body.Problem is { } problem
            ? problem
            : TypedResults.Ok(await store.Set(
                organization, body.Value.EffectiveMonth, body.Value.FeeRate, context.Caller().Actor, cancellation));
    }
}
