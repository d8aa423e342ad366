using Countinghouse.Access;
using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Reporting;

/// <summary>Reports over HTTP.</summary>
public static class ReportingEndpoints
{
    private static readonly ChoiceQuery<CampaignStatusEnum> StatusFilter =
        new("status", "Only campaigns in this state.");

    private static readonly TextQuery TextFilter =
        new("q", "Only campaigns whose name contains this text.", LengthMax: 200);

    private static readonly WireQuery<UtcDay> FirstDay =
        new("start_date", "Figures from this UTC day on, inclusive. Default: from the beginning.");

    private static readonly WireQuery<UtcDay> LastDay =
        new("end_date", "Figures up to this UTC day, inclusive. Default: up to now.");

    private static readonly ChoiceQuery<CampaignSort> SortParameter =
        new("sort", "What campaigns are put in order by. Default: newest.");

    private static readonly ChoiceQuery<SortOrder> OrderParameter =
        new("order", "Which end comes first. Default: desc, and asc for names.");

    private static readonly ChoiceQuery<Granularity> GranularityParameter =
        new("granularity", "The span of one row. Default: day.");

    private static readonly ChoiceQuery<GroupBy> GroupByParameter =
        new("group_by", "Tells rows apart by this as well. Default: not at all.");

    public static IEndpointRouteBuilder MapReporting(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/reporting").WithTags("Ad Reporting");

        reports.MapRead("/organizations/{organization_id}/campaigns", Campaigns)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(StatusFilter, TextFilter, FirstDay, LastDay)
            .Produces<OrganizationCampaignsResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .WithName("apps_advertising_api_reporting_organization_campaigns")
            .WithSummary("List an organization's campaigns with their figures")
            .WithDescription("Every campaign, newest first, with lifetime totals; filters are optional.");
        reports.MapRead("/organizations/{organization_id}/campaigns/overview", Overview)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(
                StatusFilter, TextFilter, ReportRange.StartParameter, ReportRange.EndParameter, SortParameter,
                OrderParameter, Page.NumberParameter, Page.SizeParameter)
            .Produces<CampaignOverviewResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .Strict()
            .WithName("apps_advertising_api_reporting_campaigns_overview")
            .WithSummary("List campaigns with terms, budgets and figures")
            .WithDescription("A page of campaigns in the order asked for, with figures over a span of UTC days.");
        reports.MapRead("/organizations/{organization_id}/performance", Performance)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(ReportRange.StartParameter, ReportRange.EndParameter)
            .Produces<OrganizationPerformanceResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .WithName("apps_advertising_api_reporting_organization_performance")
            .WithSummary("Read an organization's performance")
            .WithDescription("Totals over a span of UTC days, both ends included.");
        reports.MapRead("/organizations/{organization_id}/performance/series", OrganizationSeries)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(
                ReportRange.StartParameter, ReportRange.EndParameter, GranularityParameter, GroupByParameter)
            .Produces<SeriesResponse>(StatusCodes.Status200OK, "application/json", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .WithMetadata(new AnswerHeader("Vary"))
            .Strict()
            .WithName("apps_advertising_api_reporting_organization_series")
            .WithSummary("Read an organization's performance over time")
            .WithDescription(
                "Rows by hour, day, week or month, or one for all days, optionally by group; as JSON or, by Accept, as "
                + "CSV.");
        reports.MapRead("/campaigns/{campaign_id}/summary", Summary)
            .RequirePermission(Permission.ReadReports)
            .Produces<CampaignSummaryResponse>()
            .Produces(StatusCodes.Status304NotModified)
            .WithName("apps_advertising_api_reporting_campaign_summary")
            .WithSummary("Read a campaign's summary")
            .WithDescription("Its terms, budget and lifetime totals, invalid traffic included.");
        reports.MapRead("/campaigns/{campaign_id}/performance", CampaignSeries)
            .RequirePermission(Permission.ReadReports)
            .WithQuery(
                ReportRange.StartParameter, ReportRange.EndParameter, GranularityParameter, GroupByParameter)
            .Produces<SeriesResponse>(StatusCodes.Status200OK, "application/json", "text/csv")
            .Produces(StatusCodes.Status304NotModified)
            .WithMetadata(new AnswerHeader("Vary"))
            .Strict()
            .WithName("apps_advertising_api_reporting_campaign_performance")
            .WithSummary("Read a campaign's performance over time")
            .WithDescription(
                "Rows by hour, day, week or month, or one for all days, optionally by group; as JSON or, by Accept, as "
                + "CSV.");
        return routes;
    }

    private static async Task<IResult> Campaigns(
        HttpContext context,
        CampaignListReport report,
        KeptAnswers kept,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var filter = new CampaignListFilter(
            StatusFilter.Read(context), TextFilter.Read(context), FirstDay.Read(context), LastDay.Read(context));
        if (filter.Start > filter.End)
        {
            return Problems.Invalid("start_date", "must not be after end_date", "invalid_range");
        }

        var organization = context.Id<OrganizationId>("organization_id");
        return await kept.Answer(
            context,
            organization,
            UtcDay.Of(clock.GetUtcNow()),
            KeptAnswers.Json,
            connection => report.Make(connection, organization, filter, cancellation),
            cancellation);
    }

    private static async Task<IResult> Overview(
        HttpContext context,
        CampaignOverviewReport report,
        KeptAnswers kept,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var (range, problem) = ReportRange.Read(context, now);
        if (problem is not null)
        {
            return problem;
        }

        var sort = SortParameter.Read(context) ?? CampaignSort.Newest;
        var query = new CampaignOverviewQuery(
            context.Id<OrganizationId>("organization_id"),
            StatusFilter.Read(context),
            TextFilter.Read(context),
            range,
            sort,
            OrderParameter.Read(context) ?? (sort == CampaignSort.Name ? SortOrder.Asc : SortOrder.Desc),
            Page.Read(context));
        return await kept.Answer(
            context,
            query.Organization,
            UtcDay.Of(now),
            KeptAnswers.Json,
            async connection => KeptAnswers.Body(await report.Read(connection, query, cancellation)),
            cancellation);
    }

    private static async Task<IResult> Performance(
        HttpContext context,
        PerformanceReport report,
        KeptAnswers kept,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var (range, problem) = ReportRange.Read(context, now);
        if (problem is not null)
        {
            return problem;
        }

        var organization = context.Id<OrganizationId>("organization_id");
        return await kept.Answer(
            context,
            organization,
            UtcDay.Of(now),
            KeptAnswers.Json,
            async connection =>
                KeptAnswers.Body(await report.Read(connection, organization, range, cancellation)),
            cancellation);
    }

    private static async Task<IResult> Summary(
        HttpContext context,
        CampaignSummaryReport report,
        KeptAnswers kept,
        OwnerStore owners,
        TimeProvider clock,
        CancellationToken cancellation)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        return await kept.Answer(
            context,
            owner!.Value,
            UtcDay.Of(clock.GetUtcNow()),
            KeptAnswers.Json,
            async connection =>
                KeptAnswers.Body(await report.Read(connection, owner.Value, campaign, cancellation)),
            cancellation);
    }

