using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Payouts;

/// <summary>The bank has paid.</summary>
public sealed record ManualPayment
{
    /// <summary>The bank's reference of the payment; one payment pays one payout.</summary>
    [StringLength(100, MinimumLength = 1)]
    public required string Reference { get; init; }
}

/// <summary>A reason, for whoever reads it later.</summary>
public sealed record StatedReason
{
    /// <summary>Why.</summary>
    [StringLength(1_000, MinimumLength = 1)]
    public required string Reason { get; init; }
}

/// <summary>The bank gave money back.</summary>
public sealed record ManualReturn
{
    /// <summary>What has come back in all, in USD; everything, and its records are disputed.</summary>
    public required Money Amount { get; init; }
}

/// <summary>Whether payouts go on.</summary>
public sealed record PayoutStateOut
{
    /// <summary>True: nothing is sent until somebody lets it go on.</summary>
    public required bool IsStopped { get; init; }

    /// <summary>Why it was stopped; empty when it was not.</summary>
    public required string Reason { get; init; }

    /// <summary>When it was stopped; null when it was not.</summary>
    public Instant? StoppedAt { get; init; }

    /// <summary>Who stopped it; null when nobody did.</summary>
    public string? StoppedBy { get; init; }

    public static PayoutStateOut From(Halt? halt) => new()
    {
        IsStopped = halt is not null,
        Reason = halt?.Reason ?? "",
        StoppedAt = halt?.At,
        StoppedBy = halt?.Actor,
    };
}

/// <summary>Payouts over HTTP: everything to see, and what a person has to say.</summary>
public static class PayoutEndpoints
{
    private static readonly ChoiceQuery<PayoutState> State = new("state", "Only payouts in this state.");

    private static readonly WireQuery<OrganizationId> Retailer = new("organization_id", "Only this retailer's.");

    private static readonly WireQuery<PayoutRunId> Run = new("run_id", "Only those that this run made.");

