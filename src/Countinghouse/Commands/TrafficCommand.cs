using System.CommandLine;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"traffic": the lists by which invalid traffic is found besides the program's own rules.</summary>
internal static class TrafficCommand
{
    public static Command Create() => new DocumentedCommand(
        "traffic",
        "Load, show and clear the lists of agents, networks and domains whose events are invalid traffic.",
        """
        countinghouse traffic load --list network datacentres.txt
        countinghouse traffic load --list own-network --organization CXvDk7dyZhWZ7U5u4E3S9F office.txt
        countinghouse traffic show
        countinghouse traffic clear --list domain
        """)
    {
        TrafficLoadCommand.Create(),
        TrafficShowCommand.Create(),
        TrafficClearCommand.Create(),
    };

    /// <summary>Each command has options of its own, so that each help stands alone.</summary>
    public static Option<TrafficList> ListOption() => WireArguments.Choice(
        "--list",
        "agent: parts of agents. network: of shoppers. domain: of pages. own-network: of advertisers and staff",
        ("agent", TrafficList.Agent),
        ("network", TrafficList.Network),
        ("domain", TrafficList.Domain),
        ("own-network", TrafficList.OwnNetwork));

    public static Option<OrganizationId?> OrganizationOption() => WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "With own-network: the advertiser; without it, the platform's own staff");

    /// <summary>As the option spells it.</summary>
    public static string Word(TrafficList list) => list switch
    {
        TrafficList.Agent => "agent",
        TrafficList.Network => "network",
        TrafficList.Domain => "domain",
        TrafficList.OwnNetwork => "own-network",
    };

    /// <summary>Whose list is meant; the zero id is the whole platform.</summary>
    public static async Task<OrganizationId> OwnerOf(
        TrafficList list,
        OrganizationId? organization,
        ServiceProvider workplace,
        CancellationToken cancellation)
    {
        if (organization is not { } owner)
        {
            return default;
        }

        if (list != TrafficList.OwnNetwork)
        {
            throw new CommandException(
                $"--organization goes with --list own-network only: the {Word(list)} list is the whole platform's.");
        }

        await Workplace.RequireOrganization(workplace, owner, cancellation);
        return owner;
    }
}
