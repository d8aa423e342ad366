using System.Globalization;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Access;

/// <summary>The audit log over HTTP; the trail itself does not know who may read it.</summary>
public static class AuditEndpoints
{
    private const int WordCharactersMax = 200;

    private static readonly WireQuery<OrganizationId> Organization =
        new("organization_id", "Only entries of this organization.");

    private static readonly TextQuery Actor =
        new("actor", "Only changes by this actor, for example user:ID.", WordCharactersMax);

    private static readonly TextQuery Action =
        new("action", "Only this action, for example campaign.create.", WordCharactersMax);

    private static readonly TextQuery Subject =
        new("subject", "Only changes of this, for example campaign:ID.", WordCharactersMax);

    private static readonly WireQuery<UtcDay> Start = new("start_date", "First day, UTC.");

    private static readonly WireQuery<UtcDay> End = new("end_date", "Last day, UTC.");

    private const string Forms =
        "the newest first; as JSON by pages or, by Accept, all at once as CSV, at most 100000 entries.";

    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder routes)
    {
        var audit = routes.MapGroup("").WithTags("Audit").Strict();

        audit.MapRead("/audit-log", ListAll)
            .RequirePermission(Permission.Operate)
            .WithQuery(
                Organization, Actor, Action, Subject, Start, End, Page.NumberParameter, Page.SizeParameter)
            .Produces<Paged<AuditEntryOut>>(StatusCodes.Status200OK, "application/json", "text/csv")
            .WithMetadata(new AnswerHeader("Vary"))
            .WithName("apps_advertising_api_audit_list_all_entries")
            .WithSummary("Read the audit log")
            .WithDescription("Every change by anyone to anything, the platform's own included, " + Forms);
        audit.MapRead("/organizations/{organization_id}/audit-log", List)
            .RequirePermission(Permission.ReadAudit)
            .WithQuery(Actor, Action, Subject, Start, End, Page.NumberParameter, Page.SizeParameter)
            .Produces<Paged<AuditEntryOut>>(StatusCodes.Status200OK, "application/json", "text/csv")
            .WithMetadata(new AnswerHeader("Vary"))
            .WithName("apps_advertising_api_audit_list_entries")
            .WithSummary("Read an organization's audit log")
            .WithDescription("Every change by anyone to what is the organization's, " + Forms);
        return routes;
    }

    private static Task<IResult> ListAll(HttpContext context, AuditReader reader, CancellationToken cancellation) =>
        Answer(context, reader, Organization.Read(context), cancellation);

    private static Task<IResult> List(HttpContext context, AuditReader reader, CancellationToken cancellation) =>
        Answer(context, reader, context.Id<OrganizationId>("organization_id"), cancellation);

    private static async Task<IResult> Answer(
        HttpContext context, AuditReader reader, OrganizationId? organization, CancellationToken cancellation)
    {
        var filter = new AuditFilter(
            organization,
            Actor.Read(context),
            Action.Read(context),
            Subject.Read(context),
            Start.Read(context),
            End.Read(context));
        if (filter.Start > filter.End)
        {
            return Problems.Invalid("start_date", "must not be after end_date", "invalid_range");
        }

        context.Response.Headers.Vary = "Accept";
        if (!CsvText.IsWanted(context.Request))
        {
            return TypedResults.Ok(await reader.List(filter, Page.Read(context), cancellation));
        }

        // Refused and not cut off: a file that ends early looks like all there is.
        return await reader.CountAll(filter, cancellation) > AuditReader.CsvRowsMax
            ? Problems.Invalid(
                "end_date",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"leaves more than {AuditReader.CsvRowsMax} entries; ask for fewer"),
                "too_many_rows")
            : TypedResults.Stream(
                async stream =>
                {
                    await stream.WriteAsync(AuditCsv.Head(), cancellation);
                    await foreach (var entries in reader.All(filter, cancellation))
                    {
                        await stream.WriteAsync(AuditCsv.Rows(entries), cancellation);
                    }
                },
                "text/csv; charset=utf-8");
    }
}
