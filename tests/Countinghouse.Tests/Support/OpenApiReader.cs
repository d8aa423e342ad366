using System.Text.Json;

namespace Countinghouse.Support;

/// <summary>An OpenAPI document as a caller reads it: plain JSON, references followed by hand.</summary>
public sealed class OpenApiReader(JsonElement root, string text)
{
    public JsonElement Root => root;

    public string Text => text;

    public IEnumerable<string> Tags =>
        root.GetProperty("tags").EnumerateArray().Select(tag => tag.GetProperty("name").GetString()!);

    public IReadOnlyList<OpenApiReaderOperation> Operations { get; } =
    [
        .. from path in root.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           select new OpenApiReaderOperation(root, path.Name, operation.Name, operation.Value),
    ];

    /// <summary>Every "$ref" anywhere.</summary>
    public IReadOnlySet<string> References { get; } = FindReferences(root).ToHashSet();

    /// <summary>Every member of every named schema with what is said about it.</summary>
    public IEnumerable<(string Schema, string Member, string Description)> Descriptions =>
        from schema in root.GetProperty("components").GetProperty("schemas").EnumerateObject()
        from member in Members(schema.Name)
        select (schema.Name, member.Name, Description(member.Schema));

    public bool Has(string reference) => Find(root, reference) is not null;

    public IEnumerable<string> Required(string schema) =>
        Find(root, "#/components/schemas/" + schema)!.Value.GetProperty("required").EnumerateArray()
            .Select(name => name.GetString()!);

    public IEnumerable<(string Name, JsonElement Schema)> Members(string schema) =>
        Find(root, "#/components/schemas/" + schema)!.Value.TryGetProperty("properties", out var members)
            ? members.EnumerateObject().Select(member => (member.Name, member.Value))
            : [];

    /// <summary>What a "#/a/b" leads to; null for nothing.</summary>
    internal static JsonElement? Find(JsonElement root, string reference)
    {
        JsonElement? at = root;
        foreach (var step in reference.Split('/').Skip(1))
        {
            at = at is { } here && here.TryGetProperty(step, out var next) ? next : null;
        }

        return at;
    }

    private string Description(JsonElement schema)
    {
        if (schema.TryGetProperty("description", out var own))
        {
            return own.GetString()!;
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Description(Find(root, reference.GetString()!)!.Value);
        }

        return schema.TryGetProperty("oneOf", out var alternatives)
            ? string.Join(' ', alternatives.EnumerateArray().Select(Description)).Trim()
            : "";
    }

    private static IEnumerable<string> FindReferences(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member =>
            member is { Name: "$ref", Value.ValueKind: JsonValueKind.String }
                ? [member.Value.GetString()!]
                : FindReferences(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(FindReferences),
        _ => [],
    };
}

/// <summary>One operation of the document.</summary>
public sealed class OpenApiReaderOperation(JsonElement root, string path, string method, JsonElement operation)
{
    public string Path => path;

    public string Method => method;

    public string Name => $"{method} {path}";

    public string Id => Text("operationId");

    public string Summary => Text("summary");

    public string Description => Text("description");

    public bool IsDiscovery => Tags.Contains("Discovery");

    /// <summary>Under OAuth's rules; its metadata is discovery.</summary>
    public bool IsOAuth => Tags.Contains("OAuth") && !IsDiscovery;

    public bool HasBody => operation.TryGetProperty("requestBody", out _);

    public bool HasIdempotencyKey => operation.GetProperty("parameters").EnumerateArray().Any(
        parameter => Followed(parameter).GetProperty("name").GetString() == "Idempotency-Key");

    public IEnumerable<string> Tags =>
        operation.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()!);

    public IReadOnlyList<string> Statuses =>
        [.. operation.GetProperty("responses").EnumerateObject().Select(answer => answer.Name)];

    /// <summary>The ways to sign in that will do; "" for none.</summary>
    public IEnumerable<string> Security => operation.GetProperty("security").EnumerateArray().Select(
        alternative => string.Join('+', alternative.EnumerateObject().Select(scheme => scheme.Name)));

    public JsonElement Answer(string status) => Followed(operation.GetProperty("responses").GetProperty(status));

    public IEnumerable<string> Headers(string status) => Answer(status).TryGetProperty("headers", out var headers)
        ? headers.EnumerateObject().Select(header => header.Name)
        : [];

    public override string ToString() => Name;

    private string Text(string name) => operation.TryGetProperty(name, out var value) ? value.GetString()! : "";

    private JsonElement Followed(JsonElement element) => element.TryGetProperty("$ref", out var reference)
        ? OpenApiReader.Find(root, reference.GetString()!)!.Value
        : element;
}
