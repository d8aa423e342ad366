using System.Globalization;
using System.Security.Cryptography;
using Countinghouse.Storage;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Copies;

/// <summary>
/// A copy of the SQLite database as of one moment, made while a server writes on: SQLite reads one snapshot, which in
/// WAL mode keeps no writer waiting. It gets its name only when it is whole, checked and on the disk.
/// </summary>
public static class SqliteBackup
{
    private const string ReadSchema = "SELECT MAX(number) FROM schema_migration WHERE number < 1000000";

    private const string IsOurs = """
        SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name IN ('schema_migration', 'ingest_head')
        """;

    private const string CountJournals = "SELECT COUNT(*), COALESCE(SUM(batch_no), 0) FROM ingest_head";

    /// <summary>Makes the backup and its manifest. Neither of the two names may be taken.</summary>
    /// <param name="database">The file to copy.</param>
    /// <param name="backup">The file to make.</param>
    /// <param name="now">When this was begun.</param>
    /// <param name="cancellation">Ends it; nothing of the name is there then.</param>
    public static async Task<BackupManifest> Make(
        string database, string backup, DateTimeOffset now, CancellationToken cancellation)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(backup))!;
        if (!Directory.Exists(folder))
        {
            throw new CopyException($"There is no folder '{folder}' for the backup.");
        }

        if (File.Exists(backup) || Directory.Exists(backup))
        {
            throw new CopyException($"'{backup}' exists already, and a backup replaces nothing: choose another name.");
        }

        var partial = backup + ".partial";
        try
        {
            var manifest = await Write(database, backup, partial, now, cancellation);
            SqliteFile.SyncFolder(folder);
            return manifest;
        }
        catch (IOException error)
        {
            throw new CopyException($"The backup '{backup}' cannot be written: {error.Message}");
        }
        catch (UnauthorizedAccessException error)
        {
            throw new CopyException($"The backup '{backup}' cannot be written: {error.Message}");
        }
    }

    /// <summary>The newest step of the schema. Throws when the file is no database of this program's.</summary>
    internal static async Task<int> SchemaOf(SqliteConnection connection, string path, CancellationToken cancellation)
    {
        try
        {
            return await connection.Number(IsOurs, cancellation) == 2
                && await connection.Number(ReadSchema, cancellation) is { } schema
                ? (int)schema
                : throw new CopyException($"'{path}' is no Countinghouse database.");
        }
        catch (SqliteException error) when (error.SqliteErrorCode is 11 or 26)
        {
            throw new CopyException($"'{path}' is no Countinghouse database, or a damaged one: {error.Message}");
        }
    }

    private static async Task<BackupManifest> Write(
        string database, string backup, string partial, DateTimeOffset now, CancellationToken cancellation)
    {
        // One that was killed has left its file; one that runs holds a lock on it, and this fails.
        await using (var file = SqliteFile.Create(partial, FileMode.OpenOrCreate))
        {
            try
            {
                file.SetLength(0);
                await using (var source = await SqliteFile.OpenToRead(database, cancellation))
                {
                    await SchemaOf(source, database, cancellation);
                    await using var copy = source.Command("VACUUM INTO @file", ("file", partial));
                    copy.CommandTimeout = 0;
                    await copy.ExecuteNonQueryAsync(cancellation);
                }

                Faults.Hit("backup_written");
                var manifest = await Check(partial, file, now, cancellation);
                file.Flush(flushToDisk: true);
                await WriteManifest(BackupManifest.PathOf(backup), manifest.ToBytes(), cancellation);
                Faults.Hit("backup_before_name");
                File.Move(partial, backup, overwrite: false);
                return manifest;
            }
            catch
            {
                File.Delete(partial);
                throw;
            }
        }
    }

    private static async Task<BackupManifest> Check(
        string path, FileStream file, DateTimeOffset now, CancellationToken cancellation)
    {
        int schema;
        var (journals, batches) = (0L, 0L);
        await using (var copy = await SqliteFile.OpenToRead(path, cancellation))
        {
            schema = await SchemaOf(copy, path, cancellation);
            await SqliteFile.RequireWhole(copy, "The copy, or the database itself,", cancellation);
            await copy.ForEach(
                CountJournals, row => (journals, batches) = (row.GetInt64(0), row.GetInt64(1)), cancellation);
        }

        file.Position = 0;
        return new BackupManifest(
            BackupManifest.KnownFormat,
            Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellation)),
            file.Length,
            schema,
            journals,
            batches,
            DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()));
    }

    /// <summary>One that is there without its backup is of a run that was killed.</summary>
    private static async Task WriteManifest(string path, byte[] content, CancellationToken cancellation)
    {
        await using var file = SqliteFile.Create(path, FileMode.Create);
        await file.WriteAsync(content, cancellation);
        file.Flush(flushToDisk: true);
    }

    /// <summary>A name that sorts by time, for a backup into a folder.</summary>
    public static string NameAt(DateTimeOffset now) =>
        "countinghouse-" + now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture) + ".db";
}
