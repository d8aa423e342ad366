using System.Data.Common;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>A command cannot do what was asked; the message is all that the user needs.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>What went wrong, in sentences for the person at the terminal.</summary>
internal static class Failures
{
    /// <summary>Null: not foreseen, hence a bug, and its stack trace is worth having.</summary>
    public static IReadOnlyList<string>? Describe(Exception error) => error switch
    {
        CommandException or SchemaTooNewException or NotDistributableException => [error.Message],
        OptionsValidationException invalid => Describe([invalid]),
        AggregateException many when many.InnerExceptions.All(one => one is OptionsValidationException) =>
            Describe(many.InnerExceptions.Cast<OptionsValidationException>()),

        // "Failed to convert configuration value 'x' at 'Section:Setting' to type ..."
        InvalidOperationException { InnerException: FormatException or OverflowException or ArgumentException } =>
            ["The configuration is not valid: " + OneLine(error.Message)],
        IOException { InnerException: AddressInUseException } =>
            [OneLine(error.Message) + " Choose another with --urls."],
        InvalidDataException => ["The database holds what this program cannot read: " + OneLine(error.Message)],
        DbException => ["The database cannot be used: " + OneLine(WithCause(error))],
        _ => null,
    };

    /// <summary>Every setting that is wrong, by the name under which it is set.</summary>
    private static List<string> Describe(IEnumerable<OptionsValidationException> invalid) =>
    [
        "The configuration is not valid:",
        .. invalid.SelectMany(one => one.Failures, (one, text) => $"  {Section(one.OptionsType)}:{OneLine(text)}"),
        "Set them in appsettings.json, or in the environment as COUNTINGHOUSE_<section>__<setting>.",
    ];

    /// <summary>An options class names its section in a constant, or is called after it.</summary>
    private static string Section(Type options) =>
        options.GetField("Section")?.GetRawConstantValue() as string
        ?? (options.Name.EndsWith("Options", StringComparison.Ordinal)
            ? options.Name[..^"Options".Length]
            : options.Name);

    private static string WithCause(Exception error) =>
        error.InnerException is { } cause && !error.Message.Contains(cause.Message, StringComparison.Ordinal)
            ? $"{error.Message}: {cause.Message}"
            : error.Message;

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
