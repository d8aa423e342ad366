using System.CommandLine;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"traffic clear": takes all entries out of one list.</summary>
internal static class TrafficClearCommand
{
    private static readonly Option<TrafficList> List = TrafficCommand.ListOption();

    private static readonly Option<OrganizationId?> Organization = TrafficCommand.OrganizationOption();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "clear",
            "Take all entries out of a list. Running servers judge without them within five seconds.",
            """
            countinghouse traffic clear --list domain
            countinghouse traffic clear --list own-network --organization CXvDk7dyZhWZ7U5u4E3S9F
            """)
        {
            List, Organization,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var list = line.GetRequiredValue(List);
        var owner = await TrafficCommand.OwnerOf(list, line.GetValue(Organization), workplace, cancellation);

        var version = await workplace.GetRequiredService<TrafficListStore>().Replace(owner, list, [], cancellation);
        await Console.Error.WriteLineAsync(
            $"The {TrafficCommand.Word(list)} list is empty now (version {version} of the lists).");
        return 0;
    }
}
