using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Storage;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Copies;

/// <summary>A SQLite database as a file: alone with it, whole or not, durable on the disk.</summary>
internal static class SqliteFile
{
    private const int LockWaitSeconds = 2;
    private const int HashBufferBytes = 1024 * 1024;
    private const int ReadOnlyFlag = 0;

    /// <summary>What SQLite keeps beside a database that is in use, or was when its program was killed.</summary>
    public static readonly string[] Suffixes = ["", "-wal", "-shm", "-journal"];

    /// <summary>
    /// Opens it so that no other process can: each that has the file open, idle or not, holds a lock that this one
    /// does not get. What comes later waits, and then is told that the database is locked.
    /// </summary>
    public static async Task<SqliteConnection> OpenAlone(string path, CancellationToken cancellation)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
            DefaultTimeout = LockWaitSeconds,
        }.ToString());
        try
        {
            await connection.OpenAsync(cancellation);

            // Before the first look into the file, or SQLite shares the log's index with others. The lock stays until
            // the connection is closed, whatever is committed.
            await connection.Execute("PRAGMA locking_mode = EXCLUSIVE", cancellation);
            await connection.Execute("PRAGMA synchronous = FULL", cancellation);
            await connection.Execute("BEGIN EXCLUSIVE", cancellation);
            await connection.Execute("COMMIT", cancellation);
            return connection;
        }
        catch (SqliteException error) when (error.SqliteErrorCode is 5 or 6)
        {
            await connection.DisposeAsync();
            throw new CopyException(
                $"A server or another program has '{path}' open: stop it first, and see that nothing starts it again.");
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens it to look at it; others may use it meanwhile.</summary>
    public static async Task<SqliteConnection> OpenToRead(string path, CancellationToken cancellation)
    {
        SQLitePCL.Batteries_V2.Init();
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            Pooling = false,
        }.ToString());
        await connection.OpenAsync(cancellation);
        return connection;
    }

    /// <summary>Every page and index. Throws <see cref="CopyException"/> with the first thing that is wrong.</summary>
    public static async Task RequireWhole(SqliteConnection connection, string what, CancellationToken cancellation)
    {
        string? fault;
        try
        {
            await using var check = connection.Command("PRAGMA integrity_check(1)");
            check.CommandTimeout = 0;
            fault = await check.ExecuteScalarAsync(cancellation) as string;
        }
        catch (SqliteException error) when (error.SqliteErrorCode is 11 or 26)
        {
            fault = error.Message;
        }

        if (fault != "ok")
        {
            throw new CopyException($"{what} is damaged: {fault?.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Copies a file into one that is there already, and returns the SHA-256 of what was written.</summary>
    public static async Task<string> Copy(string from, FileStream to, CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var source = File.OpenRead(from);
        var buffer = new byte[HashBufferBytes];
        for (var read = -1; (read = await source.ReadAsync(buffer, cancellation)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            await to.WriteAsync(buffer.AsMemory(0, read), cancellation);
        }

        to.Flush(flushToDisk: true);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>A new file that only its owner may read, for it has every secret of the system in it.</summary>
    public static FileStream Create(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return new FileStream(path, options);
    }

    /// <summary>What was written to a file is on the disk when this returns.</summary>
    public static void Sync(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>A folder's names are on the disk when this returns: a new one is lost in a crash otherwise.</summary>
    public static void SyncFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var folder = open(Encoding.UTF8.GetBytes(path + "\0"), ReadOnlyFlag);
        if (folder < 0)
        {
            throw new IOException($"The folder '{path}' cannot be opened (error {Marshal.GetLastPInvokeError()}).");
        }

        // Some file systems cannot do it and say so; they have done what they can.
        _ = fsync(folder);
        _ = close(folder);
    }

    // The framework opens no folders.
#pragma warning disable IDE1006, SA1300
    [DllImport("libc", SetLastError = true)]
    private static extern int open(byte[] path, int flags);

    [DllImport("libc", SetLastError = true)]
    private static extern int fsync(int file);

    [DllImport("libc", SetLastError = true)]
    private static extern int close(int file);
#pragma warning restore IDE1006, SA1300
}
