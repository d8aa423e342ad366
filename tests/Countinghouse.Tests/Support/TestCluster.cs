using System.Collections.Concurrent;
using Countinghouse.Storage;
using Npgsql;

namespace Countinghouse.Support;

/// <summary>
/// The Citus cluster that ./test --citus names, if any: each of a test's PostgreSQL databases is then made on all of
/// its nodes and distributed. Nothing here is told to tests; what they ask is what they ask of any database.
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

    // What tests could have changed of a schema: tables, columns, constraints, indexes and triggers.
    private const string ReadSchema = """
        SELECT md5(string_agg(line, '|' ORDER BY line)) FROM (
            SELECT concat(table_name, ' ', column_name, ' ', data_type, is_nullable, column_default) AS line
            FROM information_schema.columns WHERE table_schema = 'public'
            UNION ALL
            SELECT concat(conrelid::regclass, ' ', conname, ' ', pg_get_constraintdef(oid))
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
            UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL SELECT concat(tgname, ' ', tgenabled) FROM pg_trigger WHERE NOT tgisinternal
        ) AS lines
        """;

    private const string ReadMigrations = "SELECT COUNT(*) FROM schema_migration";

    private const string AuditGuard = "audit_entry_is_not_emptied";

    private const int DropTriesMax = 12;

    private static readonly ConcurrentBag<string> Free = [];
    private static readonly ConcurrentDictionary<string, string> Schemas = new();

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

    /// <summary>An empty, distributed database: one that another test has left, or a new one.</summary>
    public static async Task<string> Take(string newName, Func<Task> migrate)
    {
        if (Free.TryTake(out var left))
        {
            return left;
        }

        await Create(newName);
        await migrate();
        await using var database = Database.OpenPostgres(ConnectionTo(newName, pooling: false));
        await new Distribution(database).Run(Shards, dryRun: false, _ => { }, default);
        Schemas[newName] = await database.Read(SchemaOf, default);
        return newName;
    }

    /// <summary>
    /// Emptied for the next test, which is several times quicker than making one; with another schema than it was made
    /// with, it goes.
    /// </summary>
    public static async Task Leave(string name)
    {
        if (Schemas.TryGetValue(name, out var schema) && await IsEmptied(name, schema))
        {
            Free.Add(name);
        }
        else
        {
            await Drop(name);
        }
    }

    /// <summary>A database with what this program's schema has, distributed; the caller drops it.</summary>
    public static async Task CreateDistributed(string name)
    {
        await Create(name);
        await using var database = Database.OpenPostgres(ConnectionTo(name, pooling: false));
        await new Migrator(database, TimeProvider.System).Migrate(default);
        await new Distribution(database).Run(Shards, dryRun: false, _ => { }, default);
    }

    public static async Task DropFree()
    {
        while (Free.TryTake(out var name))
        {
            await Drop(name);
        }
    }

    public static async Task Drop(string name)
    {
        await using var postgres = await Open(new NpgsqlConnectionStringBuilder(Server).Database!);
        await postgres.Execute("SET citus.enable_create_database_propagation = on", default);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await postgres.Execute($"DROP DATABASE IF EXISTS {name} WITH (FORCE)", default);
                return;
            }
            catch (PostgresException error) when (error.SqlState == PostgresErrorCodes.InvalidCatalogName)
            {
                // An earlier try got as far as some of the nodes, which then have nothing to drop.
                return;
            }
            catch (PostgresException error)
                when (error.SqlState == PostgresErrorCodes.ObjectInUse && attempt < DropTriesMax)
            {
                // Its sessions on the workers take a while to end on a busy machine.
                await Task.Delay(250);
            }
        }
    }

    private static async Task<bool> IsEmptied(string name, string schema)
    {
        await using var database = Database.OpenPostgres(ConnectionTo(name, pooling: false));
        try
        {
            return await database.Write(
                async connection =>
                {
                    if (await SchemaOf(connection) != schema)
                    {
                        return false;
                    }

                    // Servers that were killed may hold locks a moment longer.
                    await connection.Execute("SET LOCAL lock_timeout = '10s'", default);
                    var tables = (await database.Tables()).Except(["schema_migration"]);
                    await connection.Execute($"ALTER TABLE audit_entry DISABLE TRIGGER {AuditGuard}", default);
                    await connection.Execute($"TRUNCATE {string.Join(", ", tables)}", default);
                    await connection.Execute($"ALTER TABLE audit_entry ENABLE TRIGGER {AuditGuard}", default);
                    return true;
                },
                default);
        }
        catch (PostgresException)
        {
            return false;
        }
    }

    private static async Task<string> SchemaOf(System.Data.Common.DbConnection connection) =>
        await connection.Number(ReadMigrations, default) + " "
        + await connection.First(ReadSchema, row => row.GetString(0), default);

    private static async Task<NpgsqlConnection> Open(string name)
    {
        var connection = new NpgsqlConnection(ConnectionTo(name, pooling: false));
        await connection.OpenAsync();
        return connection;
    }
}
