using System.Text.Json;

namespace Countinghouse.WebConsole;

/// <summary>A member that was changed: null where it was not there, or is not any more.</summary>
public sealed record Change(string Member, string? From, string? To);

/// <summary>What the audit trail holds of a change, before and after.</summary>
public static class Changes
{
    /// <summary>Every member that differs, those of objects by themselves.</summary>
    public static IReadOnlyList<Change> Between(JsonElement? before, JsonElement? after)
    {
        var (old, now) = (Members(before), Members(after));
        return
        [
            .. old.Keys.Union(now.Keys)
                .Select(name => new Change(name, old.GetValueOrDefault(name), now.GetValueOrDefault(name)))
                .Where(change => change.From != change.To),
        ];
    }

    /// <summary>"status: draft → active; bid: 0.25 → 0.30"; of what is new there is nothing to compare.</summary>
    public static string InWords(JsonElement? before, JsonElement? after) =>
        before is not { ValueKind: JsonValueKind.Object }
            ? "new"
            : string.Join("; ", Between(before, after).Select(change => change.From is null
                ? $"{change.Member}: {change.To}"
                : $"{change.Member}: {change.From} → {change.To ?? "none"}"));

    private static Dictionary<string, string> Members(JsonElement? value)
    {
        var members = new Dictionary<string, string>();
        if (value is { } there)
        {
            Add(members, "", there);
        }

        return members;
    }

    private static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };

    private static void Add(Dictionary<string, string> members, string name, JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in value.EnumerateObject())
            {
                Add(members, name.Length == 0 ? member.Name : $"{name}.{member.Name}", member.Value);
            }
        }
        else if (value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined))
        {
            members[name] = Text(value);
        }
    }
}
