using System.Globalization;
using Countinghouse.Storage;

namespace Countinghouse.Copies;

/// <summary>
/// Puts a backup in the place of the database in a folder, in steps: copied beside it and checked, worked on by the
/// caller, and only then given the name. Until then the old one is untouched; it is moved aside, never deleted.
/// </summary>
public sealed class SqliteRestore : IAsyncDisposable
{
    private const string FileName = "countinghouse.db";

    private readonly string _folder;
    private bool _isAside;

    private SqliteRestore(string folder, BackupManifest manifest) => (_folder, Manifest) = (folder, manifest);

    public BackupManifest Manifest { get; }

    /// <summary>The folder that the copy lies in under the name that programs look for.</summary>
    public string Staged => Path.Combine(_folder, "countinghouse.restoring");

    private string Copy => Path.Combine(Staged, FileName);

    private string Place => Path.Combine(_folder, FileName);

    /// <summary>
    /// Copies the backup beside the database and checks it. Throws <see cref="CopyException"/> when it is not what its
    /// manifest says, or when the folder has a database and that is not to be replaced or is in use.
    /// </summary>
    public static async Task<SqliteRestore> Begin(
        string backup, string folder, bool replace, CancellationToken cancellation)
    {
        if (!File.Exists(backup))
        {
            throw new CopyException($"There is no backup '{backup}'.");
        }

        var restore = new SqliteRestore(folder, BackupManifest.Of(backup));
        await restore.RequirePlace(replace, cancellation);
        if (restore.Manifest.SchemaVersion > Migrator.Known[^1].Number)
        {
            throw new SchemaTooNewException(restore.Manifest.SchemaVersion, Migrator.Known[^1].Number);
        }

        try
        {
            await restore.Stage(backup, cancellation);
            return restore;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            restore.Abandon();
            throw new CopyException($"The backup '{backup}' cannot be copied to '{folder}': {error.Message}");
        }
        catch
        {
            restore.Abandon();
            throw;
        }
    }

    /// <summary>Gives the copy its place. Returns where the old database was moved to, or null.</summary>
    public async Task<string?> Finish(bool replace, DateTimeOffset now, CancellationToken cancellation)
    {
        if (SqliteFile.Suffixes.Skip(1).FirstOrDefault(suffix => File.Exists(Copy + suffix)) is { } left)
        {
            throw new CopyException($"'{Copy + left}' is in use: nothing was put in place.");
        }

        SqliteFile.Sync(Copy);
        var aside = await MoveAside(replace, now, cancellation);
        _isAside = aside is not null;
        Faults.Hit("restore_between");
        try
        {
            File.Move(Copy, Place, overwrite: false);
        }
        catch (IOException error)
        {
            throw new CopyException(
                $"The restored database is in '{Copy}' and cannot be put in its place: {error.Message.TrimEnd('.')}."
                + (aside is null ? "" : $" The old one is '{aside}'."));
        }

        Directory.Delete(Staged);
        SqliteFile.SyncFolder(_folder);
        return aside;
    }

    /// <summary>Removes what was copied and got no place; the old database is as it was.</summary>
    public ValueTask DisposeAsync()
    {
        // Once the old one is aside the copy is all there is: it stays for whoever looks after it.
        if (!_isAside)
        {
            Abandon();
        }

        return ValueTask.CompletedTask;
    }

    private void Abandon()
    {
        if (Directory.Exists(Staged))
        {
            Directory.Delete(Staged, recursive: true);
        }
    }

    private async Task RequirePlace(bool replace, CancellationToken cancellation)
    {
        var there = SqliteFile.Suffixes.FirstOrDefault(suffix => File.Exists(Place + suffix));
        if (there is null)
        {
            return;
        }

        if (!replace)
        {
            throw new CopyException(
                $"'{Place + there}' exists already: restore into another folder with --data, or move the old database "
                + "aside with --replace.");
        }

        // A copy that is not in use now: asked before the long work, and once more when it is moved.
        if (File.Exists(Place))
        {
            await using var alone = await SqliteFile.OpenAlone(Place, cancellation);
        }
    }

    private async Task Stage(string backup, CancellationToken cancellation)
    {
        Abandon();
        MakeFolder(Staged);
        string hash;
        await using (var file = SqliteFile.Create(Copy, FileMode.CreateNew))
        {
            hash = await SqliteFile.Copy(backup, file, cancellation);
        }

        if (hash != Manifest.Sha256)
        {
            throw new CopyException(
                $"'{backup}' is not the file that was backed up: its SHA-256 is {hash}, its manifest says "
                + $"{Manifest.Sha256}. Nothing was restored.");
        }

        await using var copy = await SqliteFile.OpenToRead(Copy, cancellation);
        var schema = await SqliteBackup.SchemaOf(copy, backup, cancellation);
        if (schema > Migrator.Known[^1].Number)
        {
            throw new SchemaTooNewException(schema, Migrator.Known[^1].Number);
        }

        await SqliteFile.RequireWhole(copy, "The backup", cancellation);
    }

    /// <summary>
    /// The log goes into the file first, and no other program has it open while its name changes. A log without a
    /// database would be taken for that of the restored one, so it goes too.
    /// </summary>
    private async Task<string?> MoveAside(bool replace, DateTimeOffset now, CancellationToken cancellation)
    {
        await RequirePlace(replace, cancellation);
        if (!Array.Exists(SqliteFile.Suffixes, suffix => File.Exists(Place + suffix)))
        {
            return null;
        }

        var aside = Place + now.UtcDateTime.ToString("'.replaced-'yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        if (File.Exists(aside))
        {
            throw new CopyException($"'{aside}' exists already: try again in a second.");
        }

        if (File.Exists(Place))
        {
            await using var old = await SqliteFile.OpenAlone(Place, cancellation);
            await old.Execute("PRAGMA wal_checkpoint(TRUNCATE)", cancellation);
            File.Move(Place, aside, overwrite: false);
        }

        foreach (var suffix in SqliteFile.Suffixes.Skip(1).Where(suffix => File.Exists(Place + suffix)))
        {
            File.Move(Place + suffix, aside + suffix, overwrite: false);
        }

        return aside;
    }

    private static void MakeFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
