using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Load;

/// <summary>A SQLite file in the bench's own directory.</summary>
internal sealed class SqliteStore : Store
{
    private const string ReadEvents = "SELECT SUM(event_count) FROM ingest_batch";
    private const string ReadPayload = "SELECT SUM(length(payload)) FROM ingest_batch";
    private const string ReadClientKeys = "SELECT SUM(length(client_keys)) FROM ingest_batch";

    private const string ReadIdRuns = """
        SELECT (SELECT COALESCE(SUM(length(filter)), 0) FROM id_run)
             + (SELECT COALESCE(SUM(length(entries)), 0) FROM id_run_block)
        """;

    private readonly string _file;

    private SqliteStore(string folder, string version)
        : base("SQLite", version, folder)
    {
        _file = Path.Combine(folder, "countinghouse.db");
        Arguments = ["--data", folder];
    }

    public override string RawName => "prepared inserts";

    public override IReadOnlyList<string> Arguments { get; }

    public static SqliteStore Create(string folder)
    {
        SQLitePCL.Batteries_V2.Init();
        Directory.CreateDirectory(folder);
        return new SqliteStore(folder, SQLitePCL.raw.sqlite3_libversion().utf8_to_string());
    }

    public override async Task<Sizes> Sizes()
    {
        // What is still in the write-ahead log belongs in the file before the file is measured.
        await Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        return new Sizes(
            await Number(ReadEvents),
            await Number(ReadPayload),
            await Number(ReadClientKeys),
            await Number(ReadIdRuns),
            new FileInfo(_file).Length);
    }

    public override async Task<double> RawRowsPerSecond(int commitRows, bool ordered, TimeSpan time)
    {
        var file = Path.Combine(Folder, "raw.db");
        var rate = await Task.Run(() => SqliteRaw.RowsPerSecond(file, commitRows, ordered, time));
        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(file + suffix);
        }

        return rate;
    }

    public override ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override async ValueTask<DbConnection> Open()
    {
        var connection = new SqliteConnection($"Data Source={_file};Default Timeout=60");
        await connection.OpenAsync();
        return connection;
    }
}