    public static IEndpointRouteBuilder MapPayoutList(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("").RequirePermission(Permission.Operate).WithTags("Payouts").Strict();

        all.MapRead("/payouts", ListAll)
            .WithQuery(Retailer, State, Run, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_all_payouts")
            .WithSummary("List all payouts")
            .WithDescription("Every retailer's, the latest first.");
        all.MapRead("/payout-state", ReadState)
            .WithName("apps_advertising_api_payouts_read_state")
            .WithSummary("Read whether payouts go on")
            .WithDescription("They are stopped by somebody, or because a payout's money moved twice.");
        all.MapPost("/payout-state/stop", Stop)
            .Accepts<StatedReason>("application/json")
            .WithName("apps_advertising_api_payouts_stop")
            .WithSummary("Stop all payouts")
            .WithDescription("Nothing more is sent; what is under way is only looked up.");
        all.MapPost("/payout-state/resume", Resume)
            .WithName("apps_advertising_api_payouts_resume")
            .WithSummary("Let payouts go on")
            .WithDescription("Settle first, with the provider, what they were stopped for.");

        var own = routes.MapGroup("/organizations/{organization_id}/payouts").WithTags("Payouts").Strict();

        own.MapRead("", List)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithQuery(State, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_payouts")
            .WithSummary("List a retailer's payouts")
            .WithDescription("The latest first.");
        own.MapRead("/{payout_id}", Read)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithName("apps_advertising_api_payouts_read_payout")
            .WithSummary("Read a payout")
            .WithDescription("Where it stands, the records that it settles, and what the provider was asked.");
        own.MapPost("/{payout_id}/cancel", Cancel)
            .RequirePermission(Permission.Operate)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_cancel_payout")
            .WithSummary("Cancel a payout")
            .WithDescription("Only while nothing was sent. Its records wait for another run.");
        own.MapPost("/{payout_id}/retry", Retry)
            .RequirePermission(Permission.Operate)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_retry_payout")
            .WithSummary("Try a payout again before its 24 hours are over")
            .WithDescription(
                "For a payout whose attempt is not in the provider's list. You say that you have looked in the "
                + "provider's own books and that nothing moved; the list is asked once more, then it is sent.");
        own.MapPost("/{payout_id}/paid", Paid)
            .RequirePermission(Permission.Operate)
            .Accepts<ManualPayment>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_mark_paid")
            .WithSummary("Mark a manual payout as paid")
            .WithDescription("The bank has paid it. Its records are PAID.");
        own.MapPost("/{payout_id}/failed", Failed)
            .RequirePermission(Permission.Operate)
            .Accepts<StatedReason>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_mark_failed")
            .WithSummary("Mark a manual payout as failed")
            .WithDescription("The bank has not paid it and will not. Its records wait for another run.");
        own.MapPost("/{payout_id}/returned", Returned)
            .RequirePermission(Permission.Operate)
            .Accepts<ManualReturn>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_mark_returned")
            .WithSummary("Mark a manual payout as returned")
            .WithDescription("Money that was paid by the bank has come back, some of it or all.");
        return routes;
    }

    private static async Task<Ok<Paged<PayoutOut>>> ListAll(
        HttpContext context, PayoutReader reader, CancellationToken cancellation) => TypedResults.Ok(
        await reader.List(
            new PayoutFilter(Retailer.Read(context), State.Read(context), Run.Read(context)),
            Page.Read(context),
            cancellation));

    private static async Task<Ok<PayoutStateOut>> ReadState(PayoutStore store, CancellationToken cancellation) =>
        TypedResults.Ok(PayoutStateOut.From(await store.FindHalt(cancellation)));

    private static async Task<Results<Ok<PayoutStateOut>, Problem>> Stop(
        HttpContext context, PayoutStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<StatedReason>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        await store.Stop(
            body.Value.Reason, context.Caller().Actor, Instant.Of(clock.GetUtcNow()), cancellation);
        return TypedResults.Ok(PayoutStateOut.From(await store.FindHalt(cancellation)));
    }

    private static async Task<Ok<PayoutStateOut>> Resume(PayoutStore store, CancellationToken cancellation)
    {
        await store.Resume(cancellation);
        return TypedResults.Ok(PayoutStateOut.From(await store.FindHalt(cancellation)));
    }

    private static async Task<Ok<Paged<PayoutOut>>> List(
        HttpContext context, PayoutReader reader, CancellationToken cancellation) => TypedResults.Ok(
        await reader.List(
            new PayoutFilter(Organization(context), State.Read(context)), Page.Read(context), cancellation));

    private static async Task<Results<Ok<PayoutDetailOut>, Problem>> Read(
        HttpContext context, PayoutReader reader, CancellationToken cancellation) =>
        await reader.Find(Organization(context), Payout(context), cancellation) is { } payout
            ? TypedResults.Ok(payout)
            : Problems.NotFound();

    private static Task<Results<Ok<PayoutDetailOut>, Problem>> Cancel(
        HttpContext context, PayoutDecisions decisions, PayoutReader reader, CancellationToken cancellation) =>
        Answer(
            decisions.Cancel(Organization(context), Payout(context), context.Caller().Actor, cancellation),
            context,
            reader,
            cancellation);

    private static Task<Results<Ok<PayoutDetailOut>, Problem>> Retry(
        HttpContext context, PayoutDecisions decisions, PayoutReader reader, CancellationToken cancellation) =>
        Answer(
            decisions.Retry(Organization(context), Payout(context), cancellation), context, reader, cancellation);

    private static async Task<Results<Ok<PayoutDetailOut>, Problem>> Paid(
        HttpContext context, PayoutDecisions decisions, PayoutReader reader, CancellationToken cancellation)
    {
        var body = await context.ReadJson<ManualPayment>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(PayoutRefusals.Check(body.Value));
        }

        return body.Problem is { } problem
            ? problem
            : await Answer(
                decisions.Paid(
                    Organization(context),
                    Payout(context),
                    body.Value.Reference,
                    context.Caller().Actor,
                    cancellation),
                context,
                reader,
                cancellation);
    }

    private static async Task<Results<Ok<PayoutDetailOut>, Problem>> Failed(
        HttpContext context, PayoutDecisions decisions, PayoutReader reader, CancellationToken cancellation)
    {
        var body = await context.ReadJson<StatedReason>(cancellation);
        return body.Problem is { } problem
            ? problem
            : await Answer(
                decisions.Failed(
                    Organization(context), Payout(context), body.Value.Reason, context.Caller().Actor, cancellation),
                context,
                reader,
                cancellation);
    }

    private static async Task<Results<Ok<PayoutDetailOut>, Problem>> Returned(
        HttpContext context, PayoutDecisions decisions, PayoutReader reader, CancellationToken cancellation)
    {
        var body = await context.ReadJson<ManualReturn>(cancellation);
        if (body.Problem is null && body.Value.Amount.Micros <= 0)
        {
            body.Refuse("amount", "must be more than zero");
        }

        return body.Problem is { } problem
            ? problem
            : await Answer(
                decisions.Returned(
                    Organization(context),
                    Payout(context),
                    new Cents(body.Value.Amount.Micros / Money.MicrosPerCent),
                    context.Caller().Actor,
                    cancellation),
                context,
                reader,
                cancellation);
    }

    private static async Task<Results<Ok<PayoutDetailOut>, Problem>> Answer(
        Task<Decided> decision, HttpContext context, PayoutReader reader, CancellationToken cancellation)
    {
        var decided = await decision;
        var payout = await reader.Find(Organization(context), Payout(context), cancellation);
        return PayoutRefusals.Of(decided, payout) is { } refused ? refused : TypedResults.Ok(payout!);
    }

    private static OrganizationId Organization(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static PayoutId Payout(HttpContext context) => context.Id<PayoutId>("payout_id");
}
