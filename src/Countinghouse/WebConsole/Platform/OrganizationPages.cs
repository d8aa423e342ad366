
namespace Countinghouse.WebConsole.Platform;

/// <summary>An organization of the platform.</summary>
public sealed record ListedOrganization(string OrganizationId, string Name, bool IsOperator, string CreatedAt);

/// <summary>What the page of organizations shows.</summary>
public sealed record OrganizationsModel(string Search, TableView Organizations, FormState New);

/// <summary>Who takes part.</summary>
public static class OrganizationPages
{
    public static IEndpointRouteBuilder MapOrganizations(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/organizations", List);
        pages.MapForm("/organizations", Add);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, FormState.Fresh());

    private static async Task<IResult> Add(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<ListedOrganization>(
            HttpMethods.Post, "organizations", form, new { name = form.Text("name") });
        return answer.Problem is { } problem
            ? await Show(page, form.Refused(problem))
            : page.GoTo(
                $"{ConsolePage.Root}/{answer.Value!.OrganizationId}",
                $"{answer.Value.Name} is created. Next, invite its first member, or add locations and offers.");
    }

    private static async Task<IResult> Show(ConsolePage page, FormState form)
    {
        var search = ("q", (object?)page.Query("q"));
        var table = Organizations();
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ListedOrganization>("organizations", search));
        }

        var found = await page.Api.Get<ApiPage<ListedOrganization>>(
            "organizations", search, ("page", page.Query("page")));
        return page.Show<OrganizationsPage>(
            new OrganizationsModel(
                page.Query("q"),
                table.View(
                    found.Data,
                    "No organization has this in its name. Search for a part of it, or create it below.",
                    found.Pagination),
                form),
            form);
    }

    private static Table<ListedOrganization> Organizations() => new(
        "organizations",
        new("Name", row => Cells.Organization(row.OrganizationId, row.Name)),
        new("Earnings", row => Cell.Text(
            "Earnings", $"{ConsolePage.Root}/{row.OrganizationId}/earnings"), InCsv: false),
        new("Fee rates", row => Cell.Text(
            "Fee rates", $"{PlatformPages.Root}/fee-rates?organization_id={row.OrganizationId}"), InCsv: false),
        new("Kind", row => Cell.Text(row.IsOperator ? "the platform" : "takes part")),
        new("Since", row => Cell.Time(row.CreatedAt)),
        new("Organization id", row => Cell.Code(row.OrganizationId)));
}
