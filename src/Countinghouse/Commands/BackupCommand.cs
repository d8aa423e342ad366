using System.CommandLine;
using System.Globalization;
using Countinghouse.Copies;

namespace Countinghouse.Commands;

/// <summary>"backup": a copy of the SQLite database, beside a running server.</summary>
internal static class BackupCommand
{
    private static readonly Argument<string> Target = new("FILE")
    {
        Description = "The file to make, or a folder in which it gets a name of its time",
        HelpName = "FILE|DIR",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "backup",
            "Copy the SQLite database while servers go on: everything acknowledged before it began is in it. The copy "
                + "is checked, and described in FILE.json. demo.json and the demo's fake Stripe are not in it.",
            """
            countinghouse backup /backups --data /var/lib/countinghouse
            countinghouse backup /backups/before-upgrade.db
            """)
        {
            Target,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.Read(line);
        if (settings.Postgres is not null)
        {
            throw new CommandException(
                "PostgreSQL has tools of its own for this: \"pg_dump -Fc\" for a copy, or \"pg_basebackup\" with an "
                + "archive of the write-ahead log for any moment; docs/operating.md shows both under Backup.");
        }

        if (!settings.DatabaseExists)
        {
            throw new CommandException(
                $"There is no SQLite database in '{settings.DataDirectory}' to back up: choose one with --data.");
        }

        var now = TimeProvider.System.GetUtcNow();
        var target = line.GetRequiredValue(Target);
        var file = Directory.Exists(target) ? Path.Combine(target, SqliteBackup.NameAt(now)) : target;
        var manifest = await ProgressBar.Show(
            "Backing up", 1, _ => SqliteBackup.Make(settings.SqliteFile, file, now, cancellation));
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{manifest.Bytes:N0} bytes: {manifest.Batches:N0} batches of {manifest.Advertisers:N0} advertisers, ")
            + "checked. It holds every secret of the system: keep it as you keep the database.");
        await Console.Out.WriteLineAsync(file);
        return 0;
    }
}
