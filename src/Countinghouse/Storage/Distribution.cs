using System.Data.Common;

namespace Countinghouse.Storage;

/// <summary>What was done with a table; rows: those that were moved, null where nothing was to be moved.</summary>
public sealed record DistributedTable(PlannedTable Table, bool Moved, long? Rows);

/// <summary>A database cannot be distributed; the message says why and what to do.</summary>
public sealed class NotDistributableException(string message) : Exception(message);

/// <summary>
/// Spreads a migrated database, empty or full, over the workers of a Citus cluster, as <see cref="DistributionPlan"/>
/// says. All of it is one transaction: cut off, it has not happened. Tables that have their place already are left, so
/// it may be repeated, and a migration of a distributed database ends with it.
/// </summary>
public sealed class Distribution(Database database)
{
    /// <summary>So many pieces every distributed table has; whole organizations lie in each.</summary>
    public const int DefaultShards = 32;

    /// <summary>More are slow to plan and to migrate.</summary>
    public const int ShardsMax = 1024;

    // What sessions of this database need from now on. Changes of many shards go one after the other, for in parallel
    // they forbid a change of a table on every node after them; the short cut for a local shard ends the coordinator's
    // process on a condition that is never true (Citus 13.2); triggers guard the audit log; a time limit that is set
    // for a transaction must be the workers' too.
    private static readonly (string Name, string Value)[] Settings =
    [
        ("citus.multi_shard_modify_mode", "sequential"),
        ("citus.enable_local_fast_path_query_optimization", "off"),
        ("citus.enable_unsafe_triggers", "on"),
        ("citus.propagate_set_commands", "local"),
        ("citus.enable_local_reference_table_foreign_keys", "off"),
    ];

    private const string FindExtension = "SELECT COUNT(*) FROM pg_extension WHERE extname = 'citus'";

    private const string CountWorkers = """
        SELECT COUNT(*) FROM pg_dist_node WHERE groupid <> 0 AND isactive AND noderole = 'primary' AND shouldhaveshards
        """;

    private const string CountCoordinators = "SELECT COUNT(*) FROM pg_dist_node WHERE groupid = 0";

    private const string ListPlaced = """
        SELECT c.relname FROM pg_dist_partition p
        JOIN pg_class c ON c.oid = p.logicalrelid
        WHERE c.relnamespace = current_schema()::regnamespace AND (p.partmethod = 'h' OR p.repmodel = 't')
        """;

    private const string ListForeignKeys = """
        SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), t.relname
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_class t ON t.oid = k.confrelid
        WHERE k.contype = 'f' AND k.conparentid = 0 AND c.relnamespace = current_schema()::regnamespace
        ORDER BY 1, 2
        """;

    private const string ListTriggers = """
        SELECT c.relname, g.tgname, pg_get_triggerdef(g.oid) FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid
        WHERE NOT g.tgisinternal AND c.relnamespace = current_schema()::regnamespace ORDER BY 1, 2
        """;

    private const string MakeReference = "SELECT create_reference_table(CAST(@table AS regclass))";

    private const string MakeFirst = """
        SELECT create_distributed_table(CAST(@table AS regclass), 'org_id', colocate_with => 'none',
                                        shard_count => @shards)
        """;

    private const string MakeDistributed = """
        SELECT create_distributed_table(CAST(@table AS regclass), 'org_id', colocate_with => 'ingest_head')
        """;

    /// <summary>Copied rows stay behind in the coordinator's own table, unseen, until this.</summary>
    private const string ForgetLocalRows =
        "SELECT truncate_local_data_after_distributing_table(CAST(@table AS regclass))";

    /// <summary>Distributes what is not distributed yet. Rows are counted as they are moved.</summary>
    /// <param name="shards">Pieces of each table; counts for the first time alone.</param>
    /// <param name="dryRun">Says what would be done, and does nothing.</param>
    /// <param name="progress">Hears the name of each table before it is moved.</param>
    /// <param name="cancellation">Ends it with nothing done.</param>
    /// <exception cref="NotDistributableException">No Citus, no workers, or no PostgreSQL at all.</exception>
    public Task<IReadOnlyList<DistributedTable>> Run(
        int shards, bool dryRun, Action<string> progress, CancellationToken cancellation)
    {
        if (database.Engine != Engine.Postgres)
        {
            throw new NotDistributableException(
                "SQLite cannot be distributed. Move to PostgreSQL first, on the coordinator of a Citus cluster, and "
                + "name it with --postgres.");
        }

        return database.Write(
            async connection =>
            {
                await Require(connection, cancellation);
                return await Place(connection, shards, dryRun, progress, cancellation);
            },
            cancellation);
    }

    /// <summary>True on a database that was distributed before.</summary>
    public static async Task<bool> IsDistributed(DbConnection connection, CancellationToken cancellation) =>
        await HasExtension(connection, cancellation)
        && (await Placed(connection, cancellation)).Contains(DistributionPlan.First);

    /// <summary>Gives tables that a migration has just made their places, in its transaction.</summary>
    internal static Task PlaceNew(DbConnection connection, CancellationToken cancellation) =>
        Place(connection, DefaultShards, dryRun: false, _ => { }, cancellation);

