using System.Globalization;

namespace Countinghouse.WebConsole.Everyone;

/// <summary>A key; the key itself only in the answer that made it.</summary>
public sealed record ApiKey(
    string KeyId,
    string Kind,
    string Role,
    string Name,
    string Description,
    bool IsActive,
    string? ExpiresAt,
    string? LastUsed,
    int RateLimitPerMinute,
    int RateLimitPerDay,
    IReadOnlyList<string> AllowedOrigins,
    string CreatedAt,
    string CreatedBy,
    string? Key = null)
{
    /// <summary>The last day on which it is good.</summary>
    public string ExpiryDay => ExpiresAt?[..10] ?? "";

    /// <summary>What it is at a moment.</summary>
    public string State(DateTimeOffset now) => !IsActive ? "revoked"
        : ExpiresAt is not null && DateTimeOffset.Parse(ExpiresAt, CultureInfo.InvariantCulture) <= now ? "expired"
        : "active";
}

/// <summary>Whose keys a page is about.</summary>
/// <param name="IsPerson">True for somebody's own, which go where their owner goes.</param>
/// <param name="Path">Of the API.</param>
/// <param name="Address">Of the pages.</param>
public sealed record KeyOwner(bool IsPerson, string Path, string Address)
{
    public static KeyOwner Of(ConsolePage page) => page.Organization is { } organization
        ? new KeyOwner(false, $"organizations/{organization.OrganizationId}/api-keys", page.Home + "/keys")
        : new KeyOwner(true, "users/me/api-keys", ConsolePage.Root + "/me/keys");
}

/// <summary>What the list of keys shows.</summary>
public sealed record KeysModel(KeyOwner Owner, TableView Keys);

/// <summary>What the page to make a key shows.</summary>
public sealed record NewKeyModel(KeyOwner Owner, FormState Form);

/// <summary>What the page of a key shows; of its forms the one that was refused says why.</summary>
public sealed record KeyModel(
    KeyOwner Owner, ApiKey Key, string State, string CreatedBy, FormState Edit, FormState Rotate, FormState? Revoke);

/// <summary>The keys of an organization, and in the same pages one's own.</summary>
public static class KeyPages
{
    public static IEndpointRouteBuilder MapKeys(this IEndpointRouteBuilder console)
    {
        foreach (var address in (string[])["/{organization_id}/keys", "/me/keys"])
        {
            var keys = console.MapGroup(address);
            keys.MapPage("", List);
            keys.MapPage("/new", ShowNew);
            keys.MapForm("/new", Create);
            keys.MapPage("/{key_id}", Show);
            keys.MapForm("/{key_id}", Change);
            keys.MapForm("/{key_id}/rotate", Rotate);
            keys.MapForm("/{key_id}/revoke", Revoke);
        }

        return console;
    }

    private static async Task<IResult> List(ConsolePage page)
    {
        var owner = KeyOwner.Of(page);
        var table = Table(page, owner);
        if (page.WantsCsv)
        {
            return table.Csv(await page.Api.All<ApiKey>(owner.Path));
        }

        var keys = await page.Api.Get<ApiPage<ApiKey>>(owner.Path, ("page", page.Query("page")));
        return page.Show<KeysPage>(new KeysModel(owner, table.View(
            keys.Data, "There are no keys yet. Make one for each program that calls the API.", keys.Pagination)));
    }

    private static IResult ShowNew(ConsolePage page) => page.Show<NewKeyPage>(
        new NewKeyModel(KeyOwner.Of(page), FormState.Fresh(("kind", "csb"), ("role", "readonly"))));

    private static async Task<IResult> Create(ConsolePage page, FormState form)
    {
        var owner = KeyOwner.Of(page);
        var body = Settings(form);
        body["expires_at"] = ExpiresAt(form);
        if (!owner.IsPerson)
        {
            body["kind"] = form.Text("kind");
            body["allowed_origins"] = form.Lines("allowed_origins");
        }

        var answer = await page.Api.Send<ApiKey>(HttpMethods.Post, owner.Path, form, body);
        return answer.Value is { } made
            ? ShowSecret(page, owner, made)
            : page.Show<NewKeyPage>(new NewKeyModel(owner, form.Refused(answer.Problem!)), form);
    }

    private static async Task<IResult> Show(ConsolePage page) => await ShowKey(page);

    private static async Task<IResult> Change(ConsolePage page, FormState form)
    {
        var owner = KeyOwner.Of(page);
        var key = await Find(page, owner);
        var body = Settings(form);

        // Left out where the day is the same: the key may end in the middle of it.
        if (form.Text("expires_at") != key.ExpiryDay)
        {
            body["expires_at"] = ExpiresAt(form);
        }

        if (key.Kind == "cpk")
        {
            body["allowed_origins"] = form.Lines("allowed_origins");
        }

        var answer = await page.Api.Send<ApiKey>(HttpMethods.Patch, $"{owner.Path}/{page.Id("key_id")}", form, body);
        return answer.Problem is { } problem
            ? await ShowKey(page, edit: form.Refused(problem))
            : page.GoTo($"{owner.Address}/{page.Id("key_id")}", "Changed; it holds everywhere in 5 seconds.");
    }

