using Countinghouse.Access;

namespace Countinghouse.WebConsole.Retailer;

/// <summary>A retailer's shop.</summary>
public sealed record Location(string LocationId, string Name, bool IsActive, string CreatedAt);

/// <summary>What the page of locations shows.</summary>
public sealed record LocationsModel(TableView Locations, FormState New);

/// <summary>A retailer's shops.</summary>
public static class LocationPages
{
    private const string NewForm = "new";

    public static IEndpointRouteBuilder MapLocations(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/locations", List);
        console.MapForm("/{organization_id}/locations", Add);
        console.MapForm("/{organization_id}/locations/{location_id}", Change);
        return console;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, null);

    private static async Task<IResult> Add(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Location>(
            HttpMethods.Post, Path(page), form, new { name = form.Text("name") });
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(NewForm, form.Refused(problem)))
            : page.GoTo($"{page.Home}/locations", $"{answer.Value!.Name} is added: offers can be there now.");
    }

    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var location = page.Id("location_id");
        var answer = await page.Api.Send<Location>(HttpMethods.Patch, $"{Path(page)}/{location}", form, new
        {
            name = form.Text("name"),
            is_active = form.Text("is_active") == "true",
        });
        return answer.Problem is { } problem
            ? await Show(page, new Refusal(location, form.Refused(problem)))
            : page.GoTo(
                Addresses.WithPage($"{page.Home}/locations", page.Query("page")), $"{answer.Value!.Name} is changed.");
    }

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var table = Locations(page, refusal);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<Location>(Path(page)));
        }

        var locations = await page.Api.Get<ApiPage<Location>>(Path(page), ("page", page.Query("page")));
        return page.Show<LocationsPage>(
            new LocationsModel(
                table.View(
                    locations.Data,
                    "There are no locations yet. Add the first shop; then say what it sells under Offers.",
                    locations.Pagination),
                Refusal.FormOf(refusal, NewForm)),
            refusal?.Form);
    }

    private static Table<Location> Locations(ConsolePage page, Refusal? refusal) => new(
        "locations",
        new("Name", row => Cell.Text(row.Name)),
        new("State", row => Cell.Status(row.IsActive ? "active" : "inactive")),
        new("Since", row => Cell.Time(row.CreatedAt)),
        new("Location id", row => Cell.Code(row.LocationId)),
        new(
            "Change",
            row => Cells.Drawn<LocationForm>(("Page", page), ("Location", row), ("Refusal", refusal)),
            InCsv: false,
            InPage: page.May(Permission.WriteCampaigns)));

    private static string Path(ConsolePage page) => $"organizations/{page.Organization!.OrganizationId}/locations";
}
