using System.Diagnostics;
using System.Globalization;
using Countinghouse.Support;
using Npgsql;

namespace Countinghouse.Proof;

/// <summary>
/// A PostgreSQL server of one test's own, to be stopped in immediate mode: as a crash would, without a checkpoint, and
/// with whatever commits are under way. Found and run as ./test does it, by an ordinary user.
/// </summary>
internal sealed class ProofPostgres : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>All from one folder: links to some of them, elsewhere in PATH, would not do.</summary>
    private static readonly string[] Programs =
        ["initdb", "pg_ctl", "postgres", "createdb", "pg_dump", "pg_restore", "pg_basebackup"];

    private readonly DirectoryInfo _folder;
    private readonly string _binaries;
    private Process? _postmaster;

    private ProofPostgres(string binaries)
    {
        _binaries = binaries;

        // Under /tmp whatever TMPDIR says: the path of a socket has at most 107 characters.
        _folder = Directory.CreateDirectory("/tmp/countinghouse-pg-" + Path.GetRandomFileName());
    }

    /// <summary>Of its socket, and of files that its own programs may write.</summary>
    public string Folder => _folder.FullName;

    public string Connection => $"Host={_folder.FullName};Username=postgres;Database=postgres";

    /// <summary>How often it was stopped in immediate mode.</summary>
    public int Stops { get; private set; }

    private string Data => Path.Combine(_folder.FullName, "data");

    internal static string Owner => Environment.UserName == "root" ? "postgres" : Environment.UserName;

    private string Archive => Path.Combine(_folder.FullName, "archive");

    public static async Task<ProofPostgres> Create()
    {
        var server = await CreateEmpty();
        await server.AsOwner(
            "initdb", "-D", server.Data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync");
        await server.Start();
        return server;
    }

    /// <summary>From now on every finished piece of the write-ahead log is kept, as docs/operating.md says.</summary>
    public async Task StartArchiving()
    {
        await MakeOwners(Archive);
        await Execute("ALTER SYSTEM SET archive_mode = on");
        await Execute($"ALTER SYSTEM SET archive_command = 'test ! -f {Archive}/%f && cp %p {Archive}/%f'");
        await StopImmediately();
        await Start();
    }

    /// <summary>A copy of the whole server, made beside everything that goes on.</summary>
    public async Task<string> BaseBackup()
    {
        var copy = Path.Combine(_folder.FullName, "base");
        await AsOwner("pg_basebackup", "-h", Folder, "-U", "postgres", "-D", copy, "-c", "fast");
        return copy;
    }

    /// <summary>Waits until everything so far is in the archive.</summary>
    public async Task FinishArchive()
    {
        var last = await Execute("SELECT pg_walfile_name(pg_switch_wal())");
        using var patience = new CancellationTokenSource(Patience);
        while (await Execute($"SELECT COALESCE(last_archived_wal, '') >= '{last}' FROM pg_stat_archiver") != "True")
        {
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>Another server, as this one was at a moment: from a copy and the archive.</summary>
    /// <param name="copy">What <see cref="BaseBackup"/> made.</param>
    /// <param name="moment">As PostgreSQL writes it; something was committed after it.</param>
    public async Task<ProofPostgres> RestoreTo(string copy, string moment)
    {
        var server = await CreateEmpty();
        Directory.Move(copy, server.Data);
        await File.AppendAllTextAsync(
            Path.Combine(server.Data, "postgresql.auto.conf"),
            $"""

            archive_mode = off
            restore_command = 'cp {Archive}/%f %p'
            recovery_target_time = '{moment}'
            recovery_target_action = 'promote'

            """);
        await File.WriteAllTextAsync(Path.Combine(server.Data, "recovery.signal"), "");
        await server.Start();
        using var patience = new CancellationTokenSource(Patience);
        while (await server.Execute("SELECT pg_is_in_recovery()") != "False")
        {
            await Task.Delay(50, patience.Token);
        }

        return server;
    }

    /// <summary>One statement; the first value as text.</summary>
    public async Task<string> Execute(string sql)
    {
        await using var connection = new NpgsqlConnection(Connection + ";Pooling=false");
        await connection.OpenAsync();
#pragma warning disable CA2100 // The tests' own.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        return Convert.ToString(await command.ExecuteScalarAsync(), CultureInfo.InvariantCulture) ?? "";
    }

    public async Task Start()
    {
        _postmaster = Process.Start(Command(
            "postgres", "-D", Data, "-c", "listen_addresses=", "-c", $"unix_socket_directories={_folder.FullName}",
            "-c", "max_connections=200"));
        _ = _postmaster!.StandardError.ReadToEndAsync();
        _ = _postmaster.StandardOutput.ReadToEndAsync();
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            try
            {
                await using var connection = new NpgsqlConnection(Connection + ";Pooling=false");
                await connection.OpenAsync(patience.Token);
                return;
            }
            catch (NpgsqlException)
            {
                await Task.Delay(50, patience.Token);
            }
        }
    }

    public async Task StopImmediately()
    {
        await AsOwner("pg_ctl", "stop", "-m", "immediate", "-D", Data);
        await _postmaster!.WaitForExitAsync();
        Stops++;
    }

    /// <summary>Runs one of PostgreSQL's own programs, such as pg_dump, and returns what it printed.</summary>
    public async Task<string> AsOwner(string program, params string[] arguments)
    {
        using var process = Process.Start(Command(program, arguments))!;
        var error = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {await error}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_postmaster is { HasExited: false })
        {
            await StopImmediately();
        }

        _postmaster?.Dispose();
        _folder.Delete(recursive: true);
    }

    private ProcessStartInfo Command(string program, params string[] arguments)
    {
        // PostgreSQL refuses to run as root, so root hands it to an ordinary user.
        var path = Path.Combine(_binaries, program);
        return new ProcessStartInfo(
            Owner == Environment.UserName ? path : "setpriv",
            Owner == Environment.UserName
                ? arguments
                : [$"--reuid={Owner}", "--regid=" + Owner, "--clear-groups", path, .. arguments])
        {
            WorkingDirectory = "/",
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
    }

    private static async Task<ProofPostgres> CreateEmpty()
    {
        var server = new ProofPostgres(Find());
        await MakeOwners(server._folder.FullName);
        return server;
    }

    private static async Task MakeOwners(string folder)
    {
        Directory.CreateDirectory(folder);
        if (Environment.UserName == "root")
        {
            await Run("chown", "postgres", folder);
        }
    }

    private static async Task Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}");
    }

    /// <summary>The folder of PostgreSQL's programs.</summary>
    internal static string Find() =>
        new[] { "/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt" }
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateDirectories(folder))
            .Select(folder => Path.Combine(folder, "bin"))
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'))
            .Where(folder => Array.TrueForAll(Programs, program => File.Exists(Path.Combine(folder, program))))
            .OrderDescending(StringComparer.Ordinal)
            .FirstOrDefault()
        ?? throw new InvalidOperationException("There is no PostgreSQL to start; see " + Repository.Root + "/test.");
}
