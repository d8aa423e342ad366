using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Countinghouse.RevenueShare;

/// <summary>What lies behind a record, over HTTP.</summary>
public static class ShareDetailEndpoints
{
    private static readonly NumberQuery LineNumber =
        new("line_no", "The line, as the list of lines numbers it.", Minimum: 1, Maximum: int.MaxValue, Default: 1);

    public static IEndpointRouteBuilder MapShareDetails(this IEndpointRouteBuilder routes)
    {
        var details = routes.MapGroup("/revenue-share/{organization_id}/{share_id}")
            .RequirePermission(Permission.ReadRevenueShare)
            .WithTags("Revenue Share")
            .Strict();

        details.MapRead("/lines", Lines)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_revenue_share_list_lines")
            .WithSummary("List the lines of a revenue share")
            .WithDescription("What the record is made of: by kind, month of origin, campaign and location.");
        details.MapRead("/events", Events)
            .WithQuery(LineNumber, Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_revenue_share_list_events")
            .WithSummary("List the events behind a line")
            .WithDescription(
                "The valid events of a line's campaign, location and month, in the order of their hours and batches; "
                + "their charges sum to the line. Lines of corrections have none: the statement lists those. 409 once "
                + "the month's events are in the archive.")
            .ProducesProblem(StatusCodes.Status409Conflict);
        details.MapRead("/history", History)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_revenue_share_list_history")
            .WithSummary("List the changes of a revenue share's status")
            .WithDescription("Who changed it, when and why, the first change first.");
        return routes;
    }

    private static async Task<Results<Ok<Paged<ShareLineOut>>, Problem>> Lines(
        HttpContext context, ShareDetailStore store, CancellationToken cancellation) =>
        await store.Lines(
            Retailer(context), Share(context), Page.Read(context), cancellation) is { } lines
            ? TypedResults.Ok(lines)
            : Problems.NotFound();

    private static async Task<Results<Ok<Paged<ShareEventOut>>, Problem>> Events(
        HttpContext context, ShareEvents store, CancellationToken cancellation) =>
        await store.Find(
            Retailer(context), Share(context), LineNumber.Read(context), Page.Read(context), cancellation) switch
        {
            null => Problems.NotFound(),
            { Page: { } events } => TypedResults.Ok(events),
            _ => Problems.EventsArchived(),
        };

    private static async Task<Results<Ok<Paged<ShareTransitionOut>>, Problem>> History(
        HttpContext context, ShareDetailStore store, CancellationToken cancellation) =>
        await store.History(
            Retailer(context), Share(context), Page.Read(context), cancellation) is { } history
            ? TypedResults.Ok(history)
            : Problems.NotFound();

    private static OrganizationId Retailer(HttpContext context) => context.Id<OrganizationId>("organization_id");

    private static ShareId Share(HttpContext context) => context.Id<ShareId>("share_id");
}
