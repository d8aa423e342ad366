using System.CommandLine;
using System.CommandLine.Parsing;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>Options and arguments of the wire types: read by the types' own parsers, refused in their own words.</summary>
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

    /// <summary>A whole number from 0 to <paramref name="max"/>; 0 when the option is absent.</summary>
    public static Option<int> Number(string name, int max, string description)
    {
        var option = new Option<int>(name) { Description = description, HelpName = "N" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var number && (number < 0 || number > max))
            {
                result.AddError($"{name} must be from 0 to {max}.");
            }
        });
        return option;
    }

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
