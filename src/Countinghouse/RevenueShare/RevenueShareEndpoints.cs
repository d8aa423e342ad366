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

/// <summary>An objection to a record, or how it was settled.</summary>
public sealed record Objection
{
    /// <summary>The record's revision as you read it; if it has changed since, nothing is done.</summary>
    [Range(1, int.MaxValue)]
    public required int Revision { get; init; }

    /// <summary>Why, for the record's history.</summary>
    [StringLength(1_000, MinimumLength = 1)]
    public required string Reason { get; init; }
}

/// <summary>What of a record can be edited.</summary>
public sealed record SharePatch
{
    /// <summary>Notes; merged into those there are, an empty value deletes its key, {} or null clears all.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>The retailers' records over HTTP. Reading them is part of the compatible core; the rest is ours.</summary>
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
        shares.MapPost("/{share_id}/dispute", Dispute)
            .RequirePermission(Permission.DisputeRevenueShare)
            .Strict()
            .Accepts<Objection>("application/json")
            .WithName("apps_advertising_api_revenue_share_dispute_revenue_share")
            .WithSummary("Dispute a revenue share")
            .WithDescription("The retailer or the operator objects; the record is not paid until that is settled.");
        shares.MapPost("/{share_id}/resolve", Resolve)
            .RequirePermission(Permission.Operate)
            .Strict()
            .Accepts<Objection>("application/json")
            .WithName("apps_advertising_api_revenue_share_resolve_revenue_share")
            .WithSummary("Settle a dispute")
            .WithDescription(
                "The record waits for approval again, as a new revision. Its amounts stay; what is to be corrected is "
                + "an adjustment.");
        shares.MapPatch("/{share_id}", Edit)
            .RequirePermission(Permission.Operate)
            .Strict()
            .Accepts<SharePatch>("application/json")
            .WithName("apps_advertising_api_revenue_share_change_revenue_share")
            .WithSummary("Edit the notes of a revenue share")
            .WithDescription("Metadata is all that can be edited.");
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
        return body.Problem is { } problem
            ? problem
            : await Change(context, store, ShareAction.Approve, body.Value.Revision, "", cancellation);
    }

    private static Task<Results<Ok<RevenueShareOut>, Problem>> Dispute(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation) =>
        Object(context, store, ShareAction.Dispute, cancellation);

    private static Task<Results<Ok<RevenueShareOut>, Problem>> Resolve(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation) =>
        Object(context, store, ShareAction.Resolve, cancellation);

    private static async Task<Results<Ok<RevenueShareOut>, Problem>> Edit(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<SharePatch>(cancellation);
        if (body.Problem is null)
        {
            body.Refuse(MetadataMap.Check(body.Value.Metadata));
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var changed = await store.ChangeMetadata(
            Retailer(context),
            context.Id<ShareId>("share_id"),
            stored =>
            {
                var wanted = MetadataMap.Patch(body, stored, body.Value.Metadata);
                return body.Problem is null ? wanted : null;
            },
            cancellation);
        return changed is not null ? TypedResults.Ok(changed) : body.Problem ?? Problems.NotFound();
    }

    private static async Task<Results<Ok<RevenueShareOut>, Problem>> Object(
        HttpContext context, RevenueShareStore store, ShareAction action, CancellationToken cancellation)
    {
        var body = await context.ReadJson<Objection>(cancellation);
        return body.Problem is { } problem
            ? problem
            : await Change(context, store, action, body.Value.Revision, body.Value.Reason, cancellation);
    }

    private static async Task<Results<Ok<RevenueShareOut>, Problem>> Change(
        HttpContext context,
        RevenueShareStore store,
        ShareAction action,
        int revision,
        string reason,
        CancellationToken cancellation)
    {
        var change = await store.Change(
            Retailer(context),
            context.Id<ShareId>("share_id"),
            action,
            revision,
            context.Caller().Actor,
            reason,
            cancellation);
        return Refusal(action, change) is { } refused ? refused : TypedResults.Ok(change.Record!);
    }

    /// <summary>Why a record was not changed; null when it was.</summary>
    internal static Problem? Refusal(ShareAction action, ShareChange change) => change.Outcome switch
    {
        ChangeOutcome.Changed => null,
        ChangeOutcome.NoSuchRecord => Problems.NotFound(),
        ChangeOutcome.NotInState => Problems.ShareNotIn(
            RevenueShareStore.Stored(change.Record!.Status), Sources(action)),
        ChangeOutcome.RevisionMoved => Problems.ShareRevisionMoved(change.Record!.Revision),
        ChangeOutcome.BeingPaid => Problems.ShareBeingPaid(),
    };

    private static OrganizationId Retailer(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static string Sources(ShareAction action) =>
        string.Join(" or ", RevenueShareRules.Change(action).From.Select(RevenueShareStore.Stored));
}
