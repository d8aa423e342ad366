using System.Text.Json;
using System.Text.Json.Serialization;
using Countinghouse.Primitives;

namespace Countinghouse.Http;

/// <summary>
/// How everything is spelled in JSON: snake_case members, ids and decimals and times as their text forms.
/// </summary>
public static class WireJson
{
    /// <summary>The options of every answer and request.</summary>
    public static JsonSerializerOptions Options { get; } = Create();

    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;

        // "Event_id" is a member nobody knows: JsonCheck passes it over, and what it passed over must not be read.
        options.PropertyNameCaseInsensitive = false;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.RespectNullableAnnotations = true;
        options.Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new WireTextConverterFactory());
        options.Converters.Add(new PrintedConverter<WireDecimal>());
        options.Converters.Add(new PrintedConverter<Cents>());
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        Configure(options);

        // Else the first request after a start, asking for a type's metadata before anything was serialized, is a 500.
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    /// <summary>Makes the converter of any type with a text form.</summary>
    private sealed class WireTextConverterFactory : JsonConverterFactory
    {
        public override bool CanConvert(Type typeToConvert) => typeToConvert.IsValueType
            && typeToConvert.GetInterfaces().Any(i =>
                i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IWireText<>));

        public override JsonConverter CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            (JsonConverter)Activator.CreateInstance(typeof(WireTextConverter<>).MakeGenericType(typeToConvert))!;
    }

    private sealed class WireTextConverter<T> : JsonConverter<T>
        where T : struct, IWireText<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
        {
            try
            {
                if (reader.TokenType == JsonTokenType.String && T.TryParse(reader.GetString()!, out var value))
                {
                    return value;
                }
            }
            catch (InvalidOperationException)
            {
                // Text that is not valid Unicode; it is no value of this type either.
            }

            throw new JsonException(T.Expected);
        }

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }

    /// <summary>For figures, which are only ever printed.</summary>
    private sealed class PrintedConverter<T> : JsonConverter<T>
        where T : struct
    {
        public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new JsonException("a figure is never read");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
