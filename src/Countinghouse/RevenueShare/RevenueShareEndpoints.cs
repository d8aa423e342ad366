using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.RevenueShare;

/// <summary>An approval.</summary>
public sealed record Approval
{
    /// <summary>The record's revision as you read it; if it has changed since, nothing is approved.</summary>
    [Range(1, int.MaxValue)]
    public required int Revision { get; init; }
}

/// <summary>The retailers' records over HTTP. Reading them is part of the compatible core; approving is ours.</summary>
public static class RevenueShareEndpoints
{
    public static IEndpointRouteBuilder MapShares(this IEndpointRouteBuilder routes)
    {
        var shares = routes.MapGroup("/revenue-share/{organization_id}").WithTags("Revenue Share");

        shares.MapRead("", List)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_revenue_share_list_revenue_shares")
            .WithSummary("List a retailer's revenue shares")
            .WithDescription("One record for each closed month in which the retailer earned a cent, the latest first.");
        shares.MapRead("/summary", Summary)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithName("apps_advertising_api_revenue_share_revenue_share_summary")
            .WithSummary("Sum up a retailer's revenue shares")
            .WithDescription("What the retailer earned over all closed months, what was paid, and what is owed.");
        shares.MapRead("/{share_id}", Detail)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithName("apps_advertising_api_revenue_share_revenue_share_detail")
            .WithSummary("Get one revenue share")
            .WithDescription("A retailer's record of one month.");
        shares.MapPost("/{share_id}/approve", Approve)
            .RequirePermission(Permission.Operate)
            .Strict()
            .Accepts<Approval>("application/json")
            .WithName("apps_advertising_api_revenue_share_approve_revenue_share")
            .WithSummary("Approve a revenue share")
            .WithDescription("The operator agrees to the record as it was at the named revision; then it may be paid.");
        return routes;
    }

    private static async Task<Ok<Paged<RevenueShareOut>>> List(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.List(Retailer(context), Page.Read(context), cancellation));

    private static async Task<Ok<RevenueShareSummaryOut>> Summary(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation) =>
        TypedResults.Ok(await store.Summary(Retailer(context), cancellation));

    private static async Task<Results<Ok<RevenueShareOut>, Problem>> Detail(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation) =>
        await store.Find(Retailer(context), context.Id<ShareId>("share_id"), cancellation) is { } record
            ? TypedResults.Ok(record)
            : Problems.NotFound();

    private static async Task<Results<Ok<RevenueShareOut>, Problem>> Approve(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<Approval>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        var change = await store.Approve(
            Retailer(context),
            context.Id<ShareId>("share_id"),
            body.Value.Revision,
            context.Caller().Actor,
            cancellation);
        return change.Outcome switch
        {
            ChangeOutcome.Changed => TypedResults.Ok(change.Record!),
            ChangeOutcome.NoSuchRecord => Problems.NotFound(),
            ChangeOutcome.NotInState => Problems.ShareNotIn(
                RevenueShareStore.Stored(change.Record!.Status), Sources(RevenueShareStatusEnum.Approved)),
            ChangeOutcome.RevisionMoved => Problems.ShareRevisionMoved(change.Record!.Revision),
        };
    }

    private static OrganizationId Retailer(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static string Sources(RevenueShareStatusEnum status) =>
        string.Join(" or ", RevenueShareRules.Before(status).Select(RevenueShareStore.Stored));
}
