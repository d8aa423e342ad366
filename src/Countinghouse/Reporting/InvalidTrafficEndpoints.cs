using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Reporting;

/// <summary>Invalid traffic over HTTP.</summary>
public static class InvalidTrafficEndpoints
{
    public static IEndpointRouteBuilder MapInvalidTraffic(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/reporting").WithTags("Ad Reporting").Strict()
            .WithQuery(ReportRange.StartParameter, ReportRange.EndParameter);

        reports.MapRead("/organizations/{organization_id}/invalid-traffic", OfOrganization)
            .RequirePermission(Permission.ReadReports)
            .Produces<InvalidTrafficResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .WithName("apps_advertising_api_reporting_organization_invalid_traffic")
            .WithSummary("Read an organization's invalid traffic")
            .WithDescription("Invalid events of all its campaigns by the rule that found them; none was charged.");
        reports.MapRead("/campaigns/{campaign_id}/invalid-traffic", OfCampaign)
            .RequirePermission(Permission.ReadReports)
            .Produces<InvalidTrafficResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .WithName("apps_advertising_api_reporting_campaign_invalid_traffic")
            .WithSummary("Read a campaign's invalid traffic")
            .WithDescription("Its invalid events by the rule that found them; none was charged.");
        reports.MapRead("/invalid-traffic", OfPlatform)
            .RequirePermission(Permission.Operate)
            .Produces<PlatformInvalidTraffic>()
            .WithName("apps_advertising_api_reporting_platform_invalid_traffic")
            .WithSummary("Read the platform's invalid traffic")
            .WithDescription(
                "Invalid events of all advertisers by the rule that found them, and the advertisers with the most; "
                + "events of the last second may be missing.");
        return routes;
    }

    private static Task<IResult> OfOrganization(
        HttpContext context,
        InvalidTrafficReport report,
        KeptAnswers kept,
        TimeProvider clock,
        CancellationToken cancellation) => Answer(
        context, report, kept, clock, context.Id<OrganizationId>("organization_id"), campaign: null, cancellation);

    private static async Task<IResult> OfCampaign(
        HttpContext context,
        InvalidTrafficReport report,
        KeptAnswers kept,
        TimeProvider clock,
        OwnerStore owners,
        CancellationToken cancellation)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        return await Answer(context, report, kept, clock, owner!.Value, campaign, cancellation);
    }

    private static async Task<IResult> OfPlatform(
        HttpContext context,
        InvalidTrafficReport report,
        Database database,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var (range, problem) = ReportRange.Read(context, clock.GetUtcNow());
        return problem is not null
            ? problem
            : TypedResults.Ok(await database.ReadSnapshot(
                connection => report.ReadAll(connection, range, cancellation), cancellation));
    }

    private static async Task<IResult> Answer(
        HttpContext context,
        InvalidTrafficReport report,
        KeptAnswers kept,
        TimeProvider clock,
        OrganizationId organization,
        CampaignId? campaign,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var (range, problem) = ReportRange.Read(context, now);
        return problem is not null
            ? problem
            : await kept.Answer(
                context,
                organization,
                UtcDay.Of(now),
                KeptAnswers.Json,
                async connection => KeptAnswers.Body(
                    await report.Read(connection, organization, campaign, range, cancellation)),
                cancellation);
    }
}
