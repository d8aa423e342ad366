using System.CommandLine;

namespace Countinghouse.Commands;

/// <summary>The options that choose the database, declared once for all commands.</summary>
internal static class DatabaseOptions
{
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Folder of the SQLite database [environment: COUNTINGHOUSE_DATA]",
        HelpName = "DIR",
        DefaultValueFactory = _ => FromEnvironment("COUNTINGHOUSE_DATA") ?? ServerSettings.DefaultDataDirectory,
    };

    // No default value in the library's sense: the help prints those, and this one holds a password.
    private static readonly Option<string?> Postgres = new("--postgres")
    {
        Description = "Use this PostgreSQL database instead [environment: COUNTINGHOUSE_POSTGRES]",
        HelpName = "CONNECTION",
    };

    public static void AddTo(Command command)
    {
        command.Options.Add(Data);
        command.Options.Add(Postgres);
    }

    /// <summary>For a command on the SQLite file, which the environment's database does not concern.</summary>
    public static void AddDataTo(Command command) => command.Options.Add(Data);

    /// <summary>The folder that <see cref="AddDataTo"/> asks for.</summary>
    public static ServerSettings ReadData(ParseResult line) => new() { DataDirectory = line.GetRequiredValue(Data) };

    public static ServerSettings Read(ParseResult line) => new()
    {
        DataDirectory = line.GetRequiredValue(Data),
        Postgres = line.GetValue(Postgres) ?? FromEnvironment("COUNTINGHOUSE_POSTGRES"),
    };

    /// <summary>A variable that is set to nothing counts as not set.</summary>
    public static string? FromEnvironment(string name) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
