using System.ComponentModel.DataAnnotations;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Net.Http.Headers;

namespace Countinghouse.Http;

/// <summary>
/// A JSON body read into <typeparamref name="T"/> with every fault reported at once. The rules are those of the type:
/// its members, "required", nullability and validation attributes, which also make its schema in the OpenAPI document.
/// </summary>
public sealed class JsonBody<T>
    where T : class
{
    private readonly List<FieldError> _errors = [];
    private readonly HashSet<string> _present = new(StringComparer.Ordinal);
    private readonly Problem? _unreadable;
    private readonly T? _value;

    internal JsonBody(Problem unreadable) => _unreadable = unreadable;

    /// <summary>Holds an element against the type; faults are named from <paramref name="path"/> on.</summary>
    internal JsonBody(JsonElement element, bool strict, string path = "")
    {
        var check = new JsonCheck(_errors, strict);
        check.Object(element, WireJson.Options.GetTypeInfo(typeof(T)), path.Length > 0 ? path + "." : "");
        if (_errors.Count == 0)
        {
            _value = element.Deserialize<T>(WireJson.Options)!;
            foreach (var member in element.EnumerateObject())
            {
                _present.Add(member.Name);
            }
        }
    }

    /// <summary>What was sent; only when there is no <see cref="Problem"/> (own rules may still add faults).</summary>
    public T Value => _value ?? throw new InvalidOperationException("The body was refused; answer with its Problem.");

    /// <summary>The answer to give instead of going on; null when all is well.</summary>
    public Problem? Problem => _unreadable ?? (_errors.Count > 0 ? Problems.Invalid(_errors) : null);

    /// <summary>True when the member was sent at all: a PATCH leaves alone what was not, and null is a value.</summary>
    public bool Has(string member) => _present.Contains(member);

    /// <summary>Adds a fault that only the slice can know of.</summary>
    public void Refuse(string field, string message, string code = "invalid") =>
        _errors.Add(new FieldError(field, message, code));

    public void Refuse(IEnumerable<FieldError> errors) => _errors.AddRange(errors);

    public void Refuse(FieldError? error)
    {
        if (error is not null)
        {
            _errors.Add(error);
        }
    }
}

/// <summary>Reads request bodies.</summary>
public static class JsonBody
{
    /// <summary>Levels of nesting; no request needs more than four.</summary>
    private const int DepthMax = 16;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Unicode characters; a pair of surrogates is one.</summary>
    public static int Characters(this string text) => text.EnumerateRunes().Count();

    /// <summary>Says the request that its body is JSON in UTF-8, and not compressed?</summary>
    public static bool IsPlainJson(this HttpRequest request)
    {
        if (request.Headers.ContentEncoding is { Count: > 0 } encoding && encoding != "identity")
        {
            return false;
        }

        // Nearly everybody writes it like this, and nothing needs to be parsed.
        return request.ContentType is "application/json"
            || (request.HasJsonContentType()
                && MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
                && (!type.Charset.HasValue || type.Encoding is UTF8Encoding));
    }

    public static async Task<JsonBody<T>> ReadJson<T>(this HttpContext context, CancellationToken cancellation)
        where T : class
    {
        if (!context.Request.IsPlainJson())
        {
            return new JsonBody<T>(Problems.NotJson());
        }

        using var body = await RequestBody.Read(context.Request, cancellation);
        var strict = context.GetEndpoint()!.Metadata.GetMetadata<StrictInput>() is not null;
        return Parse<T>(body.Bytes, strict);
    }

    /// <summary>Reads a body that is at hand; a byte order mark before it is passed over.</summary>
    /// <param name="utf8">The whole body.</param>
    /// <param name="strict">True: members that the type does not know are faults.</param>
    public static JsonBody<T> Parse<T>(ReadOnlyMemory<byte> utf8, bool strict)
        where T : class
    {
        try
        {
            var text = utf8.Span.StartsWith(ByteOrderMark) ? utf8[ByteOrderMark.Length..] : utf8;
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = DepthMax });
            return new JsonBody<T>(document.RootElement, strict);
        }
        catch (JsonException error)
        {
            return new JsonBody<T>(BrokenJson(error));
        }
        catch (InvalidOperationException error) when (IsNoUnicode(error))
        {
            return new JsonBody<T>(Problems.BrokenJson("a text in it is not valid Unicode."));
        }
    }

    /// <summary>Reads one element of a body in which each stands alone; its faults begin with the path.</summary>
    public static JsonBody<T> ParseItem<T>(JsonElement item, string path)
        where T : class
    {
        try
        {
            return new JsonBody<T>(item, strict: false, path);
        }
        catch (InvalidOperationException error) when (IsNoUnicode(error))
        {
            return new JsonBody<T>(Problems.Invalid(path, "has a text that is not valid Unicode"));
        }
    }

    private static bool IsNoUnicode(InvalidOperationException error) =>
        error.Source == "System.Text.Json.Rethrowable";

    /// <summary>Says where JSON broke off, without quoting what was sent.</summary>
    public static Problem BrokenJson(JsonException error) => Problems.BrokenJson(
        $"it breaks off, goes wrong or is nested deeper than {DepthMax} levels at line {(error.LineNumber ?? 0) + 1}, "
        + $"byte {error.BytePositionInLine ?? 0}.");
}

