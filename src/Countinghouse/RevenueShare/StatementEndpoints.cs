using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

/// <summary>How a statement is written.</summary>
public enum StatementFormat
{
    /// <summary>For spreadsheets and programs.</summary>
    Csv = 1,

    /// <summary>A page that prints.</summary>
    Html = 2,
}

/// <summary>Statements over HTTP.</summary>
public static class StatementEndpoints
{
    private static readonly ChoiceQuery<StatementFormat> Format =
        new("format", "csv, or html for a page that prints; by default as Accept says, else csv.");

    public static IEndpointRouteBuilder MapStatements(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/revenue-share/{organization_id}/{share_id}/statement", Read)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithTags("Revenue Share")
            .Strict()
            .WithQuery(Format)
            .Produces<string>(StatusCodes.Status200OK, "text/csv", "text/html")
            .WithName("apps_advertising_api_revenue_share_read_statement")
            .WithSummary("Read a record's statement")
            .WithDescription(
                "Every line, the fee, what was carried, corrections with their reasons, and the payout. The "
                + "calculation is the same to the byte whenever it is written; its SHA-256 stands below it.");
        return routes;
    }

    private static async Task<IResult> Read(
        HttpContext context,
        StatementStore statements,
        RevenueShareStore records,
        OrganizationStore organizations,
        CatalogStore catalog,
        CancellationToken cancellation)
    {
        var retailer = context.Id<OrganizationId>("organization_id");
        var share = context.Id<ShareId>("share_id");
        if (await statements.Find(retailer, share, cancellation) is not { } statement
            || await records.Find(retailer, share, cancellation) is not { } record)
        {
            return Problems.NotFound();
        }

        context.Response.Headers.Vary = "Accept";
        var calculation = StatementCsv.Calculation(statement);
        var payouts = await statements.FindPayouts(retailer, share, cancellation);
        if (WantsCsv(context))
        {
            context.Response.Headers.ContentDisposition =
                $"attachment; filename=\"statement-{statement.Month}-{share}.csv\"";
            return TypedResults.Bytes(
                StatementCsv.Write(calculation, statement, record, payouts), "text/csv; charset=utf-8");
        }

        context.Response.Headers.ContentSecurityPolicy = StatementPage.ContentSecurityPolicy;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        var organization = await organizations.Find(retailer, cancellation);
        return TypedResults.Text(
            StatementPage.Write(
                statement,
                StatementCsv.HashOf(calculation),
                record,
                payouts,
                organization!.Name,
                await catalog.LocationNames(retailer, cancellation)),
            "text/html; charset=utf-8");
    }

    private static bool WantsCsv(HttpContext context) => Format.Read(context) switch
    {
        StatementFormat.Csv => true,
        StatementFormat.Html => false,
        null => !context.Request.GetTypedHeaders().Accept
            .Any(type => type.MediaType == "text/html" && type.Quality != 0),
    };
}
