using System.CommandLine;
using System.Globalization;
using Countinghouse.Copies;

namespace Countinghouse.Commands;

/// <summary>"restore": a backup into the place of the SQLite database.</summary>
internal static class RestoreCommand
{
    private static readonly Argument<string> Backup = new("FILE")
    {
        Description = "A file that \"backup\" made, with its FILE.json beside it",
    };

    private static readonly Option<bool> Replace = new("--replace")
    {
        Description = "Move a database that is there aside, under another name; it is not deleted",
    };

    private static readonly Option<bool> NoVerify = new("--no-verify")
    {
        Description = "Do not recompute every figure first; the file itself is checked all the same",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "restore",
            "Put a backup in the place of the SQLite database of --data, checked and verified first. Servers on that "
                + "folder must be stopped. Clients may send again what they are unsure of: it is counted once.",
            """
            countinghouse restore /backups/countinghouse-20260801T020000Z.db --data /var/lib/countinghouse
            countinghouse restore /backups/before-upgrade.db --replace
            """)
        {
            Backup, Replace, NoVerify,
        };
        DatabaseOptions.AddDataTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var settings = DatabaseOptions.ReadData(line);
        ServerSettings.MakeDataDirectory(settings.DataDirectory);
        var replace = line.GetValue(Replace);
        var backup = line.GetRequiredValue(Backup);
        await using var restore = await ProgressBar.Show(
            "Checking", 1, _ => SqliteRestore.Begin(backup, settings.DataDirectory, replace, cancellation));
        if (!line.GetValue(NoVerify))
        {
            await Verify(restore, cancellation);
        }

        var aside = await restore.Finish(replace, TimeProvider.System.GetUtcNow(), cancellation);
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"Restored: everything acknowledged before {restore.Manifest.CreatedAt:u}, {restore.Manifest.Batches:N0} ")
            + $"batches of {restore.Manifest.Advertisers.ToString("N0", CultureInfo.InvariantCulture)} advertisers.");
        if (aside is not null)
        {
            await Console.Error.WriteLineAsync($"The database that was there is '{aside}'.");
        }

        return 0;
    }

    /// <summary>On the copy, so that what is in place stays there when something is wrong.</summary>
    private static async Task Verify(SqliteRestore restore, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(
            new ServerSettings { DataDirectory = restore.Staged }, cancellation);
        var result = await Workplace.Verify(workplace, cancellation);
        if (result.Differences is [var first, ..])
        {
            throw new CommandException(string.Create(
                CultureInfo.InvariantCulture,
                $"{result.DifferenceCount:N0} figures of the backup are not what its events come to, the first in ")
                + $"{first.Table} ({first.Key}: {first.Figure}), so nothing was put in place. To restore it all the "
                + "same use --no-verify, and \"countinghouse verify\" to see all of them.");
        }
    }
}
