using System.Globalization;
using System.Text.Json;

namespace Countinghouse.Http;

/// <summary>
/// The flat string map that callers may hang on their objects. Writing merges, an empty value deletes its key, an
/// empty map or null clears all.
/// </summary>
public static class MetadataMap
{
    public const int KeysMax = 50;
    public const int KeyLengthMax = 40;
    public const int ValueLengthMax = 500;

    /// <summary>What is wrong with a written map, field by field.</summary>
    public static IEnumerable<FieldError> Check(IReadOnlyDictionary<string, string>? written)
    {
        foreach (var (key, value) in written ?? new Dictionary<string, string>())
        {
            if (key.Length == 0 || key.Characters() > KeyLengthMax)
            {
                var start = key[..Math.Min(key.Length, KeyLengthMax)];
                yield return Error($"metadata.{start}", $"needs a key of 1 to {KeyLengthMax} characters");
            }

            if (value is null)
            {
                yield return Error($"metadata.{key}", $"must be a string; an empty one deletes the key");
            }
            else if (value.Characters() > ValueLengthMax)
            {
                yield return Error($"metadata.{key}", $"must be at most {ValueLengthMax} characters");
            }
        }
    }

    /// <summary>The stored map after a write; with an error when it would hold too many keys.</summary>
    public static (Dictionary<string, string> Map, FieldError? Error) Merge(
        IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string>? written)
    {
        if (written is null || written.Count == 0)
        {
            return ([], null);
        }

        var merged = new Dictionary<string, string>(stored);
        foreach (var (key, value) in written)
        {
            if (value.Length == 0)
            {
                merged.Remove(key);
            }
            else
            {
                merged[key] = value;
            }
        }

        return merged.Count <= KeysMax
            ? (merged, null)
            : ([], Error("metadata", $"must have at most {KeysMax} keys; it would have {merged.Count}"));
    }

    /// <summary>The map of a new object; faults go to the body it came in, under <paramref name="field"/>.</summary>
    public static Dictionary<string, string> New<T>(
        JsonBody<T> body, IReadOnlyDictionary<string, string>? written, string field = "metadata")
        where T : class
    {
        var faults = Check(written).ToList();
        var (map, tooMany) = faults.Count == 0 ? Merge(new Dictionary<string, string>(), written) : ([], null);
        if (tooMany is not null)
        {
            faults.Add(tooMany);
        }

        body.Refuse(faults.Select(fault => fault with { Field = field + fault.Field["metadata".Length..] }));
        return map;
    }

    /// <summary>The map of a stored object after a PATCH: as it was when the body does not speak of it.</summary>
    public static IReadOnlyDictionary<string, string> Patch<T>(
        JsonBody<T> body, IReadOnlyDictionary<string, string> stored, IReadOnlyDictionary<string, string>? written)
        where T : class
    {
        if (!body.Has("metadata"))
        {
            return stored;
        }

        var (map, tooMany) = Merge(stored, written);
        body.Refuse(tooMany);
        return map;
    }

    public static string Store(IReadOnlyDictionary<string, string> map) => JsonSerializer.Serialize(map);

    public static Dictionary<string, string> Load(string stored) =>
        JsonSerializer.Deserialize<Dictionary<string, string>>(stored) ?? [];

    private static FieldError Error(string field, FormattableString message) =>
        new(field, message.ToString(CultureInfo.InvariantCulture), "invalid_metadata");
}
