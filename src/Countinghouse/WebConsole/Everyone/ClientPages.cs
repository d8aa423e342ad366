
namespace Countinghouse.WebConsole.Everyone;

/// <summary>A program that gets access tokens; its secret only in the answer that made it.</summary>
public sealed record OAuthClient(
    string ClientId,
    string Name,
    string Role,
    IReadOnlyList<string> Scopes,
    bool IsActive,
    string CreatedAt,
    string CreatedBy,
    string? LastUsed,
    string? ClientSecret = null);

/// <summary>What the list of clients shows.</summary>
public sealed record ClientsModel(TableView Clients);

/// <summary>What the page to make a client shows.</summary>
public sealed record NewClientModel(FormState Form);

/// <summary>What the page of a client shows; of its forms the one that was refused says why.</summary>
public sealed record ClientModel(
    OAuthClient Client, string CreatedBy, FormState Edit, FormState? Rotate, FormState? Revoke);

/// <summary>An organization's OAuth clients.</summary>
public static class ClientPages
{
    public static IEndpointRouteBuilder MapClients(this IEndpointRouteBuilder console)
    {
        var clients = console.MapGroup("/{organization_id}/clients");
        clients.MapPage("", List);
        clients.MapPage("/new", ShowNew);
        clients.MapForm("/new", Create);
        clients.MapPage("/{client_id}", Show);
        clients.MapForm("/{client_id}", Change);
        clients.MapForm("/{client_id}/rotate", Rotate);
        clients.MapForm("/{client_id}/revoke", Revoke);
        return console;
    }

    private static async Task<IResult> List(ConsolePage page)
    {
        var table = Table(page);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<OAuthClient>(Path(page)));
        }

        var clients = await page.Api.Get<ApiPage<OAuthClient>>(Path(page), ("page", page.Query("page")));
        return page.Show<ClientsPage>(new ClientsModel(table.View(
            clients.Data,
            "There are no clients yet. Make one for a program that gets its access by OAuth.",
            clients.Pagination)));
    }

    private static IResult ShowNew(ConsolePage page) =>
        page.Show<NewClientPage>(new NewClientModel(FormState.Fresh(("role", "readonly"))));

    private static async Task<IResult> Create(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<OAuthClient>(HttpMethods.Post, Path(page), form, Settings(form));
        return answer.Value is { } made
            ? ShowSecret(page, made)
            : page.Show<NewClientPage>(new NewClientModel(form.Refused(answer.Problem!)), form);
    }

    private static Task<IResult> Show(ConsolePage page) => ShowClient(page);

    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<OAuthClient>(HttpMethods.Patch, Path(page, "client_id"), form, Settings(form));
        return answer.Problem is { } problem
            ? await ShowClient(page, edit: form.Refused(problem))
            : page.GoTo(
                $"{page.Home}/clients/{page.Id("client_id")}",
                "The client is changed; it holds everywhere in 5 seconds, for tokens that it has already too.");
    }

    private static async Task<IResult> Rotate(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<OAuthClient>(
            HttpMethods.Post, Path(page, "client_id") + "/rotate-secret", form);
        return answer.Value is { } made
            ? ShowSecret(page, made)
            : await ShowClient(page, rotate: form.Refused(answer.Problem!));
    }

    private static async Task<IResult> Revoke(ConsolePage page, FormState form)
    {
        var answer = await page.Api.Send<OAuthClient>(HttpMethods.Post, Path(page, "client_id") + "/revoke", form);
        return answer.Problem is { } problem
            ? await ShowClient(page, revoke: form.Refused(problem))
            : page.GoTo(page.Home + "/clients", $"{answer.Value!.Name} and all its tokens are revoked, for good.");
    }

    private static IResult ShowSecret(ConsolePage page, OAuthClient made) => page.Show<SecretPage>(new SecretModel(
        made.Name,
        "With both the program gets access tokens at /oauth/token. Give the secret to nobody else.",
        [("Client id", made.ClientId), ("Client secret", made.ClientSecret)],
        page.Home + "/clients",
        "To the clients"));

    private static async Task<IResult> ShowClient(
        ConsolePage page, FormState? edit = null, FormState? rotate = null, FormState? revoke = null)
    {
        var client = await page.Api.Get<OAuthClient>(Path(page, "client_id"));
        var names = await Names.Of(page, page.Organization!.OrganizationId);
        return page.Show<ClientPage>(
            new ClientModel(
                client,
                names.Of(client.CreatedBy),
                edit ?? FormState.Fresh([
                    ("name", client.Name), ("role", client.Role),
                    .. client.Scopes.Select(scope => ("scopes", (string?)scope))]),
                rotate,
                revoke),
            edit ?? rotate ?? revoke);
    }

    private static object Settings(FormState form) =>
        new { name = form.Text("name"), role = form.Text("role"), scopes = form.Many("scopes") };

    private static string Path(ConsolePage page) =>
        $"organizations/{page.Organization!.OrganizationId}/oauth-clients";

    private static string Path(ConsolePage page, string id) => $"{Path(page)}/{page.Id(id)}";

    private static Table<OAuthClient> Table(ConsolePage page) => new(
        "clients",
        new("Name", client => Cell.Text(client.Name, $"{page.Home}/clients/{client.ClientId}")),
        new("State", client => Cell.Status(client.IsActive ? "active" : "revoked")),
        new("Client id", client => Cell.Code(client.ClientId)),
        new("Role", client => Cell.Text(client.Role)),
        new("Scopes", client => Cell.Text(string.Join(' ', client.Scopes))),
        new("Last used", client => Cell.Time(client.LastUsed)),
        new("Made", client => Cell.Time(client.CreatedAt)));
}
