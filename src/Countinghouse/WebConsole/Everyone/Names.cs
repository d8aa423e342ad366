namespace Countinghouse.WebConsole.Everyone;

/// <summary>Something shown once.</summary>
/// <param name="Title">What was made.</param>
/// <param name="What">What it is for, in a sentence.</param>
/// <param name="Values">What to copy; null where the same form was sent before, for then nobody can show it.</param>
/// <param name="Next">Where to go on.</param>
/// <param name="NextText">In words.</param>
public sealed record SecretModel(
    string Title, string What, IReadOnlyList<(string Label, string? Text)> Values, string Next, string NextText);

/// <summary>Somebody of an organization.</summary>
public sealed record Member(string UserId, string Email, string Name, string Role, bool HasTotp, string CreatedAt);

/// <summary>
/// The names of whoever others call by an id, such as user:ID: the people, keys and clients of an organization. Who
/// has gone keeps the id.
/// </summary>
public sealed class Names
{
    private readonly Dictionary<string, string> _names;

    private Names(Dictionary<string, string> names) => _names = names;

    /// <summary>All that there are, as the API spells them, with their names.</summary>
    public IEnumerable<KeyValuePair<string, string>> All => _names.OrderBy(pair => pair.Value, StringComparer.Ordinal);

    public static async Task<Names> Of(ConsolePage page, string organization)
    {
        var names = new Dictionary<string, string>();
        var path = $"organizations/{organization}";
        foreach (var member in await page.Api.All<Member>($"{path}/members"))
        {
            names[$"user:{member.UserId}"] = member.Name;
        }

        foreach (var key in await page.Api.All<Named>($"{path}/api-keys"))
        {
            names[$"key:{key.KeyId}"] = $"{key.Name} (key)";
        }

        foreach (var client in await page.Api.All<Named>($"{path}/oauth-clients"))
        {
            names[$"client:{client.ClientId}"] = $"{client.Name} (client)";
        }

        return new Names(names);
    }

    /// <summary>The name, or where nobody knows it what was given.</summary>
    public string Of(string actor) => _names.GetValueOrDefault(actor, actor);

    private sealed record Named(string Name, string? KeyId, string? ClientId);
}