    private static async Task<IResult> Rotate(ConsolePage page, FormState form)
    {
        var owner = KeyOwner.Of(page);
        var answer = await page.Api.Send<ApiKey>(
            HttpMethods.Post,
            $"{owner.Path}/{page.Id("key_id")}/rotate",
            form,
            new { overlap_seconds = form.Number("overlap_seconds") });
        return answer.Value is { } made
            ? ShowSecret(page, owner, made)
            : await ShowKey(page, rotate: form.Refused(answer.Problem!));
    }

    private static async Task<IResult> Revoke(ConsolePage page, FormState form)
    {
        var owner = KeyOwner.Of(page);
        var answer = await page.Api.Send<ApiKey>(
            HttpMethods.Post, $"{owner.Path}/{page.Id("key_id")}/revoke", form);
        return answer.Problem is { } problem
            ? await ShowKey(page, revoke: form.Refused(problem))
            : page.GoTo(owner.Address, $"{answer.Value!.Name} is revoked, for good.");
    }

    private static IResult ShowSecret(ConsolePage page, KeyOwner owner, ApiKey made) =>
        page.Show<SecretPage>(new SecretModel(
            made.Name,
            made.Kind == "cpk"
                ? "Put this key into the web pages that record events; it is no secret."
                : "Give this key to the program that is to use it, and to nobody else.",
            [("Key", made.Key)],
            owner.Address,
            "To the keys"));

    private static async Task<IResult> ShowKey(
        ConsolePage page, FormState? edit = null, FormState? rotate = null, FormState? revoke = null)
    {
        var owner = KeyOwner.Of(page);
        var key = await Find(page, owner);
        var by = page.Organization is { } organization
            ? (await Names.Of(page, organization.OrganizationId)).Of(key.CreatedBy)
            : "";
        return page.Show<KeyPage>(
            new KeyModel(
                owner,
                key,
                key.State(page.Now),
                by,
                edit ?? FormState.Fresh(
                    ("name", key.Name),
                    ("description", key.Description),
                    ("role", key.Role),
                    ("expires_at", key.ExpiryDay),
                    ("rate_limit_per_minute", Limit(key.RateLimitPerMinute)),
                    ("rate_limit_per_day", Limit(key.RateLimitPerDay)),
                    ("allowed_origins", string.Join('\n', key.AllowedOrigins))),
                rotate ?? FormState.Fresh(("overlap_seconds", "86400")),
                revoke),
            edit ?? rotate ?? revoke);
    }

    /// <summary>One's own keys have no address to read one of them at.</summary>
    private static async Task<ApiKey> Find(ConsolePage page, KeyOwner owner) => owner.IsPerson
        ? (await page.Api.All<ApiKey>(owner.Path)).FirstOrDefault(key => key.KeyId == page.Id("key_id"))
            ?? throw RefusedByApiException.NotFound()
        : await page.Api.Get<ApiKey>($"{owner.Path}/{page.Id("key_id")}");

    /// <summary>What can be said of every key, new or old.</summary>
    private static Dictionary<string, object?> Settings(FormState form) => new()
    {
        ["name"] = form.Text("name"),
        ["description"] = form.Text("description"),
        ["role"] = form.Text("role"),
        ["rate_limit_per_minute"] = Limit(form, "rate_limit_per_minute"),
        ["rate_limit_per_day"] = Limit(form, "rate_limit_per_day"),
    };

    /// <summary>To the last second of the day that was typed.</summary>
    private static string? ExpiresAt(FormState form) =>
        form.Optional("expires_at") is { } day ? day + "T23:59:59Z" : null;

    /// <summary>What is no number goes as it is, for the API to refuse.</summary>
    private static object Limit(FormState form, string name) =>
        form.Optional(name) is not { } text ? 0 : form.Number(name) ?? (object)text;

    private static string Limit(int requests) =>
        requests == 0 ? "" : requests.ToString(CultureInfo.InvariantCulture);

    private static Table<ApiKey> Table(ConsolePage page, KeyOwner owner)
    {
        var now = page.Now;
        return new Table<ApiKey>(
            "keys",
            new("Name", key => Cell.Text(key.Name, $"{owner.Address}/{key.KeyId}")),
            new("State", key => Cell.Status(key.State(now))),
            new("Kind", key => Cell.Text(key.Kind)),
            new("Role", key => Cell.Text(key.Role)),
            new("Last used", key => Cell.Time(key.LastUsed)),
            new("Ends", key => Cell.Time(key.ExpiresAt)),
            new("Per minute", key => Cell.Text(LimitWords(key.RateLimitPerMinute)), IsNumber: true),
            new("Per day", key => Cell.Text(LimitWords(key.RateLimitPerDay)), IsNumber: true),
            new(
                "Web pages",
                key => Cell.Text(string.Join(' ', key.AllowedOrigins)),
                InCsv: !owner.IsPerson,
                InPage: !owner.IsPerson),
            new("Made", key => Cell.Time(key.CreatedAt)),
            new("Id", key => Cell.Code(key.KeyId), InPage: false));
    }

    private static string LimitWords(int requests) => requests == 0 ? "default" : Figures.Count(Limit(requests));
}
