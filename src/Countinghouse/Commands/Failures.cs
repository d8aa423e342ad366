using System.Data.Common;
using Countinghouse.Commands.Configuring;
using Countinghouse.Copies;
using Countinghouse.Storage;
using Microsoft.AspNetCore.Connections;

namespace Countinghouse.Commands;

/// <summary>A command cannot do what was asked; the message is all that the user needs.</summary>
internal sealed class CommandException(string message) : Exception(message);

/// <summary>What went wrong, in sentences for the person at the terminal.</summary>
internal static class Failures
{
    /// <summary>Null: not foreseen, hence a bug, and its stack trace is worth having.</summary>
    public static IReadOnlyList<string>? Describe(Exception error) => error switch
    {
        CommandException or CopyException or SchemaTooNewException or DatabaseMovedException
            or NotDistributableException => [error.Message],
        ConfigurationException invalid => invalid.Complaints,
        IOException { InnerException: AddressInUseException } =>
            [OneLine(error.Message) + " Choose another with --urls."],
        InvalidDataException => ["The database holds what this program cannot read: " + OneLine(error.Message)],
        DbException => ["The database cannot be used: " + OneLine(WithCause(error))],
        _ => null,
    };

    private static string WithCause(Exception error) =>
        error.InnerException is { } cause && !error.Message.Contains(cause.Message, StringComparison.Ordinal)
            ? $"{error.Message}: {cause.Message}"
            : error.Message;

    private static string OneLine(string text) => text.ReplaceLineEndings(" ").Trim();
}
