using System.CommandLine;

namespace Countinghouse.Commands;

/// <summary>"keys": the API keys of an organization, for whoever has the database.</summary>
internal static class KeysCommand
{
    public static Command Create() => new DocumentedCommand(
        "keys",
        "Create, list and revoke API keys.",
        """
        countinghouse keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csb --role manager --name "Web shop"
        countinghouse keys list --organization CXvDk7dyZhWZ7U5u4E3S9F
        countinghouse keys revoke BqPzHhyxVmrjNhpL8QGDJe
        """)
    {
        KeysCreateCommand.Create(),
        KeysListCommand.Create(),
        KeysRevokeCommand.Create(),
    };
}
