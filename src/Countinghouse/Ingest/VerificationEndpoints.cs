using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.Ingest;

/// <summary>A verification that has begun.</summary>
/// <param name="VerificationId">Ask for it until it has ended.</param>
public sealed record VerificationStarted(VerificationId VerificationId);

/// <summary>Verifying over HTTP; the operator's business.</summary>
public static class VerificationEndpoints
{
    public static IEndpointRouteBuilder MapVerifications(this IEndpointRouteBuilder routes)
    {
        var verifications = routes.MapGroup("/verifications")
            .RequirePermission(Permission.Operate)
            .WithTags("Operations")
            .Strict();

        verifications.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_verifications_list_verifications")
            .WithSummary("List verifications")
            .WithDescription("Each time that every figure was recomputed from the events, the latest first.");
        verifications.MapPost("", Start)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithName("apps_advertising_api_verifications_start_verification")
            .WithSummary("Verify all figures")
            .WithDescription(
                "Begins to recompute every rollup, total, budget and batch from the events and answers at once. A "
                + "difference keeps months from being closed until a later verification is clean.");
        verifications.MapRead("/{verification_id}", Read)
            .WithName("apps_advertising_api_verifications_read_verification")
            .WithSummary("Read a verification")
            .WithDescription("Whether it is still running, and which figures are not what the events come to.");
        return routes;
    }

    private static async Task<Ok<Paged<Verification>>> List(
        HttpContext context, VerificationStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Page.Read(context), cancellation));

    private static async Task<Results<Accepted<VerificationStarted>, Problem>> Start(
        HttpContext context, Verifications verifications, TimeProvider clock, CancellationToken cancellation)
    {
        var id = new VerificationId(Guid.CreateVersion7(clock.GetUtcNow()));
        return await verifications.TryStart(id, context.Caller().Actor, cancellation)
            ? TypedResults.Accepted($"{HttpOptions.BasePath}/verifications/{id}", new VerificationStarted(id))
            : Problems.VerificationUnderWay();
    }

    private static async Task<Results<Ok<Verification>, Problem>> Read(
        HttpContext context, VerificationStore store, CancellationToken cancellation) =>
        await store.Find(context.Id<VerificationId>("verification_id"), cancellation) is { } found
            ? TypedResults.Ok(found)
            : Problems.NotFound();
}
