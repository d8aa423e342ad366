using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>Options and arguments of the wire types: read by their own parsers, refused in their own words.</summary>
internal static class WireArguments
{
    public static Option<T> Option<T>(string name, string helpName, string description)
        where T : struct, IWireText<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            Required = true,
            CustomParser = result => Parse<T>(result, name),
        };

    public static Option<T?> Optional<T>(string name, string helpName, string description)
        where T : struct, IWireText<T> => new(name)
        {
            Description = description,
            HelpName = helpName,
            CustomParser = result => Parse<T>(result, name),
        };

    public static Argument<T> Argument<T>(string name, string description)
        where T : struct, IWireText<T> => new(name)
        {
            Description = description,
            CustomParser = result => Parse<T>(result, name),
        };

    /// <summary>A whole number within limits.</summary>
    public static Option<int> Number(string name, int min, int max, int usual, string description) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => usual,
        CustomParser = result =>
        {
            var text = result.Tokens[0].Value;
            if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                || number < min || number > max)
            {
                result.AddError($"{name} must be a whole number from {min} to {max}.");
            }

            return number;
        },
    };

    /// <summary>One of a few words.</summary>
    public static Option<T> Choice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct, Enum => Choice(name, description, isRequired: true, choices);

    /// <summary>The same; the enum's zero when it is not given.</summary>
    public static Option<T> OptionalChoice<T>(string name, string description, params (string Word, T Value)[] choices)
        where T : struct, Enum => Choice(name, description, isRequired: false, choices);

    private static Option<T> Choice<T>(
        string name, string description, bool isRequired, (string Word, T Value)[] choices)
        where T : struct, Enum => new(name)
        {
            Description = description,
            HelpName = string.Join('|', choices.Select(choice => choice.Word)),
            Required = isRequired,
            CustomParser = result =>
            {
                var text = result.Tokens[0].Value;
                foreach (var (word, value) in choices)
                {
                    if (word == text)
                    {
                        return value;
                    }
                }

                result.AddError($"{name} must be one of: {string.Join(", ", choices.Select(choice => choice.Word))}.");
                return default;
            },
        };

    private static T Parse<T>(ArgumentResult result, string name)
        where T : struct, IWireText<T>
    {
        if (!T.TryParse(result.Tokens[0].Value, out var value))
        {
            result.AddError($"{name} must be {T.Expected}.");
        }

        return value;
    }
}
