using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Countinghouse.Http;

/// <summary>
/// What the API's types look like in JSON Schema. Everything follows from the C# types that read and write the wire,
/// so no schema is written by hand and none can drift from what is sent.
/// </summary>
internal static class OpenApiSchemas
{
    private const string IdPattern = "^[" + ShortUuid.Alphabet + "]{22}$";

    /// <summary>The name of a type's schema in the document; null writes the schema out where it is used.</summary>
    public static string? NameOf(JsonTypeInfo type)
    {
        var plain = Nullable.GetUnderlyingType(type.Type) ?? type.Type;
        if (Describe(plain) is not null || plain == typeof(JsonElement))
        {
            return null;
        }

        if (plain.IsEnum)
        {
            return NameOfEnum(plain);
        }

        if (plain == typeof(ProblemBody))
        {
            return "Problem";
        }

        return plain.IsGenericType && plain.GetGenericTypeDefinition() == typeof(Paged<>)
            ? "Paged" + plain.GetGenericArguments()[0].Name
            : OpenApiOptions.CreateDefaultSchemaReferenceId(type);
    }

    public static string NameOfEnum(Type type) =>
        type.Name.EndsWith("Enum", StringComparison.Ordinal) ? type.Name : type.Name + "Enum";

    public static Task Transform(
        OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellation)
    {
        var type = context.JsonTypeInfo.Type;
        var plain = Nullable.GetUnderlyingType(type) ?? type;
        if (Describe(plain) is { } text)
        {
            Apply(text, schema);

            // A member tells what it is about; elsewhere the form of the text is all there is to tell.
            schema.Description =
                context.JsonPropertyInfo is null ? text.Description : schema.Description ?? text.Description;
        }
        else if (plain.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
            schema.Enum = [.. (schema.Enum ?? []).Where(choice => choice is not null && !choice.IsJsonNullSentinel())];
        }
        else if (context.JsonTypeInfo is { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } element }
            && Describe(Nullable.GetUnderlyingType(element) ?? element) is { } item)
        {
            // The framework leaves out items whose schema it cannot guess.
            var items = new OpenApiSchema();
            Apply(item, items);
            items.Description = item.Description;
            schema.Items = items;
        }
        else if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Dictionary)
        {
            ApplyMetadataLimits(schema);
        }
        else if (context.JsonTypeInfo.Kind == JsonTypeInfoKind.Object)
        {
            schema.Required = RequiredMembers(context.JsonTypeInfo);
        }

        // An enum's schema is shared by members that may be null and members that may not; those say so themselves.
        if (plain != type && !plain.IsEnum && schema.Type is { } known)
        {
            schema.Type = known | JsonSchemaType.Null;
        }

        if (context.JsonPropertyInfo is { } property)
        {
            ApplyMember(schema, property);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// A member is required when nothing in the type stands in for it: "required", or a constructor's parameter
    /// without a default. What an answer may leave out it declares as optional.
    /// </summary>
    private static HashSet<string> RequiredMembers(JsonTypeInfo type) =>
        [.. type.Properties.Where(property => property.IsRequired || IsMandatoryParameter(property))
            .Select(property => property.Name)];

    private static bool IsMandatoryParameter(JsonPropertyInfo property) =>
        property.AssociatedParameter is { HasDefaultValue: false };

    private static void ApplyMember(OpenApiSchema schema, JsonPropertyInfo property)
    {
        var attributes = property.AttributeProvider?.GetCustomAttributes(inherit: true) ?? [];
        if (attributes.OfType<DataTypeAttribute>().Any(attribute => attribute.DataType == DataType.DateTime))
        {
            schema.Format = "date-time";
        }

        var leftOut = attributes.OfType<JsonIgnoreAttribute>()
            .Any(ignore => ignore.Condition == JsonIgnoreCondition.WhenWritingNull);
        if (leftOut)
        {
            // Left out when there is nothing to say, and so never null.
            schema.Type &= ~JsonSchemaType.Null;
        }

        if (OpenApiExamples.OfMember(property.Name, schema, property.DeclaringType.Name) is { } example)
        {
            schema.Examples = [example];
        }
    }

    private static void ApplyMetadataLimits(OpenApiSchema schema)
    {
        if (schema.AdditionalProperties is not OpenApiSchema value || value.Type != JsonSchemaType.String)
        {
            return;
        }

        value.MaxLength = MetadataMap.ValueLengthMax;
        schema.MaxProperties = MetadataMap.KeysMax;
        schema.PropertyNames = new OpenApiSchema { MinLength = 1, MaxLength = MetadataMap.KeyLengthMax };
    }

    private static void Apply(TextForm text, OpenApiSchema schema)
    {
        schema.Type = JsonSchemaType.String;
        schema.Format = text.Format;
        schema.Pattern = text.Pattern;
        schema.MinLength = text.Length;
        schema.MaxLength = text.Length;
        schema.Examples = [JsonValue.Create(text.Example)];
        schema.Properties = null;
        schema.Required = null;
    }

    private static TextForm? Describe(Type type)
    {
        if (type.IsAssignableTo(typeof(IId)) && type.IsValueType)
        {
            return Id;
        }

        return TextForms.GetValueOrDefault(type);
    }

    /// <summary>A value that travels as a JSON string of a certain form.</summary>
    private sealed record TextForm(string Description, string Example)
    {
        public string? Format { get; init; }

        public string? Pattern { get; init; }

        public int? Length { get; init; }
    }

    private static readonly TextForm Id = new(
        "An id, as 22 characters. Where a request takes an id, the dashed UUID of the same value is accepted too.",
        "WmsG2qe2XXxacqiqo2MfnY")
    {
        Format = "shortuuid",
        Pattern = IdPattern,
        Length = ShortUuid.LengthChars,
    };

    private static readonly Dictionary<Type, TextForm> TextForms = new()
    {
        [typeof(Money)] = Decimal("An amount in USD, with two places.", "250.00"),
        [typeof(Cents)] = Decimal("An amount in USD, with two places.", "2890.00"),
        [typeof(WireDecimal)] = Decimal("A figure with two places, rounded half away from zero.", "2890.00"),
        [typeof(Bid)] = Decimal("A price in USD with as many places as it needs, from two to six.", "0.25"),
        [typeof(FeeRate)] = Decimal("A fraction from 0 to 1: \"0.15\" is 15 %. At most six places.", "0.15"),
        [typeof(MailAddress)] = new("A mail address, in ASCII; upper and lower case are the same.", "kim@example.com")
        {
            Format = "email",
        },
        [typeof(UtcDay)] = new("A day, UTC.", "2025-08-05") { Format = "date" },
        [typeof(Period)] = new("A calendar month, UTC.", "2025-08") { Pattern = @"^\d{4}-\d{2}$" },
        [typeof(Instant)] = new("A moment, RFC 3339; answers are in UTC and end in Z.", "2025-08-05T14:30:00Z")
        {
            Format = "date-time",
        },
    };

    private static TextForm Decimal(string description, string example) =>
        new(description, example) { Pattern = WireDecimal.Pattern };
}
