using System.ComponentModel.DataAnnotations;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.RevenueShare;

/// <summary>Records to approve.</summary>
public sealed record ApprovalList
{
    /// <summary>Records that one request may name.</summary>
    public const int RecordsMax = 500;

    /// <summary>The records; those of one retailer are judged in this order.</summary>
    [Length(1, RecordsMax)]
    public required IReadOnlyList<RecordApproval> Approvals { get; init; }
}

/// <summary>The approval of one record.</summary>
public sealed record RecordApproval
{
    /// <summary>The retailer that earned it.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The record.</summary>
    public required ShareId ShareId { get; init; }

    /// <summary>The record's revision as you read it; if it has changed since, it is not approved.</summary>
    [Range(1, int.MaxValue)]
    public required int Revision { get; init; }
}

/// <summary>What became of the approval of one record.</summary>
public enum ApprovalOutcome
{
    /// <summary>The record is approved.</summary>
    Approved = 1,

    /// <summary>The retailer has no such record.</summary>
    NotFound = 2,

    /// <summary>The record is in a status from which it cannot be approved; it may be approved already.</summary>
    NotInState = 3,

    /// <summary>The record was changed since you read it.</summary>
    RevisionMoved = 4,

    /// <summary>The record is in a payout that is under way.</summary>
    BeingPaid = 5,
}

/// <summary>One record that was to be approved.</summary>
public sealed record ApprovalResultOut
{
    /// <summary>The retailer, as asked.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The record, as asked.</summary>
    public required ShareId ShareId { get; init; }

    /// <summary>What became of it.</summary>
    public required ApprovalOutcome Outcome { get; init; }

    /// <summary>Why it was not approved, for people; empty when it was.</summary>
    public required string Detail { get; init; }

    /// <summary>The record as it stands now; null when there is none.</summary>
    public RevenueShareOut? Record { get; init; }
}

/// <summary>What became of a list of approvals.</summary>
public sealed record ApprovalsOut
{
    /// <summary>How many records this request has approved.</summary>
    public required int Approved { get; init; }

    /// <summary>Each record, in the order asked.</summary>
    public required IReadOnlyList<ApprovalResultOut> Results { get; init; }
}

/// <summary>The records of all retailers over HTTP; the operator's business.</summary>
public static class ShareListEndpoints
{
    /// <summary>Retailers whose records are approved side by side.</summary>
    private const int RetailersAtOnceMax = 8;

    private static readonly ChoiceQuery<RevenueShareStatusEnum> Status =
        new("status", "Only records in this status.");

    private static readonly WireQuery<Period> Month = new("period", "Only this month's.");

    private static readonly TextQuery Name = new("q", "Only retailers with this in their name.", LengthMax: 200);

    public static IEndpointRouteBuilder MapShareList(this IEndpointRouteBuilder routes)
    {
        var shares = routes.MapGroup("/revenue-shares")
            .RequirePermission(Permission.Operate)
            .WithTags("Revenue Share")
            .Strict();

        shares.MapRead("", List)
            .WithQuery(Status, Month, Name, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_revenue_share_list_all_revenue_shares")
            .WithSummary("List all revenue shares")
            .WithDescription("Every retailer's records, the latest month first, in it the newest retailer.");
        shares.MapPost("/approvals", Approve)
            .Accepts<ApprovalList>("application/json")
            .WithName("apps_advertising_api_revenue_share_approve_revenue_shares")
            .WithSummary("Approve revenue shares")
            .WithDescription(
                "Approves many records, each as if it were the only one: what one is refused for keeps no other from "
                + "being approved. The answer is 200 whatever became of them, and says so for each.");
        return routes;
    }

    private static async Task<Ok<Paged<RevenueShareListItem>>> List(
        HttpContext context, ShareListStore store, CancellationToken cancellation) => TypedResults.Ok(
        await store.List(
            Status.Read(context), Month.Read(context), Name.Read(context), Page.Read(context), cancellation));

    private static async Task<Results<Ok<ApprovalsOut>, Problem>> Approve(
        HttpContext context, RevenueShareStore store, CancellationToken cancellation)
    {
        var body = await context.ReadJson<ApprovalList>(cancellation);
        if (body.Problem is { } problem)
        {
            return problem;
        }

        // A transaction each: records of many retailers have many chains of the trail, and no transaction holds two.
        // Retailers side by side, so that commits share writes to the disk; a retailer's records in the order asked.
        var (asked, actor) = (body.Value.Approvals, context.Caller().Actor);
        var results = new ApprovalResultOut[asked.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, asked.Count).GroupBy(index => asked[index].OrganizationId),
            new ParallelOptions { MaxDegreeOfParallelism = RetailersAtOnceMax, CancellationToken = cancellation },
            async (ofRetailer, token) =>
            {
                foreach (var index in ofRetailer)
                {
                    var one = asked[index];
                    var change = await store.Change(
                        one.OrganizationId, one.ShareId, ShareAction.Approve, one.Revision, actor, "", token);
                    results[index] = Result(one, change);
                }
            });
        return TypedResults.Ok(new ApprovalsOut
        {
            Approved = results.Count(result => result.Outcome == ApprovalOutcome.Approved),
            Results = results,
        });
    }

    private static ApprovalResultOut Result(RecordApproval asked, ShareChange change) => new()
    {
        OrganizationId = asked.OrganizationId,
        ShareId = asked.ShareId,
        Outcome = change.Outcome switch
        {
            ChangeOutcome.Changed => ApprovalOutcome.Approved,
            ChangeOutcome.NoSuchRecord => ApprovalOutcome.NotFound,
            ChangeOutcome.NotInState => ApprovalOutcome.NotInState,
            ChangeOutcome.RevisionMoved => ApprovalOutcome.RevisionMoved,
            ChangeOutcome.BeingPaid => ApprovalOutcome.BeingPaid,
        },
        Detail = RevenueShareEndpoints.Refusal(ShareAction.Approve, change)?.Detail ?? "",
        Record = change.Record,
    };
}
