using System.Data.Common;

namespace Countinghouse.Storage;

/// <summary>
/// Brings a database to the newest schema: forward only, each step once, all under one lock, so that any number of
/// nodes may start at once. Steps are the numbered files in Migrations; a landed file is never edited again.
/// </summary>
public sealed class Migrator(Database database, TimeProvider clock)
{
    /// <summary>Any constant does, so long as nothing else in the database uses it.</summary>
    public const long AdvisoryLock = 7_203_110_426;

    private const string CreateHistory = """
        CREATE TABLE IF NOT EXISTS schema_migration (
            number integer NOT NULL PRIMARY KEY,
            name text NOT NULL,
            applied_at bigint NOT NULL
        )
        """;

    private const string ReadNewest = "SELECT MAX(number) FROM schema_migration";

    private const string Record = """
        INSERT INTO schema_migration (number, name, applied_at) VALUES (@number, @name, @at)
        """;

    /// <summary>All steps this program knows, oldest first.</summary>
    public static IReadOnlyList<Migration> Known { get; } = ReadEmbedded();

    /// <summary>
    /// Applies what is missing up to <paramref name="last"/> (default: everything). Returns the number of steps
    /// applied.
    /// Throws <see cref="SchemaTooNewException"/> when the database was made by a newer program, and
    /// <see cref="DatabaseMovedException"/> when it is a part of a move.
    /// </summary>
    public async Task<int> Migrate(CancellationToken cancellation, int last = int.MaxValue)
    {
        if (database.Engine == Engine.Sqlite)
        {
            // The journal mode is stored in the file and cannot be changed inside a transaction.
            await database.Read(c => c.Execute("PRAGMA journal_mode = WAL", cancellation), cancellation);
        }

        return await database.Write(connection => Apply(connection, last, cancellation), cancellation);
    }

    private async Task<int> Apply(DbConnection connection, int last, CancellationToken cancellation)
    {
        if (database.Engine == Engine.Postgres)
        {
            // SQLite needs none: its write transaction is the lock. 0 seconds of timeout waits for the other node.
            await using var wait = connection.Command("SELECT pg_advisory_xact_lock(@key)", ("key", AdvisoryLock));
            wait.CommandTimeout = 0;
            await wait.ExecuteNonQueryAsync(cancellation);
        }

        await connection.Execute(CreateHistory, cancellation);
        var newest = (int)(await connection.Number(ReadNewest, cancellation) ?? 0);
        if (newest == MoveMark.Number && await MoveMark.Read(connection, cancellation) is { } mark)
        {
            throw new DatabaseMovedException(mark.State);
        }

        if (newest > Known[^1].Number)
        {
            throw new SchemaTooNewException(newest, Known[^1].Number);
        }

        var missing = Known.Where(step => step.Number > newest && step.Number <= last).ToList();
        foreach (var step in missing)
        {
            // However many rows it has to go through.
            await using var change = connection.Command(step.TextFor(database.Engine));
            change.CommandTimeout = 0;
            await change.ExecuteNonQueryAsync(cancellation);
            await connection.Execute(
                Record,
                cancellation,
                ("number", step.Number),
                ("name", step.Name),
                ("at", Primitives.Instant.Of(clock.GetUtcNow())));
        }

        if (missing.Count > 0 && last >= Known[^1].Number && database.Engine == Engine.Postgres
            && await Distribution.IsDistributed(connection, cancellation))
        {
            await Distribution.PlaceNew(connection, cancellation);
        }

        return missing.Count;
    }

    private static List<Migration> ReadEmbedded()
    {
        const string prefix = "Migrations/";
        var assembly = typeof(Migrator).Assembly;
        return
        [
            .. assembly.GetManifestResourceNames()
                .Where(name => name.StartsWith(prefix, StringComparison.Ordinal))
                .Order(StringComparer.Ordinal)
                .Select(name =>
                {
                    using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
                    var file = name[prefix.Length..];
                    var number = int.Parse(file[..4], System.Globalization.CultureInfo.InvariantCulture);
                    return new Migration(number, file, reader.ReadToEnd());
                }),
        ];
    }
}

/// <summary>One forward step of the schema.</summary>
public sealed record Migration(int Number, string Name, string Text)
{
    /// <summary>The text with the other engine's parts left as comments and this engine's parts opened.</summary>
    public string TextFor(Engine engine)
    {
        var mark = engine == Engine.Sqlite ? "sqlite" : "postgres";
        return Text.Replace($"/*{mark}", "", StringComparison.Ordinal)
            .Replace($"{mark}*/", "", StringComparison.Ordinal);
    }
}

/// <summary>The database was migrated by a newer program; running this one on it could misread it.</summary>
public sealed class SchemaTooNewException(int found, int known) : Exception(
    $"The database has schema version {found}, this program knows {known}. Start a version at least as new.");
