using Npgsql;

namespace Countinghouse.Load;

/// <summary>
/// Makes a database on all nodes of a Citus cluster, as an operator would before "countinghouse distribute".
/// </summary>
internal static class ClusterDatabase
{
    private const string ReadNodes = """
        SELECT nodename, nodeport, groupid FROM pg_dist_node WHERE isactive AND noderole = 'primary' ORDER BY nodeid
        """;

    private const string OnWorker = """
        SELECT success FROM master_run_on_worker(
            ARRAY[@host], ARRAY[@port], ARRAY['CREATE EXTENSION IF NOT EXISTS citus'], true)
        """;

    /// <summary>Returns the version of Citus.</summary>
    public static async Task<string> Create(NpgsqlConnection coordinator, string database)
    {
        var nodes = new List<(string Host, int Port, bool IsCoordinator)>();
        await using (var command = new NpgsqlCommand(ReadNodes, coordinator))
        await using (var row = await command.ExecuteReaderAsync())
        {
            while (await row.ReadAsync())
            {
                nodes.Add((row.GetString(0), row.GetInt32(1), row.GetInt32(2) == 0));
            }
        }

        await Run(coordinator, "SET citus.enable_create_database_propagation = on");
        await Run(coordinator, $"CREATE DATABASE {database}");
        var settings = new NpgsqlConnectionStringBuilder(coordinator.ConnectionString)
        {
            Database = database,
            Pooling = false,
        };
        await using var connection = new NpgsqlConnection(settings.ToString());
        await connection.OpenAsync();
        await Run(connection, "CREATE EXTENSION IF NOT EXISTS citus");
        foreach (var (host, port, isCoordinator) in nodes.OrderByDescending(node => node.IsCoordinator))
        {
            if (!isCoordinator && await Ask(connection, OnWorker, host, port) is not true)
            {
                throw new BenchException($"The worker {host}:{port} has no Citus.");
            }

            await Ask(
                connection,
                isCoordinator
                    ? "SELECT citus_set_coordinator_host(@host, @port)"
                    : "SELECT citus_add_node(@host, @port)",
                host,
                port);
        }

        await using var version = new NpgsqlCommand(
            "SELECT extversion FROM pg_extension WHERE extname = 'citus'", connection);
        return (string)(await version.ExecuteScalarAsync())!;
    }

    private static async Task Run(NpgsqlConnection connection, string sql)
    {
#pragma warning disable CA2100 // Constant text, and a name made of a number.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<object?> Ask(NpgsqlConnection connection, string sql, string host, int port)
    {
#pragma warning disable CA2100 // Constant text.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        command.Parameters.AddWithValue("host", host);
        command.Parameters.AddWithValue("port", port);
        return await command.ExecuteScalarAsync();
    }
}