    private static Task<IResult> OrganizationSeries(
        HttpContext context,
        SeriesReport report,
        KeptAnswers kept,
        TimeProvider clock,
        CancellationToken cancellation) => Series(
        context, report, kept, clock, context.Id<OrganizationId>("organization_id"), campaign: null, cancellation);

    private static async Task<IResult> CampaignSeries(
        HttpContext context,
        SeriesReport report,
        KeptAnswers kept,
        TimeProvider clock,
        OwnerStore owners,
        CancellationToken cancellation)
    {
        var campaign = context.Id<CampaignId>("campaign_id");
        var owner = await owners.OfCampaign(campaign, cancellation);
        return await Series(context, report, kept, clock, owner!.Value, campaign, cancellation);
    }

    private static async Task<IResult> Series(
        HttpContext context,
        SeriesReport report,
        KeptAnswers kept,
        TimeProvider clock,
        OrganizationId organization,
        CampaignId? campaign,
        CancellationToken cancellation)
    {
        var granularity = GranularityParameter.Read(context) ?? Granularity.Day;
        var now = clock.GetUtcNow();
        var (range, problem) = ReportRange.Read(context, now);
        if ((problem ?? range.RefuseLength(granularity)) is { } refusal)
        {
            return refusal;
        }

        var group = GroupByParameter.Read(context);
        var query = new SeriesQuery(organization, campaign, range, granularity, group);
        var wantsCsv = CsvText.IsWanted(context.Request);
        var tooMany = false;
        context.Response.Headers.Vary = "Accept";
        var answer = await kept.Answer(
            context,
            organization,
            UtcDay.Of(now),
            wantsCsv ? "text/csv; charset=utf-8" : KeptAnswers.Json,
            async connection =>
            {
                var rows = await report.Read(connection, query, cancellation);
                tooMany = rows is null;
                return rows is null ? null
                    : wantsCsv ? SeriesCsv.Write(rows)
                    : KeptAnswers.Body(new SeriesResponse(
                        organization, campaign, range.Start, range.End, granularity, group, rows));
            },
            cancellation);
        return tooMany
            ? Problems.Invalid(
                "end_date", $"leaves more than {SeriesReport.RowsMax} rows; ask for fewer", "too_many_rows")
            : answer;
    }
}
