using System.CommandLine;
using Countinghouse.Ingest;

namespace Countinghouse.Commands;

/// <summary>"traffic show": every entry of every list, and the ruleset that receipts name.</summary>
internal static class TrafficShowCommand
{
    public static Command Create()
    {
        var command = new DocumentedCommand(
            "show",
            "Show the entries of all lists. Piped, the table is tab-separated text.",
            """
            countinghouse traffic show
            countinghouse traffic show | grep ^network | cut -f 3
            """);
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var (version, entries) = await workplace.GetRequiredService<TrafficListStore>().Read(cancellation);
        await Console.Error.WriteLineAsync(
            $"Version {version} of the lists; with the program's rules, ruleset "
            + $"{new TrafficListSnapshot(version, entries).Ruleset}.");
        TextTable.Write(
            ["list", "organization_id", "entry"],
            entries.Select(entry => new[]
            {
                TrafficCommand.Word(entry.List),
                entry.Organization == default ? "all" : entry.Organization.ToString(),
                entry.Text,
            }));
        return 0;
    }
}
