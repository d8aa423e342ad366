using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Payouts;

/// <summary>Who moves the money.</summary>
public enum PayoutProviderEnum
{
    /// <summary>Stripe, to a connected account.</summary>
    Stripe = 1,

    /// <summary>The operator's own bank.</summary>
    Manual = 2,
}

/// <summary>Where a retailer's money is to go.</summary>
public sealed record NewPayoutAccount
{
    /// <summary>Who moves it.</summary>
    public required PayoutProviderEnum Provider { get; init; }

    /// <summary>Stripe: the connected account, acct_... Manual: what the bank has to know, in one line.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Destination { get; init; }
}

/// <summary>Where a retailer's money goes, and what keeps it from going.</summary>
public sealed record PayoutAccountOut
{
    /// <summary>The retailer.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>"stripe" or "manual"; null: nobody has said, so nothing is paid.</summary>
    public string? Provider { get; init; }

    /// <summary>Where the money goes; empty: nobody has said.</summary>
    public required string Destination { get; init; }

    /// <summary>Why nothing is paid at present; null: nothing keeps it.</summary>
    public string? HoldReason { get; init; }

    /// <summary>When this was changed last; null: never.</summary>
    public Instant? ChangedAt { get; init; }

    /// <summary>Who changed it last; null: nobody.</summary>
    public string? ChangedBy { get; init; }

    public static PayoutAccountOut From(OrganizationId retailer, PayoutAccount account) => new()
    {
        OrganizationId = retailer,
        Provider = account.Provider,
        Destination = account.Destination,
        HoldReason = account.HoldReason,
        ChangedAt = account == PayoutAccount.None ? null : account.ChangedAt,
        ChangedBy = account == PayoutAccount.None ? null : account.ChangedBy,
    };
}

/// <summary>Where retailers' money goes, over HTTP.</summary>
public static class PayoutAccountEndpoints
{
    public static IEndpointRouteBuilder MapPayoutAccounts(this IEndpointRouteBuilder routes)
    {
        var account = routes.MapGroup("/organizations/{organization_id}/payout-account").WithTags("Payouts").Strict();

        account.MapRead("", Read)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithName("apps_advertising_api_payouts_read_account")
            .WithSummary("Read where a retailer's money goes")
            .WithDescription("The destination of its payouts, and whether they are on hold.");
        account.MapPut("", Set)
            .RequirePermission(Permission.Operate)
            .Accepts<NewPayoutAccount>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_set_account")
            .WithSummary("Say where a retailer's money goes")
            .WithDescription(
                "The provider is asked whether it can receive money. A payout that was made before goes where it was "
                + "to go.");
        account.MapPost("/hold", Hold)
            .RequirePermission(Permission.Operate)
            .Accepts<StatedReason>("application/json")
            .WithName("apps_advertising_api_payouts_hold")
            .WithSummary("Put a retailer's payouts on hold")
            .WithDescription("Nothing more is sent; what was sent is still looked up.");
        account.MapPost("/release", Release)
            .RequirePermission(Permission.Operate)
            .WithName("apps_advertising_api_payouts_release")
            .WithSummary("Let a retailer's payouts go on")
            .WithDescription("Lifts the hold.");
        return routes;
    }

    private static async Task<Ok<PayoutAccountOut>> Read(
        HttpContext context, PayoutAccountStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await Answer(context, store, cancellation));

    private static async Task<Results<Ok<PayoutAccountOut>, Problem>> Set(
        HttpContext context,
        PayoutDestinations destinations,
        PayoutAccountStore store,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<NewPayoutAccount>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var check = await destinations.Set(Retailer(context), body.Value, context.Caller().Actor, cancellation);
        return PayoutRefusals.Of(check) is { } refused
            ? refused
            : TypedResults.Ok(await Answer(context, store, cancellation));
    }

    private static async Task<Results<Ok<PayoutAccountOut>, Problem>> Hold(
        HttpContext context, PayoutAccountStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<StatedReason>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        await store.SetHold(
            Retailer(context),
            body.Value.Reason,
            context.Caller().Actor,
            Instant.Of(clock.GetUtcNow()),
            cancellation);
        return TypedResults.Ok(await Answer(context, store, cancellation));
    }

    private static async Task<Ok<PayoutAccountOut>> Release(
        HttpContext context, PayoutAccountStore store, TimeProvider clock, CancellationToken cancellation)
    {
        await store.SetHold(
            Retailer(context), null, context.Caller().Actor, Instant.Of(clock.GetUtcNow()), cancellation);
        return TypedResults.Ok(await Answer(context, store, cancellation));
    }

    private static async Task<PayoutAccountOut> Answer(
        HttpContext context, PayoutAccountStore store, CancellationToken cancellation) =>
        PayoutAccountOut.From(Retailer(context), await store.Find(Retailer(context), cancellation));

    private static OrganizationId Retailer(HttpContext context) => context.Id<OrganizationId>("organization_id");
}
