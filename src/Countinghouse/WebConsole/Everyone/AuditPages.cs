using System.Text.Json;

namespace Countinghouse.WebConsole.Everyone;

/// <summary>A change that somebody made.</summary>
public sealed record AuditEntry(
    long EntryNo,
    string? OrganizationId,
    string At,
    string Actor,
    string Action,
    string Subject,
    JsonElement? Before,
    JsonElement? After,
    string RequestId);

/// <summary>What the audit log's page shows.</summary>
public sealed record AuditModel(FormState Filter, Names Names, TableView Entries, string Csv);

/// <summary>Who changed what: of an organization, and for the operator all of it.</summary>
public static class AuditPages
{
    private static readonly string[] Filters = ["actor", "action", "subject", "start_date", "end_date"];

    private static readonly ApiPage<AuditEntry> None = new([], new Pagination(1, 1, 0, 1, false, false));

    public static IEndpointRouteBuilder MapAudit(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/audit", Show);
        console.MapPage("/operator/audit", Show);
        return console;
    }

    private static async Task<IResult> Show(ConsolePage page)
    {
        var (path, filters) = page.Organization is { } organization
            ? ($"organizations/{organization.OrganizationId}/audit-log", Filters)
            : ("audit-log", ["organization_id", .. Filters]);
        var query = filters.Select(name => (name, (object?)page.Query(name).Trim())).ToArray();
        if (page.WantsCsv)
        {
            var file = await page.Api.File(path, "text/csv", query);
            page.Context.Response.Headers.ContentDisposition = "attachment; filename=audit-log.csv";
            return file;
        }

        var form = FormState.Fresh([.. filters.Select(name => (name, (string?)page.Query(name).Trim()))]);
        var answer = await page.Api.Ask<ApiPage<AuditEntry>>(path, [.. query, ("page", page.Query("page"))]);
        if (answer.Problem is { } problem)
        {
            form = problem.Status == StatusCodes.Status422UnprocessableEntity
                ? form.Refused(problem)
                : throw new RefusedByApiException(problem);
        }

        var found = answer.Value ?? None;
        var names = await Names.Of(page, (page.Organization ?? page.Session.Memberships.First(part => part.IsOperator))
            .OrganizationId);
        return page.Show<AuditPage>(
            new AuditModel(
                form,
                names,
                AuditPage.Entries(page, names).View(
                    found.Data,
                    filters.Any(name => page.Query(name).Length > 0)
                        ? "Nothing like that was changed. Ask for less, or for more days."
                        : "Nothing was changed yet.",
                    found.Pagination),
                Addresses.With(page.Context, ("format", "csv"), ("page", null))),
            form);
    }
}
