using System.Data.Common;
using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Countinghouse.Load;

/// <summary>A database of its own on a PostgreSQL server, or on all nodes of a Citus cluster.</summary>
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

    // What is distributed has its bytes on the workers, in pieces; what every node has counts on every node.
    private const string ReadIdRunsOfCluster = """
        SELECT citus_total_relation_size('id_run') + citus_total_relation_size('id_run_block')
        """;

    private const string ReadAllOfCluster = """
        SELECT SUM(citus_total_relation_size(p.logicalrelid)) FROM pg_dist_partition p
        JOIN pg_class c ON c.oid = p.logicalrelid WHERE c.relkind = 'r'
        """;

    private const string ReadActiveOfCluster = """
        SELECT SUM(CAST(result AS double precision)) FROM run_command_on_all_nodes(
            'SELECT active_time FROM pg_stat_database WHERE datname = current_database()')
        """;

    private const string ReadSession = "SELECT CAST(pg_backend_pid() AS bigint)";

    // The node's own session lives as long as the statement's, which is kept by the coordinator.
    private const string ReadSessionsOfCluster = """
        SELECT CAST(pg_backend_pid() AS bigint)
        UNION ALL
        SELECT CAST(result AS bigint) FROM run_command_on_workers(
            'SELECT pid FROM pg_stat_activity WHERE backend_type = ''checkpointer''')
        """;

    private const string ReadActive = "SELECT active_time FROM pg_stat_database WHERE datname = current_database()";

    private readonly NpgsqlDataSource _server;
    private readonly NpgsqlDataSource _source;
    private readonly string _database;
    private readonly bool _isCluster;

    private PostgresStore(
        NpgsqlDataSource server,
        NpgsqlDataSource source,
        string database,
        string version,
        string folder,
        bool isCluster)
        : base(isCluster ? "Citus" : "PostgreSQL", version, folder)
    {
        (_server, _source, _database, _isCluster) = (server, source, database, isCluster);
        var settings = new NpgsqlConnectionStringBuilder(source.ConnectionString);
        Arguments = ["--data", folder, "--postgres", settings.ToString()];
    }

    public override string RawName => "binary COPY";

    public override IReadOnlyList<string> Arguments { get; }

    public static async Task<PostgresStore> Create(string connectionString, string folder, bool isCluster)
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
            if (isCluster)
            {
                version = await ClusterDatabase.Create(connection, database);
            }
            else
            {
                await command.ExecuteNonQueryAsync();
            }
        }

        var settings = new NpgsqlConnectionStringBuilder(connectionString) { Database = database };
        return new PostgresStore(server, NpgsqlDataSource.Create(settings), database, version, folder, isCluster);
    }

    public override async Task<Sizes> Sizes() => new(
        await Number(ReadEvents),
        await Number(ReadPayload),
        await Number(ReadClientKeys),
        await Number(_isCluster ? ReadIdRunsOfCluster : ReadIdRuns),
        await Number(_isCluster ? ReadAllOfCluster : ReadAll));

    public override async Task<double?> StatementSeconds() =>
        await Number(_isCluster ? ReadActiveOfCluster : ReadActive) / 1000.0;

    public override async Task<double?> ProcessorSeconds()
    {
        var sessions = new List<long>();
        await using var connection = await _source.OpenConnectionAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = _isCluster ? ReadSessionsOfCluster : ReadSession;
        await using (var row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                sessions.Add(row.GetInt64(0));
            }
        }

        return ServerTime.Seconds(sessions);
    }

    public override async Task<double> RawRowsPerSecond(int commitRows, bool ordered, TimeSpan time)
    {
        await Execute($"CREATE TABLE raw_event ({RawRows.Columns})");
        var rows = new RawRows(ordered);
        var rate = await Task.Run(() => Copy(rows, commitRows, time));
        await Execute("DROP TABLE raw_event");
        return rate;
    }

    public override async ValueTask DisposeAsync()
    {
        await _source.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await using (var connection = await _server.OpenConnectionAsync())
        {
            await using var command = connection.CreateCommand();
            if (_isCluster)
            {
                command.CommandText = "SET citus.enable_create_database_propagation = on";
                await command.ExecuteNonQueryAsync();
            }

#pragma warning disable CA2100 // The name is made of a number.
            command.CommandText = $"DROP DATABASE {_database} WITH (FORCE)";
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }

        await _server.DisposeAsync();
    }

    protected override async ValueTask<DbConnection> Open() => await _source.OpenConnectionAsync();

    private double Copy(RawRows rows, int commitRows, TimeSpan time)
    {
        using var connection = _source.OpenConnection();
        var copied = 0L;
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < time)
        {
            Copy(connection, rows, commitRows);
            copied += commitRows;
        }

        return copied / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    /// <summary>A COPY outside a transaction commits by itself.</summary>
    private static void Copy(NpgsqlConnection connection, RawRows rows, int count)
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        using var copy = connection.BeginBinaryImport(
            $"COPY raw_event ({RawRows.Names}) FROM STDIN (FORMAT binary)");
        for (var ordinal = 0; ordinal < count; ordinal++)
        {
            copy.StartRow();
            copy.Write(rows.Organization, NpgsqlDbType.Uuid);
            copy.Write(rows.NextId(now), NpgsqlDbType.Uuid);
            copy.Write(1L, NpgsqlDbType.Bigint);
            copy.Write(ordinal, NpgsqlDbType.Integer);
            copy.Write(1, NpgsqlDbType.Integer);
            copy.Write(rows.Campaign, NpgsqlDbType.Uuid);
            copy.Write(rows.Offer, NpgsqlDbType.Uuid);
            copy.Write(rows.Location, NpgsqlDbType.Uuid);
            copy.Write(rows.Retailer, NpgsqlDbType.Uuid);
            copy.Write(now * 1000, NpgsqlDbType.Bigint);
            copy.Write(now * 1000, NpgsqlDbType.Bigint);
            copy.Write(RawRows.BillingHour, NpgsqlDbType.Integer);
            copy.Write(0, NpgsqlDbType.Integer);
            copy.Write(RawRows.Ruleset, NpgsqlDbType.Integer);
            copy.Write(RawRows.PriceMicros, NpgsqlDbType.Bigint);
            copy.Write(RawRows.PriceMicros, NpgsqlDbType.Bigint);
            copy.Write(rows.Client, NpgsqlDbType.Bigint);
        }

        copy.Complete();
    }
}
