using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Countinghouse.Commands.Configuring;

/// <summary>A setting as its options class declares it: the only place where it is written down.</summary>
/// <param name="Name">As it is set: "Section:Setting".</param>
/// <param name="Property">What it is bound to.</param>
/// <param name="Default">The value where nobody gives one; empty for none.</param>
internal sealed partial record Setting(string Name, PropertyInfo Property, string Default)
{
    /// <summary>Of a value that is shown; what is longer is cut.</summary>
    private const int ShownCharactersMax = 80;

    /// <summary>Texts that end so are secrets, whether or not somebody thought of saying so.</summary>
    private static readonly string[] SecretEndings = ["Password", "Secret", "Key", "Token", "Headers"];

    private Type Type => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>Its values stand below it, under numbers or names.</summary>
    public bool HasParts => Type != typeof(string) && Type.IsAssignableTo(typeof(IEnumerable));

    /// <summary>Its value is never shown.</summary>
    public bool IsSecret =>
        Property.GetCustomAttribute<DataTypeAttribute>() is { DataType: DataType.Password }
        || ((Type == typeof(string) || HasParts)
            && SecretEndings.Any(ending => Property.Name.EndsWith(ending, StringComparison.Ordinal)));

    /// <summary>What may be written, to stand after "must be".</summary>
    public string Allowed
    {
        get
        {
            if (Property.GetCustomAttribute<RangeAttribute>() is { } range)
            {
                return string.Create(
                    CultureInfo.InvariantCulture, $"a whole number from {range.Minimum} to {range.Maximum}");
            }

            return Type == typeof(bool) ? "true or false"
                : Type.IsEnum ? string.Join(", ", Enum.GetNames(Type))
                : Property.GetCustomAttribute<UrlAttribute>() is not null ? "an address with http:// or https://"
                : Property.GetCustomAttribute<RequiredAttribute>() is not null ? "a text that is not empty"
                : Type == typeof(string) ? "a text"
                : $"a value of the kind of {Default}";
        }
    }

    /// <summary>The sentence that the options class has for a wrong value; null when it has none of its own.</summary>
    public string? OwnComplaint => Property.GetCustomAttributes<ValidationAttribute>()
        .Where(rule => rule is not (RangeAttribute or UrlAttribute or RequiredAttribute or DataTypeAttribute))
        .Select(rule => rule.FormatErrorMessage(Property.Name))
        .FirstOrDefault();

    /// <summary>True when the framework can make a value of the property's type of the text.</summary>
    public bool CanRead(string text)
    {
        if (HasParts)
        {
            return true;
        }

        try
        {
            TypeDescriptor.GetConverter(Type).ConvertFromInvariantString(text);
            return true;
        }
        catch (Exception error) when (error is ArgumentException or FormatException or NotSupportedException
            or OverflowException || error.InnerException is FormatException or OverflowException)
        {
            return false;
        }
    }

    /// <summary>A value for people's eyes: of a secret no more than that there is one.</summary>
    public string Show(string value)
    {
        if (IsSecret)
        {
            return value.Length > 0 ? "set" : "not set";
        }

        var line = Credentials().Replace(string.Concat(value.Select(c => char.IsControl(c) ? ' ' : c)), "://***@");
        return line.Length > ShownCharactersMax ? line[..ShownCharactersMax] + "..." : line;
    }

    /// <summary>All that is declared: one for each property of each options class.</summary>
    public static IReadOnlyList<Setting> Known { get; } =
    [
        .. typeof(Setting).Assembly.GetTypes()
            .Where(type => type.Name.EndsWith("Options", StringComparison.Ordinal) && SectionOf(type) is not null)
            .SelectMany(Of)
            .OrderBy(setting => setting.Name.Contains(':', StringComparison.Ordinal))
            .ThenBy(setting => setting.Name, StringComparer.Ordinal),
    ];

    private static IEnumerable<Setting> Of(Type options)
    {
        var section = SectionOf(options)!;
        var defaults = Activator.CreateInstance(options);
        return options.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite)
            .Select(property => new Setting(
                section.Length > 0 ? $"{section}:{property.Name}" : property.Name,
                property,
                Text(property.GetValue(defaults))));
    }

    private static string Text(object? value) => value switch
    {
        bool truth => truth ? "true" : "false",
        string text => text,
        IEnumerable parts => string.Join(", ", parts.Cast<object>()),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    private static string? SectionOf(Type options) =>
        options.GetField("Section", BindingFlags.Public | BindingFlags.Static) is { IsLiteral: true } constant
            ? constant.GetRawConstantValue() as string
            : null;

    /// <summary>A name and password within an address.</summary>
    [GeneratedRegex("://[^/@]*@")]
    private static partial Regex Credentials();
}
