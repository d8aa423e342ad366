using System.CommandLine;

namespace Countinghouse.Commands;

/// <summary>"organizations": whose keys and figures there are; an empty database gets its first one here.</summary>
internal static class OrganizationsCommand
{
    public static Command Create() => new DocumentedCommand(
        "organizations",
        "Create and list organizations.",
        """
        countinghouse organizations create --name "The platform" --operator
        countinghouse organizations list
        """)
    {
        OrganizationsCreateCommand.Create(),
        OrganizationsListCommand.Create(),
    };
}