/// <summary>Holds a JSON element against a type, member by member, and lists what does not fit.</summary>
internal sealed class JsonCheck(List<FieldError> errors, bool strict)
{
    public void Object(JsonElement element, JsonTypeInfo type, string path)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            errors.Add(new FieldError(path.TrimEnd('.'), "must be a JSON object", "invalid_type"));
            return;
        }

        var members = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var member in element.EnumerateObject())
        {
            if (!members.TryAdd(member.Name, member.Value))
            {
                errors.Add(new FieldError(path + member.Name, "must be given once", "duplicate"));
            }
        }

        foreach (var property in type.Properties)
        {
            if (members.Remove(property.Name, out var value))
            {
                Member(value, property, path + property.Name);
            }
            else if (property.IsRequired)
            {
                errors.Add(new FieldError(path + property.Name, "is required", "required"));
            }
        }

        if (strict)
        {
            errors.AddRange(members.Keys.Select(name =>
                new FieldError(path + name, "is not a member of this request", "unknown")));
        }
    }

    private void Member(JsonElement value, JsonPropertyInfo property, string path)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            var nullable = property.IsSetNullable && (!property.PropertyType.IsValueType
                || Nullable.GetUnderlyingType(property.PropertyType) is not null);
            if (!nullable)
            {
                errors.Add(new FieldError(path, "must not be null", "required"));
            }

            return;
        }

        var type = WireJson.Options.GetTypeInfo(property.PropertyType);
        if (type.Kind == JsonTypeInfoKind.Object)
        {
            Object(value, type, path + ".");
        }
        else if (type.Kind == JsonTypeInfoKind.Enumerable && type.ElementType is { } item
            && item != typeof(JsonElement))
        {
            Items(value, WireJson.Options.GetTypeInfo(item), path);
            Attributes(value, property, path);
        }
        else
        {
            Attributes(value, property, path);
        }
    }

    private void Items(JsonElement value, JsonTypeInfo item, string path)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            return;
        }

        var index = 0;
        foreach (var element in value.EnumerateArray())
        {
            if (item.Kind == JsonTypeInfoKind.Object)
            {
                Object(element, item, $"{path}[{index++}].");
            }
            else
            {
                TryRead(element, item.Type, $"{path}[{index++}]", out _);
            }
        }
    }

    private bool TryRead(JsonElement value, Type type, string path, out object? parsed)
    {
        try
        {
            parsed = value.Deserialize(type, WireJson.Options);
            return true;
        }
        catch (JsonException error)
        {
            // Faults inside the items were listed one by one; that the list cannot be read adds nothing.
            if (!errors.Any(known => known.Field.StartsWith(path + "[", StringComparison.Ordinal)))
            {
                var isBroken = type == typeof(string) && value.ValueKind == JsonValueKind.String;
                errors.Add(new FieldError(
                    path, "must be " + (isBroken ? "valid Unicode, in UTF-8" : Expected(type, error)), "invalid_type"));
            }

            parsed = null;
            return false;
        }
    }

    private void Attributes(JsonElement value, JsonPropertyInfo property, string path)
    {
        if (!TryRead(value, property.PropertyType, path, out var parsed))
        {
            return;
        }

        if (HasNul(parsed))
        {
            errors.Add(new FieldError(path, "must not contain the character U+0000", "invalid"));
        }

        var attributes =
            property.AttributeProvider?.GetCustomAttributes(typeof(ValidationAttribute), inherit: true) ?? [];
        foreach (var attribute in attributes.Cast<ValidationAttribute>())
        {
            if (!IsValid(attribute, parsed))
            {
                errors.Add(new FieldError(path, Sentence(attribute), "invalid"));
            }
        }
    }

    /// <summary>PostgreSQL cannot store it, and no honest text has it.</summary>
    private static bool HasNul(object? parsed) => parsed switch
    {
        string text => text.Contains('\0'),
        IReadOnlyDictionary<string, string> map =>
            map.Any(pair => pair.Key.Contains('\0') || (pair.Value?.Contains('\0') ?? false)),
        _ => false,
    };

    /// <summary>
    /// Characters are Unicode's, as in JSON Schema, not the halves that .NET counts; a name of blanks is no name.
    /// </summary>
    private static bool IsValid(ValidationAttribute attribute, object? value) => (attribute, value) switch
    {
        (StringLengthAttribute length, string text) =>
            text.Characters() <= length.MaximumLength
            && (length.MinimumLength == 0 || text.Trim().Characters() >= length.MinimumLength),
        _ => attribute.IsValid(value),
    };

    private static string Sentence(ValidationAttribute attribute) => attribute switch
    {
        StringLengthAttribute { MinimumLength: > 0 } length when length.MinimumLength == length.MaximumLength =>
            $"must be {length.MinimumLength} characters",
        StringLengthAttribute { MinimumLength: > 0 } length =>
            $"must be {length.MinimumLength} to {length.MaximumLength} characters, not all blank",
        StringLengthAttribute length => $"must be at most {length.MaximumLength} characters",
        LengthAttribute length => $"must have {length.MinimumLength} to {length.MaximumLength} items",
        RangeAttribute range => $"must be from {range.Minimum} to {range.Maximum}",
        _ => attribute.FormatErrorMessage("this"),
    };

    private static string Expected(Type type, JsonException error)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            var names = Enum.GetNames(type).Select(JsonNamingPolicy.SnakeCaseLower.ConvertName);
            return "one of: " + string.Join(", ", names);
        }

        if (type == typeof(string))
        {
            return "a string";
        }

        if (type == typeof(bool))
        {
            return "true or false";
        }

        if (type == typeof(int) || type == typeof(long))
        {
            return "a whole number";
        }

        return typeof(System.Collections.IDictionary).IsAssignableFrom(type) || type.Name.Contains("Dictionary")
            ? "a flat map of strings"
            : type.IsValueType ? error.Message.Split(" Path:")[0] : "a list of the right kind of values";
    }
}
