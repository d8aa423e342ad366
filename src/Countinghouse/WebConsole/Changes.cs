using System.Text.Json;

namespace Countinghouse.WebConsole;

/// <summary>What the audit trail holds of a change, in words.</summary>
public static class Changes
{
    /// <summary>"status: draft → active; bid: 0.25 → 0.30"; of what is new there is nothing to compare.</summary>
    public static string InWords(JsonElement? before, JsonElement? after)
    {
        if (before is not { ValueKind: JsonValueKind.Object })
        {
            return "new";
        }

        var old = Members(before);
        var now = Members(after);
        return string.Join("; ", now.Keys.Union(old.Keys)
            .Where(name => old.GetValueOrDefault(name) != now.GetValueOrDefault(name))
            .Select(name => (old.GetValueOrDefault(name), now.GetValueOrDefault(name)) switch
            {
                (null, { } value) => $"{name}: {value}",
                ({ } value, null) => $"{name}: {value} → none",
                var (from, to) => $"{name}: {from} → {to}",
            }));
    }

    /// <summary>The same, of one object that holds both.</summary>
    public static string InWords(JsonElement? changes) =>
        changes is { ValueKind: JsonValueKind.Object } both
            ? InWords(Member(both, "before"), Member(both, "after"))
            : "";

    private static JsonElement? Member(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var member) ? member : null;

    private static Dictionary<string, string> Members(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Object } members
            ? members.EnumerateObject()
                .Where(member => member.Value.ValueKind != JsonValueKind.Null)
                .ToDictionary(member => member.Name, member => member.Value.ToString())
            : [];
}
