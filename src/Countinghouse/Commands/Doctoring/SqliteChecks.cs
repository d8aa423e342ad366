using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.Commands.Doctoring;

/// <summary>Looks at a SQLite file: whether it is whole, whose it is, and what it lies on.</summary>
internal sealed class SqliteChecks(string file, Findings findings)
{
    private const long LogBytesMax = 1024L * 1024 * 1024;

    /// <summary>Their locks cannot be trusted, and SQLite is made of locks.</summary>
    private static readonly string[] NetworkFormats =
        ["nfs", "nfs4", "cifs", "smb", "smb2", "smbfs", "smb3", "9p", "afs", "fuse.sshfs", "glusterfs", "ceph"];

    private const string JournalMode = "PRAGMA journal_mode";

    private const string QuickCheck = "PRAGMA quick_check(1)";

    private const string EngineVersion = "SELECT sqlite_version()";

    public async Task Run(DbConnection connection, CancellationToken cancellation)
    {
        findings.Ok("engine", $"SQLite {await Text(connection, EngineVersion, cancellation)}, {file}");
        var format = new DriveInfo(Path.GetFullPath(file)).DriveFormat;
        findings.Expect(
            !NetworkFormats.Contains(format, StringComparer.OrdinalIgnoreCase),
            "file system",
            format,
            "keep the file on a disk of this machine, or use PostgreSQL: a network's locks cannot be trusted");
        Owner();
        var mode = await Text(connection, JournalMode, cancellation);
        findings.Prefer(mode == "wal", "journal mode", mode, "the next start sets it to wal");
        var whole = await Text(connection, QuickCheck, cancellation);
        findings.Expect(whole == "ok", "file", whole, "restore a backup: the file is damaged");
        var log = new FileInfo(file + "-wal") is { Exists: true } info ? info.Length : 0;
        findings.Prefer(
            log <= LogBytesMax,
            "write-ahead log",
            $"{log / 1024 / 1024} MiB",
            "some program keeps a long transaction open on this file; end it");
    }

    private void Owner()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        const UnixFileMode others = UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        var isOpen = (File.GetUnixFileMode(file) & others) != 0
            && (File.GetUnixFileMode(Path.GetDirectoryName(Path.GetFullPath(file))!) & UnixFileMode.OtherExecute) != 0;
        findings.Expect(
            !isOpen,
            "owner",
            isOpen ? "everybody on this machine can read the file" : "the file is its owner's and group's alone",
            $"chmod 700 {Path.GetDirectoryName(Path.GetFullPath(file))}");
    }

    private static async Task<string> Text(DbConnection connection, string sql, CancellationToken cancellation) =>
        await connection.First(sql, row => row.GetString(0), cancellation) ?? "";
}
