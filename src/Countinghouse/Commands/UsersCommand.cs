using System.CommandLine;

namespace Countinghouse.Commands;

/// <summary>"users": people and how they get in, for whoever has the database; the first owner comes in here.</summary>
internal static class UsersCommand
{
    public static Command Create() => new DocumentedCommand(
        "users",
        "Invite people, list an organization's, and help those in who have lost their password.",
        """
        countinghouse users invite --organization CXvDk7dyZhWZ7U5u4E3S9F --email kim@example.com --role owner
        countinghouse users list --organization CXvDk7dyZhWZ7U5u4E3S9F
        countinghouse users reset kim@example.com
        """)
    {
        UsersInviteCommand.Create(),
        UsersListCommand.Create(),
        UsersResetCommand.Create(),
    };
}
