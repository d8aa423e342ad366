using System.Globalization;
using System.Text.RegularExpressions;

namespace Countinghouse.WebConsole.Retailer;

/// <summary>A product at a location.</summary>
public sealed record Offer(string OfferId, string LocationId, string Name, string Sku, string CreatedAt);

/// <summary>Offers that were added.</summary>
public sealed record AddedOffers(IReadOnlyList<Offer> Offers);

/// <summary>What the page of offers shows.</summary>
/// <param name="Offers">Those there are.</param>
/// <param name="Locations">Where an offer can be: id and name.</param>
/// <param name="One">The form for one.</param>
/// <param name="Many">The form for many at once.</param>
public sealed record OffersModel(
    TableView Offers, IReadOnlyList<(string Value, string Text)> Locations, FormState One, FormState Many);

/// <summary>What a retailer sells where; campaigns promote it.</summary>
public static partial class OfferPages
{
    /// <summary>What is wrong with more lines than these is not said: they are wrong in the same way.</summary>
    private const int LinesNamedMax = 5;

    public static IEndpointRouteBuilder MapOffers(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/offers", List);
        console.MapForm("/{organization_id}/offers", Add);
        console.MapForm("/{organization_id}/offers/bulk", AddMany);
        return console;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, null);

    private static async Task<IResult> Add(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<Offer>(HttpMethods.Post, Path(page), form, new
        {
            location_id = form.Text("location_id"),
            name = form.Text("name"),
            sku = form.Text("sku"),
        });
        return answer.Problem is { } problem
            ? await Show(page, new Refusal("one", form.Refused(problem)))
            : page.GoTo($"{page.Home}/offers", $"{answer.Value!.Name} is added: campaigns can promote it.");
    }

    private static async Task<IResult> AddMany(ConsolePage page, FormState form)
    {
        var lines = form.Text("offers").Split('\n', StringSplitOptions.TrimEntries);
        var asked = lines
            .Select((line, index) => (Number: index + 1, Parts: Split(line)))
            .Where(line => line.Parts[0].Length > 0 || line.Parts.Length > 1)
            .ToList();
        if (asked.Count == 0)
        {
            return await Show(page, new Refusal("many", form.Refused("offers", "must have a line for each product")));
        }

        var answer = await page.Api.Send<AddedOffers>(HttpMethods.Post, $"{Path(page)}/bulk", form, new
        {
            offers = asked.Select(line => new
            {
                location_id = form.Text("location_id"),
                name = line.Parts[0],
                sku = line.Parts.ElementAtOrDefault(1) ?? "",
            }),
        });
        return answer.Problem is { } problem
            ? await Show(
                page, new Refusal("many", form.Refused(ByLine(problem, [.. asked.Select(line => line.Number)]))))
            : page.GoTo($"{page.Home}/offers", $"{answer.Value!.Offers.Count} offers are added.");
    }

    /// <summary>A name, and after a tab or a semicolon the article number.</summary>
    private static string[] Split(string line) =>
        line.Split(line.Contains('\t') ? '\t' : ';', 2, StringSplitOptions.TrimEntries);

    /// <summary>
    /// The API counts the offers that it gets; people see lines. A wrong location is wrong in all of them.
    /// </summary>
    private static ApiProblem ByLine(ApiProblem problem, int[] numbers)
    {
        var (ofLines, others) = (new List<string>(), new List<ApiFault>());
        foreach (var fault in problem.Errors ?? [])
        {
            if (ItemPath().Match(fault.Field) is { Success: true } item && item.Groups[2].Value != "location_id")
            {
                var number = numbers[int.Parse(item.Groups[1].ValueSpan, CultureInfo.InvariantCulture)];
                ofLines.Add($"line {number}: {item.Groups[2].Value} {fault.Message}");
            }
            else
            {
                others.Add(fault with { Field = fault.Field.Split('.')[^1] });
            }
        }

        if (ofLines.Count > 0)
        {
            var more = ofLines.Count > LinesNamedMax ? $"; and {ofLines.Count - LinesNamedMax} more" : "";
            others.Add(new ApiFault("offers", string.Join("; ", ofLines.Take(LinesNamedMax)) + more));
        }

        return problem with { Errors = [.. others.Distinct()] };
    }

    [GeneratedRegex(@"^offers\[(\d{1,6})\]\.(\w+)$")]
    private static partial Regex ItemPath();

    private static async Task<IResult> Show(ConsolePage page, Refusal? refusal)
    {
        var locations = await page.Api.All<Location>($"organizations/{page.Organization!.OrganizationId}/locations");
        var names = locations.ToDictionary(one => one.LocationId, one => one.Name, StringComparer.Ordinal);
        var table = new Table<Offer>(
            "offers",
            new("Product", row => Cell.Text(row.Name)),
            new("Article number", row => Cell.Text(row.Sku)),
            new("Location", row => Cell.Text(names.GetValueOrDefault(row.LocationId, row.LocationId))),
            new("Since", row => Cell.Time(row.CreatedAt)),
            new("Offer id", row => Cell.Code(row.OfferId)),
            new("Location id", row => Cell.Code(row.LocationId), InPage: false));
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<Offer>(Path(page)));
        }

        var offers = await page.Api.Get<ApiPage<Offer>>(Path(page), ("page", page.Query("page")));
        return page.Show<OffersPage>(
            new OffersModel(
                table.View(
                    offers.Data,
                    locations.Count == 0
                        ? "There are no offers yet. An offer is at a location: add one of those first."
                        : "There are no offers yet. Add one below, or paste a list of them.",
                    offers.Pagination),
                [.. locations.Select(one => (one.LocationId, one.Name))],
                Refusal.FormOf(refusal, "one"),
                Refusal.FormOf(refusal, "many")),
            refusal?.Form);
    }

    private static string Path(ConsolePage page) => $"organizations/{page.Organization!.OrganizationId}/offers";
}
