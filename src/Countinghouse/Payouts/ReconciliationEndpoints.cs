using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Countinghouse.Payouts;

/// <summary>Which differences to list.</summary>
public enum DifferenceFilter
{
    /// <summary>Those that nobody has settled.</summary>
    Open = 1,

    /// <summary>All.</summary>
    All = 2,
}

/// <summary>Reconciliation over HTTP; the operator's business.</summary>
public static class ReconciliationEndpoints
{
    private static readonly ChoiceQuery<DifferenceFilter> Which =
        new("which", "open: those that nobody has settled, the default; all: all.");

    public static IEndpointRouteBuilder MapReconciliations(this IEndpointRouteBuilder routes)
    {
        var reconciliations = routes.MapGroup("").RequirePermission(Permission.Operate).WithTags("Payouts").Strict();

        reconciliations.MapRead("/reconciliations", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_reconciliations")
            .WithSummary("List reconciliations")
            .WithDescription("Each time that payouts were held against the provider's books, the latest first.");
        reconciliations.MapPost("/reconciliations", Run)
            .WithMetadata(new DisableRequestTimeoutAttribute())
            .WithName("apps_advertising_api_payouts_reconcile")
            .WithSummary("Reconcile now")
            .WithDescription(
                "Holds payouts against the provider's books, both ways; by itself this happens once a day.");
        reconciliations.MapRead("/payout-differences", ListDifferences)
            .WithQuery(Which, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_payouts_list_differences")
            .WithSummary("List what providers and payouts disagree on")
            .WithDescription("Each is listed once and has put its retailer on hold; the latest first.");
        reconciliations.MapPost("/payout-differences/{difference_id}/settle", Settle)
            .Accepts<StatedReason>("application/json")
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_payouts_settle_difference")
            .WithSummary("Note how a difference was settled")
            .WithDescription("The retailer stays on hold until you lift that.");
        return routes;
    }

    private static async Task<Ok<Paged<ReconciliationOut>>> List(
        HttpContext context, ReconciliationStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Page.Read(context), cancellation));

    private static async Task<Ok<ReconciliationOut>> Run(
        HttpContext context,
        Reconciliation reconciliation,
        ReconciliationStore store,
        CancellationToken cancellation)
    {
        var id = await reconciliation.RunNow(context.Caller().Actor, cancellation);
        return TypedResults.Ok((await store.Find(id, cancellation))!);
    }

    private static async Task<Ok<Paged<DifferenceOut>>> ListDifferences(
        HttpContext context, ReconciliationStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.ListDifferences(
            Which.Read(context) != DifferenceFilter.All, Page.Read(context), cancellation));

    private static async Task<Results<Ok<DifferenceOut>, Problem>> Settle(
        HttpContext context, ReconciliationStore store, TimeProvider clock, CancellationToken cancellation)
    {
        var body = await context.ReadJson<StatedReason>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var (difference, isNew) = await store.Settle(
            context.Id<DifferenceId>("difference_id"),
            body.Value.Reason,
            context.Caller().Actor,
            Instant.Of(clock.GetUtcNow()),
            cancellation);
        return difference is null ? Problems.NotFound()
            : isNew ? TypedResults.Ok(difference)
            : Problems.DifferenceSettled();
    }
}
