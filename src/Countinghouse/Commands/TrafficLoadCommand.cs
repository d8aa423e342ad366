using System.CommandLine;
using System.Globalization;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"traffic load": puts a file in the place of a list, whole or, with a bad line, not at all.</summary>
internal static class TrafficLoadCommand
{
    private const string StandardInput = "-";

    private static readonly Option<TrafficList> List = TrafficCommand.ListOption();

    private static readonly Option<OrganizationId?> Organization = TrafficCommand.OrganizationOption();

    private static readonly Argument<string> File = new("FILE")
    {
        Description = "An entry a line; # begins a comment. - reads standard input",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "load",
            "Put the entries of a file in the place of a list. Running servers judge by them within five seconds.",
            """
            countinghouse traffic load --list agent agents.txt
            countinghouse traffic load --list network datacentres.txt
            countinghouse traffic load --list own-network --organization CXvDk7dyZhWZ7U5u4E3S9F office.txt
            curl -s https://lists.example/domains | countinghouse traffic load --list domain -
            """)
        {
            File, List, Organization,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var list = line.GetRequiredValue(List);
        var entries = Read(line.GetRequiredValue(File), list);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var owner = await TrafficCommand.OwnerOf(list, line.GetValue(Organization), workplace, cancellation);

        var version = await workplace.GetRequiredService<TrafficListStore>()
            .Replace(owner, list, entries, cancellation);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"The {TrafficCommand.Word(list)} list has {entries.Count:N0} entries (version {version} of the lists)."));
        return 0;
    }

    private static IReadOnlyList<string> Read(string file, TrafficList list)
    {
        try
        {
            var lines = file == StandardInput ? StandardInputLines() : System.IO.File.ReadLines(file);
            var (entries, bad) = TrafficEntries.Read(list, lines);
            return bad.Count == 0
                ? entries.Count > 0
                    ? entries
                    : throw new CommandException(
                        $"'{file}' has no entries, so nothing was loaded; to empty a list use \"traffic clear\".")
                : throw new CommandException(string.Join('\n', bad
                    .Select(line => $"Line {line.Line} {line.Fault}.")
                    .Prepend($"Nothing was loaded, because of {Lines(bad.Count)} in '{file}':")));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(
                Directory.Exists(file)
                    ? $"'{file}' is a directory; name a file in it."
                    : $"'{file}' cannot be read: {error.Message}");
        }
    }

    private static string Lines(int bad) => bad == 1 ? "a bad line" : $"{bad} bad lines";

    private static IEnumerable<string> StandardInputLines()
    {
        while (Console.In.ReadLine() is { } line)
        {
            yield return line;
        }
    }
}
