using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.Copies;

/// <summary>
/// Which tables there are to copy, in an order in which no row comes before one it refers to. Read from the catalogs of
/// both sides, so that a new table is moved without anybody thinking of it, and a difference is seen before anything is
/// copied.
/// </summary>
internal static class TableCatalog
{
    /// <summary>The schema's own history is made by migrating, and the move's by moving.</summary>
    private static readonly string[] NotCopied = ["schema_migration", MoveTarget.ProgressTable];

    private const string OfSqlite = """
        SELECT m.name, c.name, c.pk FROM sqlite_master m, pragma_table_info(m.name) c
        WHERE m.type = 'table' AND substr(m.name, 1, 7) <> 'sqlite_' ORDER BY m.name, c.cid
        """;

    // A partition's rows are its table's.
    private const string OfPostgres = """
        SELECT c.relname, a.attname, t.typname
        FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = a.atttypid
        WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname, a.attnum
        """;

    private const string References = """
        SELECT c.relname, r.relname
        FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_class r ON r.oid = k.confrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE k.contype = 'f' AND n.nspname = current_schema() AND c.oid <> r.oid
        """;

    /// <summary>The PostgreSQL side's tables of rows.</summary>
    public static async Task<IReadOnlyList<string>> ReadNames(DbConnection postgres, CancellationToken cancellation) =>
    [
        .. (await postgres.Query(OfPostgres, row => row.GetString(0), cancellation)).Distinct().Except(NotCopied),
    ];

    /// <summary>Throws <see cref="CopyException"/> when the two sides differ in tables or columns.</summary>
    public static async Task<IReadOnlyList<CopiedTable>> Read(
        DbConnection sqlite, DbConnection postgres, CancellationToken cancellation)
    {
        var source = (await sqlite.Query(
                OfSqlite,
                row => (Table: row.GetString(0), Column: row.GetString(1), Key: row.GetInt32(2)),
                cancellation))
            .Where(column => !NotCopied.Contains(column.Table))
            .ToLookup(column => column.Table);
        var target = (await postgres.Query(
                OfPostgres,
                row => (Table: row.GetString(0), Column: row.GetString(1), Type: row.GetString(2)),
                cancellation))
            .Where(column => !NotCopied.Contains(column.Table))
            .ToLookup(column => column.Table);
        RequireSame(
            source.SelectMany(table => table.Select(column => $"{table.Key}.{column.Column}")).ToHashSet(),
            target.SelectMany(table => table.Select(column => $"{table.Key}.{column.Column}")).ToHashSet());

        var tables = target
            .Select(table => new CopiedTable(
                table.Key,
                [.. table.Select(column => new CopiedColumn(column.Column, KindOf(table.Key, column)))],
                [
                    .. source[table.Key].Where(column => column.Key > 0).OrderBy(column => column.Key)
                        .Select(column => column.Column),
                ]))
            .ToList();
        if (tables.Find(table => table.Key.Count == 0) is { } keyless)
        {
            throw new CopyException($"The table {keyless.Name} has no primary key, so its rows have no order.");
        }

        var references = (await postgres.Query(
                References, row => (From: row.GetString(0), To: row.GetString(1)), cancellation))
            .ToLookup(reference => reference.From, reference => reference.To);
        return InOrder(tables, references);
    }

    private static void RequireSame(HashSet<string> source, HashSet<string> target)
    {
        var missing = source.Except(target).Select(name => name + " is in the SQLite database alone")
            .Concat(target.Except(source).Select(name => name + " is in the PostgreSQL database alone"))
            .Order(StringComparer.Ordinal)
            .ToList();
        if (missing.Count > 0)
        {
            throw new CopyException(
                $"The two databases do not have the same tables and columns: {string.Join("; ", missing.Take(5))}"
                + (missing.Count > 5 ? $"; and {missing.Count - 5} more." : "."));
        }
    }

    private static ColumnKind KindOf(string table, (string Table, string Column, string Type) column) =>
        column.Type switch
        {
            "uuid" => ColumnKind.Uuid,
            "int8" => ColumnKind.Long,
            "int4" => ColumnKind.Int,
            "text" => ColumnKind.Text,
            "bytea" => ColumnKind.Bytes,
            "bool" => ColumnKind.Bool,
            var other => throw new CopyException(
                $"{table}.{column.Column} is of the type {other}, which a move cannot copy."),
        };

    private static List<CopiedTable> InOrder(List<CopiedTable> tables, ILookup<string, string> references)
    {
        var ordered = new List<CopiedTable>();
        while (ordered.Count < tables.Count)
        {
            var done = ordered.Select(table => table.Name).ToHashSet();
            var next = tables
                .Where(table => !done.Contains(table.Name) && references[table.Name].All(done.Contains))
                .ToList();
            if (next.Count == 0)
            {
                throw new CopyException(
                    "These tables refer to each other in a circle, so none can be copied first: "
                    + string.Join(", ", tables.Select(table => table.Name).Except(done)));
            }

            ordered.AddRange(next);
        }

        return ordered;
    }
}