    private static async Task Require(DbConnection connection, CancellationToken cancellation)
    {
        if (!await HasExtension(connection, cancellation))
        {
            throw new NotDistributableException(
                "This database has no Citus. Install Citus on every node, put it into shared_preload_libraries, and "
                + "run CREATE EXTENSION citus in this database on each.");
        }

        if (await connection.Number(CountCoordinators, cancellation) == 0)
        {
            throw new NotDistributableException(
                "The coordinator does not know its own address. Run SELECT citus_set_coordinator_host('HOST', PORT) in "
                + "this database.");
        }

        if (await connection.Number(CountWorkers, cancellation) == 0)
        {
            throw new NotDistributableException(
                "The coordinator knows no worker in this database. Run SELECT citus_add_node('HOST', PORT) for each.");
        }
    }

    private static async Task<IReadOnlyList<DistributedTable>> Place(
        DbConnection connection, int shards, bool dryRun, Action<string> progress, CancellationToken cancellation)
    {
        var placed = await Placed(connection, cancellation);
        var missing = DistributionPlan.Tables
            .Where(table => table.Place != TablePlace.Local && !placed.Contains(table.Name))
            .ToList();
        if (!dryRun)
        {
            await Prepare(connection, missing, cancellation);
        }

        var rows = new Dictionary<string, long?>();
        var keys = await ForeignKeys(connection, missing, cancellation);
        var triggers = await Triggers(connection, missing, cancellation);
        if (!dryRun)
        {
            // Half of the tables cannot point at the other half, so all let go until every one has its place.
            await All(connection, keys.Select(key => key.Drop), cancellation);
            await All(connection, triggers.Select(trigger => trigger.Drop), cancellation);
        }

        foreach (var table in missing)
        {
            progress(table.Name);
            rows[table.Name] = await connection.Number($"SELECT COUNT(*) FROM {table.Name}", cancellation);
            if (!dryRun)
            {
                await Move(connection, table, shards, cancellation);
            }
        }

        if (!dryRun)
        {
            await All(connection, triggers.Select(trigger => trigger.Make), cancellation);
            await All(connection, keys.Select(key => key.Make), cancellation);
        }

        return
        [
            .. DistributionPlan.Tables.Select(table => new DistributedTable(
                table, rows.ContainsKey(table.Name), rows.GetValueOrDefault(table.Name))),
        ];
    }

    /// <summary>Settings for all sessions to come and for this one, and the locks on all that moves.</summary>
    private static async Task Prepare(
        DbConnection connection, List<PlannedTable> missing, CancellationToken cancellation)
    {
        var name = (await connection.First(
            "SELECT quote_ident(current_database())", row => row.GetString(0), cancellation))!;
        foreach (var (setting, value) in Settings)
        {
            await Long(connection, $"ALTER DATABASE {name} SET {setting} = '{value}'", cancellation);
            await Long(connection, $"SET LOCAL {setting} = '{value}'", cancellation);
        }

        await Long(connection, "SET LOCAL client_min_messages = warning", cancellation);
        if (missing.Count > 0)
        {
            // All at once and before anything else: a server that writes waits, or is waited for, and neither holds
            // what the other wants.
            var names = string.Join(", ", missing.Select(table => table.Name));
            await Long(connection, $"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE", cancellation);
        }
    }

    private static async Task Move(
        DbConnection connection, PlannedTable table, int shards, CancellationToken cancellation)
    {
        var statement = table.Place == TablePlace.Reference ? MakeReference
            : table.Name == DistributionPlan.First ? MakeFirst
            : MakeDistributed;
        (string, object?)[] parameters = statement == MakeFirst
            ? [("table", table.Name), ("shards", shards)]
            : [("table", table.Name)];
        await Long(connection, statement, cancellation, parameters);
        await Long(connection, ForgetLocalRows, cancellation, ("table", table.Name));
    }

    private static async Task<List<(string Drop, string Make)>> ForeignKeys(
        DbConnection connection, List<PlannedTable> missing, CancellationToken cancellation)
    {
        var names = missing.Select(table => table.Name).ToHashSet();
        var keys = await connection.Query(
            ListForeignKeys,
            row => (Table: row.GetString(0), Name: row.GetString(1), Text: row.GetString(2), Target: row.GetString(3)),
            cancellation);
        return
        [
            .. keys.Where(key => names.Contains(key.Table) || names.Contains(key.Target)).Select(key => (
                $"ALTER TABLE {key.Table} DROP CONSTRAINT {key.Name}",
                $"ALTER TABLE {key.Table} ADD CONSTRAINT {key.Name} {key.Text}")),
        ];
    }

    private static async Task<List<(string Drop, string Make)>> Triggers(
        DbConnection connection, List<PlannedTable> missing, CancellationToken cancellation)
    {
        var names = missing.Select(table => table.Name).ToHashSet();
        var triggers = await connection.Query(
            ListTriggers,
            row => (Table: row.GetString(0), Name: row.GetString(1), Text: row.GetString(2)),
            cancellation);
        return
        [
            .. triggers.Where(trigger => names.Contains(trigger.Table)).Select(trigger => (
                $"DROP TRIGGER {trigger.Name} ON {trigger.Table}", trigger.Text)),
        ];
    }

    private static async Task All(
        DbConnection connection, IEnumerable<string> statements, CancellationToken cancellation)
    {
        foreach (var statement in statements)
        {
            await Long(connection, statement, cancellation);
        }
    }

    /// <summary>However many rows it has to go through.</summary>
    private static async Task Long(
        DbConnection connection,
        string sql,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<bool> HasExtension(DbConnection connection, CancellationToken cancellation) =>
        await connection.Number(FindExtension, cancellation) > 0;

    private static async Task<HashSet<string>> Placed(DbConnection connection, CancellationToken cancellation) =>
        (await connection.Query(ListPlaced, row => row.GetString(0), cancellation)).ToHashSet();
}
