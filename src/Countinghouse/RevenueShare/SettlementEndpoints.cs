using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Timeouts;

namespace Countinghouse.RevenueShare;

/// <summary>Closing months over HTTP; the operator's business.</summary>
public static class SettlementEndpoints
{
    public static IEndpointRouteBuilder MapSettlements(this IEndpointRouteBuilder routes)
    {
        var settlements = routes.MapGroup("/settlements")
            .RequirePermission(Permission.Operate)
            .WithTags("Revenue Share")
            .Strict();

        settlements.MapRead("", List)
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .WithName("apps_advertising_api_settlements_list_settlements")
            .WithSummary("List closed months")
            .WithDescription("Months that were closed or are being closed, the latest first.");
        settlements.MapRead("/next", Next)
            .WithName("apps_advertising_api_settlements_read_next")
            .WithSummary("Read which month is to be closed next")
            .WithDescription("The first month that is still open, and everything known that would refuse to close it.");
        settlements.MapPost("", Close)
            .WithMetadata(new DisableRequestTimeoutAttribute())
            .WithQuery(Page.NumberParameter, Page.SizeParameter)
            .Accepts<CloseRequest>("application/json")
            .WithName("apps_advertising_api_settlements_close_period")
            .WithSummary("Close a month")
            .WithDescription(
                "Verifies a month that has been over for 72 hours and makes each retailer's record. Months are closed "
                + "in order; closing a closed month again changes nothing and gives the same answer. With dry_run "
                + "nothing is written. The page parameters apply to the list of retailers.");
        return routes;
    }

    private static async Task<Ok<Paged<SettlementListItem>>> List(
        HttpContext context, SettlementStore store, CancellationToken cancellation)
    {
        var page = await store.List(Page.Read(context), cancellation);
        return TypedResults.Ok(new Paged<SettlementListItem>(
            [.. page.Data.Select(SettlementListItem.From)], page.Pagination));
    }

    private static async Task<Ok<NextSettlementOut>> Next(
        Settlements settlements, CancellationToken cancellation) =>
        TypedResults.Ok(NextSettlementOut.From(await settlements.Next(cancellation)));

    private static async Task<Results<Ok<SettlementOut>, Problem>> Close(
        HttpContext context,
        Settlements settlements,
        SettlementStore store,
        OwnerStore owners,
        CancellationToken cancellation)
    {
        var body = await context.ReadJson<CloseRequest>(cancellation);
        if (body.Problem is null && body.Value.OrganizationId is { } named
            && !await owners.Exists(named, cancellation))
        {
            body.Refuse("organization_id", "names no organization");
        }

        if (body.Problem is { } problem)
        {
            return problem;
        }

        var period = body.Value.Period;
        var result = await settlements.Close(
            period, body.Value.OrganizationId, context.Caller().Actor, body.Value.DryRun, cancellation);
        return result.Outcome switch
        {
            CloseOutcome.Closed or CloseOutcome.AlreadyClosed or CloseOutcome.Previewed or CloseOutcome.SettledOne =>
                TypedResults.Ok(await Answer(result, body.Value.DryRun, Page.Read(context), store, cancellation)),
            CloseOutcome.TooEarly => Problems.PeriodTooEarly(
                period.ToString(), RevenueShareRules.ClosesAt(period).ToString()),
            CloseOutcome.OutOfOrder => Problems.PeriodOutOfOrder(period.ToString(), result.First!.Value.ToString()),
            CloseOutcome.BeforeFirst => Problems.PeriodBeforeFirst(period.ToString(), result.First!.Value.ToString()),
            CloseOutcome.DoesNotAddUp => Problems.PeriodDoesNotAddUp(period.ToString()),
        };
    }

    private static async Task<SettlementOut> Answer(
        CloseResult result, bool dryRun, Page page, SettlementStore store, CancellationToken cancellation)
    {
        var settlement = result.Settlement!;
        var totals = settlement.Totals!.Value;
        var shares = result.Preview is { } preview
            ? preview.Skip((int)Math.Min(page.Offset, int.MaxValue)).Take(page.Size)
            : await store.Shares(settlement.Period, page, cancellation);
        return new SettlementOut
        {
            Period = settlement.Period,
            State = settlement.State,
            DryRun = dryRun,
            ClosedAt = settlement.ClosedAt,
            EventCount = settlement.EventCount!.Value,
            Charge = WireDecimal.From(settlement.Charge!.Value),
            Records = SettlementRecordsOut.From(totals)!,
            Retailers = new Paged<SettlementRetailerOut>(
                [.. shares.Select(SettlementRetailerOut.From)], page, (int)totals.Records),
        };
    }
}
