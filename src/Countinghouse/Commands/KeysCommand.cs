using System.CommandLine;

namespace Countinghouse.Commands;

/// <summary>"keys": the API keys of an organization, for whoever has the database.</summary>
internal static class KeysCommand
{
    public static Command Create() => new DocumentedCommand(
        "keys",
        "Create, list, replace and revoke API keys.",
        """
        countinghouse keys create --organization CXvDk7dyZhWZ7U5u4E3S9F --kind csb --role manager --name "Web shop"
        countinghouse keys list --organization CXvDk7dyZhWZ7U5u4E3S9F
        countinghouse keys rotate BqPzHhyxVmrjNhpL8QGDJe --overlap 3600
        countinghouse keys revoke BqPzHhyxVmrjNhpL8QGDJe
        """)
    {
        KeysCreateCommand.Create(),
        KeysListCommand.Create(),
        KeysRotateCommand.Create(),
        KeysRevokeCommand.Create(),
    };
}
