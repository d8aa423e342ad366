using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Countinghouse.Load;

/// <summary>A database of its own on a PostgreSQL server.</summary>
internal sealed class PostgresStore : Store
{
    private const string ReadEvents = "SELECT SUM(event_count) FROM ingest_batch";
    private const string ReadPayload = "SELECT SUM(octet_length(payload)) FROM ingest_batch";
    private const string ReadClientKeys = "SELECT SUM(octet_length(client_keys)) FROM ingest_batch";

    private const string ReadIdRuns = """
        SELECT pg_total_relation_size('id_run') + pg_total_relation_size('id_run_block')
        """;

    private const string ReadAll = """
        SELECT SUM(pg_total_relation_size(c.oid)) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind = 'r'
        """;

    private readonly NpgsqlDataSource _server;
    private readonly NpgsqlDataSource _source;
    private readonly string _database;

    private PostgresStore(NpgsqlDataSource server, NpgsqlDataSource source, string database, string version)
        : base("PostgreSQL", version)
    {
        (_server, _source, _database) = (server, source, database);
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Arguments = ["--postgres", settings.ToString()];
    }

    public override IReadOnlyList<string> Arguments { get; }

    public static async Task<PostgresStore> Create(string connectionString)
    {
        var server = NpgsqlDataSource.Create(connectionString);
        var database = $"countinghouse_bench_{Environment.ProcessId}";
        string version;
        await using (var connection = await server.OpenConnectionAsync())
        {
            version = connection.PostgreSqlVersion.ToString();
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The name is made of a number.
            command.CommandText = $"CREATE DATABASE {database}";
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }

        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Database = database };
        return new PostgresStore(server, NpgsqlDataSource.Create(settings), database, version);
    }

    public override async Task<Sizes> Sizes() => new(
        await Number(ReadEvents),
        await Number(ReadPayload),
        await Number(ReadClientKeys),
        await Number(ReadIdRuns),
        await Number(ReadAll));

    public override async Task<double> RawRowsPerSecond(int commitRows, bool ordered, TimeSpan time)
    {
        await Execute($"CREATE TABLE raw_event ({RawRows.Columns})");
        var rows = new RawRows(ordered);
        var copied = 0L;
        var begun = Stopwatch.GetTimestamp();
        await using (var connection = await _source.OpenConnectionAsync())
        {
            while (Stopwatch.GetElapsedTime(begun) < time)
            {
                await Copy(connection, rows, commitRows);
                copied += commitRows;
            }
        }

        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await Execute("DROP TABLE raw_event");
        return copied / seconds;
    }

    public override async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await using (var connection = await _server.OpenConnectionAsync())
        {
            await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The name is made of a number.
            command.CommandText = $"DROP DATABASE {_database} WITH (FORCE)";
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }

        await _server.DisposeAsync();
    }

    protected override async ValueTask<DbConnection> Open() => await _source.OpenConnectionAsync();

    /// <summary>A COPY outside a transaction commits by itself.</summary>
    private static async Task Copy(NpgsqlConnection connection, RawRows rows, int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (milliseconds, micros) = (now.ToUnixTimeMilliseconds(), now.ToUnixTimeMilliseconds() * 1000);
        await using var copy = await connection.BeginBinaryImportAsync(
            $"COPY raw_event ({RawRows.Names}) FROM STDIN (FORMAT binary)");
        for (var ordinal = 0; ordinal < count; ordinal++)
        {
            await copy.StartRowAsync();
            await copy.WriteAsync(rows.Organization, NpgsqlDbType.Uuid);
            await copy.WriteAsync(rows.NextId(milliseconds), NpgsqlDbType.Uuid);
            await copy.WriteAsync(1L, NpgsqlDbType.Bigint);
            await copy.WriteAsync(ordinal, NpgsqlDbType.Integer);
            await copy.WriteAsync(1, NpgsqlDbType.Integer);
            await copy.WriteAsync(rows.Campaign, NpgsqlDbType.Uuid);
            await copy.WriteAsync(rows.Offer, NpgsqlDbType.Uuid);
            await copy.WriteAsync(rows.Location, NpgsqlDbType.Uuid);
            await copy.WriteAsync(rows.Retailer, NpgsqlDbType.Uuid);
            await copy.WriteAsync(micros, NpgsqlDbType.Bigint);
            await copy.WriteAsync(micros, NpgsqlDbType.Bigint);
            await copy.WriteAsync(RawRows.BillingHour, NpgsqlDbType.Integer);
            await copy.WriteAsync(0, NpgsqlDbType.Integer);
            await copy.WriteAsync(RawRows.Ruleset, NpgsqlDbType.Integer);
            await copy.WriteAsync(RawRows.PriceMicros, NpgsqlDbType.Bigint);
            await copy.WriteAsync(RawRows.PriceMicros, NpgsqlDbType.Bigint);
            await copy.WriteAsync(rows.Client, NpgsqlDbType.Bigint);
        }

        await copy.CompleteAsync();
    }
}
