using System.Data.Common;
using System.Diagnostics;
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

    private readonly string _folder;
    private readonly string _file;

    private SqliteStore(string folder, string version)
        : base("SQLite", version)
    {
        _folder = folder;
        _file = Path.Combine(folder, "countinghouse.db");
        Arguments = ["--data", folder];
    }

    public override IReadOnlyList<string> Arguments { get; }

    public static async Task<SqliteStore> Create(string folder)
    {
        SQLitePCL.Batteries_V2.Init();
        Directory.CreateDirectory(folder);
        await using var memory = new SqliteConnection("Data Source=:memory:");
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
        var file = Path.Combine(_folder, "raw.db");
        var rows = new RawRows(ordered);
        var written = 0L;
        double seconds;
        await using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            await connection.OpenAsync();
            await Execute(connection, "PRAGMA journal_mode = WAL");
            await Execute(connection, "PRAGMA synchronous = FULL");
            await Execute(connection, $"CREATE TABLE raw_event ({RawRows.Columns}) WITHOUT ROWID");
            await using var insert = Prepare(connection);
            var begun = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(begun) < time)
            {
                await using var transaction = connection.BeginTransaction();
                insert.Transaction = transaction;
                Insert(insert, rows, commitRows);
                transaction.Commit();
                written += commitRows;
            }

            seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        }

        foreach (var suffix in new[] { "", "-wal", "-shm" })
        {
            File.Delete(file + suffix);
        }

        return written / seconds;
    }

    public override ValueTask DisposeAsync()
    {
        SqliteConnection.ClearAllPools();
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    protected override async ValueTask<DbConnection> Open()
    {
        var connection = new SqliteConnection($"Data Source={_file};Default Timeout=60");
        await connection.OpenAsync();
        return connection;
    }

    private static async Task Execute(SqliteConnection connection, string sql)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constant text of this program.
        command.CommandText = sql;
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static SqliteCommand Prepare(SqliteConnection connection)
    {
        var insert = connection.CreateCommand();
        var names = RawRows.Names.Split(", ");
#pragma warning disable CA2100 // Constant text of this program.
        insert.CommandText =
            $"INSERT INTO raw_event ({RawRows.Names}) VALUES ({string.Join(", ", names.Select(name => "@" + name))})";
#pragma warning restore CA2100
        foreach (var name in names)
        {
            insert.Parameters.AddWithValue("@" + name, 0L);
        }

        return insert;
    }

    /// <summary>Ids as 16 bytes: the shortest key SQLite can have for them.</summary>
    private static void Insert(SqliteCommand insert, RawRows rows, int count)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        var values = insert.Parameters;
        values[0].Value = rows.Organization.ToByteArray(bigEndian: true);
        values[2].Value = 1L;
        values[4].Value = 1L;
        values[6].Value = rows.Offer.ToByteArray(bigEndian: true);
        values[7].Value = rows.Location.ToByteArray(bigEndian: true);
        values[8].Value = rows.Retailer.ToByteArray(bigEndian: true);
        values[9].Value = now * 1000;
        values[10].Value = now * 1000;
        values[11].Value = (long)RawRows.BillingHour;
        values[12].Value = 0L;
        values[13].Value = (long)RawRows.Ruleset;
        values[14].Value = RawRows.PriceMicros;
        values[15].Value = RawRows.PriceMicros;
        for (var ordinal = 0L; ordinal < count; ordinal++)
        {
            values[1].Value = rows.NextId(now).ToByteArray(bigEndian: true);
            values[3].Value = ordinal;
            values[5].Value = rows.Campaign.ToByteArray(bigEndian: true);
            values[16].Value = rows.Client;
            insert.ExecuteNonQuery();
        }
    }
}
