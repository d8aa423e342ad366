using Microsoft.AspNetCore.WebUtilities;

namespace Countinghouse.WebConsole.Platform;

/// <summary>A fee rate and the month from which it applies.</summary>
public sealed record FeeRate(
    string EffectiveMonth, [property: System.Text.Json.Serialization.JsonPropertyName("fee_rate")] string Rate,
    string SetAt);

/// <summary>What the page of fee rates shows.</summary>
/// <param name="Retailer">Whose rates; null: those of the platform for all others.</param>
/// <param name="Rates">The latest month first.</param>
/// <param name="Search">What retailers were searched for.</param>
/// <param name="Found">The retailers found.</param>
/// <param name="Form">A new rate.</param>
public sealed record FeeRatesModel(
    ListedOrganization? Retailer, TableView Rates, string Search, IReadOnlyList<ListedOrganization> Found,
    FormState Form);

/// <summary>The platform's part of what advertisers are charged: for all, and for single retailers.</summary>
public static class FeeRatePages
{
    /// <summary>What the API says of a rate that was there from the first month on.</summary>
    private const string Beginning = "1970-01";

    public static IEndpointRouteBuilder MapFeeRates(this IEndpointRouteBuilder pages)
    {
        pages.MapPage("/fee-rates", List);
        pages.MapForm("/fee-rates", Set);
        return pages;
    }

    private static Task<IResult> List(ConsolePage page) => Show(page, FormState.Fresh());

    private static async Task<IResult> Set(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<FeeRate>(HttpMethods.Post, Path(page), form, new
        {
            effective_month = form.Text("effective_month"),
            fee_rate = form.Text("fee_rate"),
        });
        return answer.Problem is { } problem
            ? await Show(page, form.Refused(problem))
            : page.GoTo(
                Address(page.Query("organization_id")),
                $"The rate is {answer.Value!.Rate} from {answer.Value.EffectiveMonth} on.");
    }

    /// <summary>Where rates are: those of a retailer, or with none the platform's.</summary>
    public static string Address(string organization) => organization.Length == 0
        ? $"{PlatformPages.Root}/fee-rates"
        : QueryHelpers.AddQueryString($"{PlatformPages.Root}/fee-rates", "organization_id", organization);

    private static async Task<IResult> Show(ConsolePage page, FormState form)
    {
        var table = new Table<FeeRate>(
            "fee-rates",
            new("From", row => row.EffectiveMonth == Beginning
                ? Cell.Drawn(content => content.AddContent(0, "the beginning"), Beginning)
                : Cell.Text(row.EffectiveMonth)),
            new("Rate", row => Cells.Rate(row.Rate), IsNumber: true),
            new("As the API has it", row => Cell.Text(row.Rate), IsNumber: true, InCsv: false),
            new("Set", row => Cell.Time(row.SetAt)));
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<FeeRate>(Path(page)));
        }

        var organization = page.Query("organization_id");
        var rates = await page.Api.Get<ApiPage<FeeRate>>(Path(page), ("page", page.Query("page")));
        return page.Show<FeeRatesPage>(
            new FeeRatesModel(
                organization.Length == 0
                    ? null
                    : await page.Api.Get<ListedOrganization>($"organizations/{Uri.EscapeDataString(organization)}"),
                table.View(
                    rates.Data,
                    organization.Length == 0
                        ? "No default rate was ever set: what the server's settings say applies. Set one below."
                        : "This retailer has no rate of its own: the default applies. Give it one below.",
                    rates.Pagination),
                page.Query("q"),
                page.Query("q").Length == 0
                    ? []
                    : (await page.Api.Get<ApiPage<ListedOrganization>>("organizations", ("q", page.Query("q")))).Data,
                form),
            form);
    }

    private static string Path(ConsolePage page) => page.Query("organization_id") is { Length: > 0 } organization
        ? $"organizations/{Uri.EscapeDataString(organization)}/fee-rates"
        : "fee-rates";
}
