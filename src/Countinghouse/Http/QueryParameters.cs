using System.Globalization;
using System.Text.Json;
using Countinghouse.Primitives;

namespace Countinghouse.Http;

/// <summary>
/// A query parameter that an endpoint declares on its route. The declaration checks the value before the handler runs
/// and describes it in the OpenAPI document, so the two cannot disagree.
/// </summary>
public abstract record QueryParameter(string Name, string Description)
{
    /// <summary>Null when the text is acceptable, else the end of the sentence "name ...".</summary>
    public abstract string? Refuse(string text);

    /// <summary>The type whose schema describes the value.</summary>
    public abstract Type ValueType { get; }
}

/// <summary>A value with a text form: an id, a day, a month.</summary>
public sealed record WireQuery<T>(string Name, string Description) : QueryParameter(Name, Description)
    where T : struct, IWireText<T>
{
    public override Type ValueType => typeof(T);

    public override string? Refuse(string text) => T.TryParse(text, out _) ? null : "must be " + T.Expected;

    public T? Read(HttpContext context) =>
        context.Request.Query.TryGetValue(Name, out var text) && T.TryParse(text.ToString(), out var value)
            ? value
            : null;
}

/// <summary>A whole number within bounds.</summary>
public sealed record NumberQuery(string Name, string Description, int Minimum, int Maximum, int Default)
    : QueryParameter(Name, Description)
{
    public override Type ValueType => typeof(int);

    public override string? Refuse(string text) => Parse(text) is not null
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {Minimum} to {Maximum}");

    public int Read(HttpContext context) =>
        context.Request.Query.TryGetValue(Name, out var text) ? Parse(text.ToString()) ?? Default : Default;

    private int? Parse(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
        && number >= Minimum && number <= Maximum
            ? number
            : null;
}

/// <summary>One of a fixed set of words, spelled as in answers.</summary>
public sealed record ChoiceQuery<T>(string Name, string Description) : QueryParameter(Name, Description)
    where T : struct, Enum
{
    private static readonly Dictionary<string, T> Choices =
        Enum.GetValues<T>().ToDictionary(
            value => JsonSerializer.SerializeToElement(value, WireJson.Options).GetString()!);

    public override Type ValueType => typeof(T);

    public override string? Refuse(string text) =>
        Choices.ContainsKey(text) ? null : "must be one of: " + string.Join(", ", Choices.Keys);

    public T? Read(HttpContext context) =>
        context.Request.Query.TryGetValue(Name, out var text) && Choices.TryGetValue(text.ToString(), out var value)
            ? value
            : null;
}

/// <summary>Free text up to a length.</summary>
public sealed record TextQuery(string Name, string Description, int LengthMax) : QueryParameter(Name, Description)
{
    public override Type ValueType => typeof(string);

    public override string? Refuse(string text) => text.Contains('\0')
        ? "must not contain the character U+0000"
        : text.Characters() <= LengthMax
        ? null
        : string.Create(CultureInfo.InvariantCulture, $"must be at most {LengthMax} characters");

    public string? Read(HttpContext context) =>
        context.Request.Query.TryGetValue(Name, out var text) && text.ToString().Length > 0 ? text.ToString() : null;
}
