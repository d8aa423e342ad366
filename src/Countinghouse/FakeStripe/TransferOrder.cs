using System.Globalization;

namespace Countinghouse.FakeStripe;

/// <summary>What POST /v1/transfers asks for, once its parameters have been found good.</summary>
internal sealed record TransferOrder(
    long AmountCents, string Destination, string? TransferGroup, string? Description, string MetadataJson)
{
    public const string Currency = "usd";

    private const long AmountCentsMax = 999_999_999_999;
    private const int MetadataEntriesMax = 50;
    private const int MetadataNameCharactersMax = 40;
    private const int MetadataValueCharactersMax = 500;
    private const string Metadata = "metadata[";

    private static readonly string[] Required = ["amount", "currency", "destination"];
    private static readonly string[] Known =
        [.. Required, "transfer_group", "description", "source_type"];

    /// <summary>A refusal says what is wrong; without one the order is there.</summary>
    public static (TransferOrder? Order, FakeAnswer? Refusal) Read(IReadOnlyDictionary<string, string> form)
    {
        if (form.Keys.FirstOrDefault(name => !Known.Contains(name) && MetadataName(name) is null) is { } unknown)
        {
            return (null, FakeErrors.Unknown(unknown));
        }

        foreach (var name in Required)
        {
            if (form.GetValueOrDefault(name) is not { Length: > 0 } value)
            {
                return (null, form.ContainsKey(name) ? FakeErrors.Empty(name) : FakeErrors.Missing(name));
            }

            if (name == "amount" && ReadAmount(value) is null)
            {
                return (null, FakeErrors.NotWhole(name, value));
            }

            if (name == "currency" && !value.Equals(Currency, StringComparison.OrdinalIgnoreCase))
            {
                return (null, FakeErrors.Wrong(name, $"Invalid currency: {value}. This account has {Currency} alone."));
            }
        }

        if (ReadMetadata(form) is not { } metadata)
        {
            return (null, FakeErrors.Wrong(
                "metadata",
                $"Metadata has at most {MetadataEntriesMax} entries, names of {MetadataNameCharactersMax} characters "
                    + $"and values of {MetadataValueCharactersMax}."));
        }

        var order = new TransferOrder(
            ReadAmount(form["amount"])!.Value,
            form["destination"],
            form.GetValueOrDefault("transfer_group") is { Length: > 0 } group ? group : null,
            form.GetValueOrDefault("description") is { Length: > 0 } description ? description : null,
            metadata);
        return (order, null);
    }

    /// <summary>Whole cents from 1; null for anything else.</summary>
    public static long? ReadAmount(string text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var cents)
        && cents is >= 1 and <= AmountCentsMax
            ? cents
            : null;

    private static string? MetadataName(string name) =>
        name.StartsWith(Metadata, StringComparison.Ordinal) && name.EndsWith(']') && name.Length > Metadata.Length + 1
            ? name[Metadata.Length..^1]
            : null;

    /// <summary>Null when there is too much of it.</summary>
    private static string? ReadMetadata(IReadOnlyDictionary<string, string> form)
    {
        var entries = form
            .Select(field => (Name: MetadataName(field.Key), field.Value))
            .Where(entry => entry.Name is not null && entry.Value.Length > 0)
            .OrderBy(entry => entry.Name, StringComparer.Ordinal)
            .ToList();
        if (entries.Count > MetadataEntriesMax
            || entries.Any(entry => entry.Name!.Length > MetadataNameCharactersMax
                || entry.Value.Length > MetadataValueCharactersMax))
        {
            return null;
        }

        return FakeJson.Write(json =>
        {
            json.WriteStartObject();
            foreach (var (name, value) in entries)
            {
                json.WriteString(name!, value);
            }

            json.WriteEndObject();
        });
    }
}
