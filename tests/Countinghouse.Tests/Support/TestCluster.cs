using Countinghouse.Storage;
using Npgsql;

namespace Countinghouse.Support;

/// <summary>
/// The Citus cluster that ./test --citus names, if any: each of a test's PostgreSQL databases is then made on all of its
/// nodes and distributed. Nothing here is told to tests; what they ask is what they ask of any database.
/// </summary>
internal static class TestCluster
{
    /// <summary>Names the coordinator; its database says which workers there are.</summary>
    public const string Variable = "COUNTINGHOUSE_TEST_CITUS";

    /// <summary>Few, because each is a table to make and to drop: two for each of two workers.</summary>
    public const int Shards = 4;

    private const string ReadNodes = """
        SELECT nodename, nodeport, groupid FROM pg_dist_node WHERE isactive AND noderole = 'primary' ORDER BY nodeid
        """;

    private const string OnWorkers = """
        SELECT COUNT(*) FROM master_run_on_worker(
            @hosts, @ports, array_fill(CAST(@sql AS text), ARRAY[CAST(cardinality(@ports) AS integer)]), true)
        WHERE NOT success
        """;

    private static readonly string? Server = Environment.GetEnvironmentVariable(Variable);

    public static bool IsThere => !string.IsNullOrEmpty(Server);

    public static string ConnectionTo(string name, bool pooling) => new NpgsqlConnectionStringBuilder(Server)
    {
        Database = name,
        Pooling = pooling,
        MaxPoolSize = 30,
    }.ToString();

    /// <summary>A database of this name on all nodes that knows them, without any table.</summary>
    public static async Task Create(string name)
    {
        await using var postgres = await Open(new NpgsqlConnectionStringBuilder(Server).Database!);
        var nodes = await postgres.Query(
            ReadNodes, row => (Host: row.GetString(0), Port: row.GetInt32(1), Group: row.GetInt32(2)), default);
        await postgres.Execute("SET citus.enable_create_database_propagation = on", default);
        await postgres.Execute($"CREATE DATABASE {name}", default);

        await using var connection = await Open(name);
        foreach (var sql in (string[])
            [
                // Every new node would be told of all roles, and two at once are in each other's way.
                "SET citus.enable_alter_role_propagation = off",
                "SET citus.enable_create_role_propagation = off",
                "CREATE EXTENSION citus",
            ])
        {
            await connection.Execute(sql, default);
        }

        var coordinator = nodes.Single(node => node.Group == 0);
        var workers = nodes.Where(node => node.Group != 0).ToList();
        await connection.Execute(
            "SELECT citus_set_coordinator_host(@host, @port)",
            default,
            ("host", coordinator.Host), ("port", coordinator.Port));
        var failed = await connection.Number(
            OnWorkers,
            default,
            ("hosts", workers.Select(node => node.Host).ToArray()),
            ("ports", workers.Select(node => node.Port).ToArray()),
            ("sql", "CREATE EXTENSION citus"));
        Assert.True(failed == 0, $"{failed} workers have no Citus in {name}.");
        foreach (var worker in workers)
        {
            await connection.Execute(
                "SELECT citus_add_node(@host, @port)", default, ("host", worker.Host), ("port", worker.Port));
        }
    }

    public static async Task Distribute(string name)
    {
        await using var database = Database.OpenPostgres(ConnectionTo(name, pooling: false));
        await new Distribution(database).Run(Shards, dryRun: false, _ => { }, default);
    }

    public static async Task Drop(string name)
    {
        await using var postgres = await Open(new NpgsqlConnectionStringBuilder(Server).Database!);
        await postgres.Execute("SET citus.enable_create_database_propagation = on", default);
        await postgres.Execute($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", default);
    }

    private static async Task<NpgsqlConnection> Open(string name)
    {
        var connection = new NpgsqlConnection(ConnectionTo(name, pooling: false));
        await connection.OpenAsync();
        return connection;
    }
}
