using Countinghouse.Commands.Configuring;
using Countinghouse.Storage;

namespace Countinghouse.Commands;

/// <summary>Where a server keeps its data and where it answers.</summary>
public sealed record ServerSettings
{
    public const string DefaultUrl = "http://127.0.0.1:8000";
    public const string DefaultDataDirectory = "data";

    /// <summary>Addresses to listen on, separated by semicolons.</summary>
    public string Urls { get; init; } = DefaultUrl;

    /// <summary>Folder of the SQLite file and of demo.json.</summary>
    public string DataDirectory { get; init; } = DefaultDataDirectory;

    /// <summary>Connection string; null serves from SQLite.</summary>
    public string? Postgres { get; init; }

    /// <summary>All that is set beside these; null: as for a program that is started without options.</summary>
    internal ProgramConfiguration? Configuration { get; init; }

    /// <summary>The database, unless it is PostgreSQL.</summary>
    internal string SqliteFile => Path.Combine(DataDirectory, "countinghouse.db");

    /// <summary>True when there is a database to open; only a server makes one, no command does by a slip.</summary>
    public bool DatabaseExists => Postgres is not null || File.Exists(SqliteFile);

    /// <summary>The place that a configuration names.</summary>
    internal static ServerSettings Of(ProgramConfiguration configuration) => new()
    {
        Urls = configuration.Place.Urls,
        DataDirectory = configuration.Place.Data,
        Postgres = configuration.Place.Postgres is { Length: > 0 } postgres ? postgres : null,
        Configuration = configuration,
    };

    internal ProgramConfiguration RequireConfiguration() =>
        Configuration ?? ProgramConfiguration.Read(SettingArguments.None);

    public Database OpenDatabase() => Postgres is null ? OpenSqlite() : OpenPostgres(Postgres);

    /// <summary>Removes the SQLite database; only for one that this process has just made and closed.</summary>
    public void DeleteSqlite()
    {
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(SqliteFile + suffix);
        }
    }

    private static Database OpenPostgres(string connectionString)
    {
        try
        {
            return Database.OpenPostgres(connectionString);
        }
        catch (ArgumentException error)
        {
            // The text itself stays out of the message: it holds a password.
            throw new CommandException(
                "The connection string (--postgres or COUNTINGHOUSE_POSTGRES) cannot be read: "
                + $"{error.Message.TrimEnd('.')}. Write it as \"Host=...;Database=...;Username=...;Password=...\".");
        }
    }

    /// <summary>Makes a directory, if there is none, that is its owner's alone.</summary>
    public static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>The same for the folder that --data names, in words for who named it.</summary>
    internal static void MakeDataDirectory(string path)
    {
        try
        {
            CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new CommandException(
                $"The data directory '{path}' cannot be used: {error.Message.TrimEnd('.')}. "
                + "Choose another with --data.");
        }
    }

    private Database OpenSqlite()
    {
        MakeDataDirectory(DataDirectory);
        return Database.OpenSqlite(SqliteFile);
    }
}
