using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;

namespace Countinghouse.Commands;

/// <summary>Runs one command line: what is wrong with it, what stops it, and the exit code it ends with.</summary>
internal static class CommandLine
{
    public const int Failed = 1;
    public const int Misused = 2;

    /// <summary>What a shell reports for a program that was stopped by Ctrl-C.</summary>
    public const int Interrupted = 130;

    public static async Task<int> Run(Command program, string[] arguments)
    {
        // No response files: an argument that begins with @ is what it looks like.
        var line = program.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (line.Action is ParseErrorAction)
        {
            return Refuse(line);
        }

        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Stop(signal, stop));
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Stop(signal, stop));
        try
        {
            // Without a timeout the library leaves signals alone; with one it would end a stopping server by force.
            var how = new InvocationConfiguration
            {
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await line.InvokeAsync(how, stop.Token);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return Interrupted;
        }
        catch (Exception error) when (Failures.Describe(error) is { } sentences)
        {
            foreach (var sentence in sentences)
            {
                await Console.Error.WriteLineAsync(sentence);
            }

            return Failed;
        }
    }

    /// <summary>The first signal asks; a second one, should the program not listen, has its usual effect.</summary>
    private static void Stop(PosixSignalContext signal, CancellationTokenSource stop)
    {
        if (!stop.IsCancellationRequested)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }

    /// <summary>An unknown word makes the words after it unknown too, so the first of them says enough.</summary>
    private static int Refuse(ParseResult line)
    {
        var wrongs = line.UnmatchedTokens is [var unknown, ..]
            ? [$"Unknown option or command '{unknown}'."]
            : line.Errors.Select(error => error.Message).Distinct();
        Console.Error.WriteLine($"{string.Join(' ', wrongs)} See '{PathOf(line)} --help'.");
        return Misused;
    }

    private static string PathOf(ParseResult line)
    {
        var names = new List<string>();
        for (var result = line.CommandResult; result is not null; result = result.Parent as CommandResult)
        {
            names.Insert(0, result.Command.Name);
        }

        return string.Join(' ', names);
    }
}
