
namespace Countinghouse.WebConsole.Everyone;

/// <summary>An organization.</summary>
public sealed record Organization(
    string OrganizationId,
    string Name,
    bool IsOperator,
    string CreatedAt,
    IReadOnlyDictionary<string, string> Metadata);

/// <summary>What the page of an organization's settings shows.</summary>
public sealed record SettingsModel(Organization Organization, FormState Form);

/// <summary>What an organization is called, and its own notes.</summary>
public static class SettingsPages
{
    /// <summary>Notes that can be added at once.</summary>
    public const int AddedMax = 3;

    public static IEndpointRouteBuilder MapSettings(this IEndpointRouteBuilder console)
    {
        console.MapPage("/{organization_id}/settings", Show);
        console.MapForm("/{organization_id}/settings", Change);
        return console;
    }

    private static async Task<IResult> Show(ConsolePage page)
    {
        var organization = await Get(page);
        return page.Show<SettingsPage>(new SettingsModel(organization, FormState.Fresh(
        [
            ("name", organization.Name),
            .. organization.Metadata.Select(pair => ($"metadata.{pair.Key}", (string?)pair.Value)),
        ])));
    }

    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var organization = await Get(page);
        var body = new Dictionary<string, object> { ["name"] = form.Text("name") };

        // Only what was changed, so that what others write meanwhile stays; an empty value takes a note away.
        var notes = organization.Metadata.Keys
            .Where(key => form.Has($"metadata.{key}") && form.Text($"metadata.{key}") != organization.Metadata[key])
            .ToDictionary(key => key, key => form.Text($"metadata.{key}"));
        for (var index = 1; index <= AddedMax; index++)
        {
            if (form.Text($"key_{index}") is { Length: > 0 } key)
            {
                notes[key] = form.Text($"value_{index}");
            }
        }

        if (notes.Count > 0)
        {
            body["metadata"] = notes;
        }

        var answer = await page.Api.Send<Organization>(HttpMethods.Patch, Path(page), form, body);
        return answer.Problem is { } problem
            ? page.Show<SettingsPage>(new SettingsModel(organization, form.Refused(problem)), form)
            : page.GoTo(page.Home + "/settings", "Saved.");
    }

    private static Task<Organization> Get(ConsolePage page) => page.Api.Get<Organization>(Path(page));

    private static string Path(ConsolePage page) => $"organizations/{page.Organization!.OrganizationId}";
}
