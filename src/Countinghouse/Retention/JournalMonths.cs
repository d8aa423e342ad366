using System.Data.Common;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Telemetry;
using Npgsql;

namespace Countinghouse.Retention;

/// <summary>
/// The months that the journal is kept by on PostgreSQL: a partition for each month of receipt, made ahead of time.
/// What has no partition of its own (a clock far off, batches of before there were months) lies in the one for all
/// others, so that no flush ever fails for want of one. On SQLite the journal is one table, and there is nothing to do.
/// </summary>
public sealed class JournalMonths(Database database, TimeProvider clock)
{
    /// <summary>Months that are there before they begin.</summary>
    public const int MonthsAhead = 3;

    /// <summary>
    /// Flushes wait for as long as a change of the table does: it gives up soon, and is tried again.
    /// </summary>
    private const string WaitShortly = "SET LOCAL lock_timeout = '300ms'";

    private const string WorkShortly = "SET LOCAL statement_timeout = '600ms'";

    /// <summary>Nodes that make months at once do it one after the other.</summary>
    private const string TakeTurns = "SELECT pg_advisory_xact_lock(7203110427)";

    private const int TriesMax = 5;

    private const string LockNotAvailable = "55P03";
    private const string QueryCancelled = "57014";
    private const string CheckViolated = "23514";
    private const string NoSuchConstraint = "42704";

    private const string List = """
        SELECT c.relname FROM pg_inherits i
        JOIN pg_class c ON c.oid = i.inhrelid
        JOIN pg_class p ON p.oid = i.inhparent
        JOIN pg_namespace n ON n.oid = p.relnamespace
        WHERE p.relname = 'ingest_batch' AND n.nspname = current_schema()
        """;

    private static readonly TimeSpan Breath = TimeSpan.FromSeconds(1);

    /// <summary>Name of a month's partition.</summary>
    public static string NameOf(Period month) => string.Create(
        CultureInfo.InvariantCulture, $"ingest_batch_{month.Number / 100:D4}_{month.Number % 100:D2}");

    /// <summary>The month of a partition; null for that of all others.</summary>
    internal static Period? MonthOf(string partition) =>
        int.TryParse(
            partition["ingest_batch_".Length..].Replace("_", "", StringComparison.Ordinal),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var number)
            ? Period.FromNumber(number)
            : null;

    /// <summary>The months that have a partition of their own; none on SQLite.</summary>
    public async Task<IReadOnlySet<string>> Names(CancellationToken cancellation) =>
        database.Engine == Engine.Sqlite
            ? new HashSet<string>()
            : (await database.Read(
                connection => connection.Query(List, row => row.GetString(0), cancellation), cancellation)).ToHashSet();

    /// <summary>How many coming months have their partition, for telemetry; all of them on SQLite.</summary>
    public async Task<IReadOnlyList<Gauge>> Read(DbConnection connection, CancellationToken cancellation)
    {
        var ahead = MonthsAhead;
        if (database.Engine == Engine.Postgres)
        {
            var names = await connection.Query(List, row => row.GetString(0), cancellation);
            var month = UtcDay.Of(clock.GetUtcNow()).Period.Next;
            for (ahead = 0; names.Contains(NameOf(month)); month = month.Next)
            {
                ahead++;
            }
        }

        return [new("countinghouse.journal.months_ahead", "{month}", "Coming months with a partition.", ahead)];
    }

    /// <summary>
    /// Makes the partitions of this month and the coming ones, as far as they are missing. Any number of nodes may do
    /// it at once, beside all that is written.
    /// </summary>
    public async Task Ensure(DateTimeOffset now, CancellationToken cancellation)
    {
        if (database.Engine == Engine.Sqlite)
        {
            return;
        }

        var known = await Names(cancellation);
        var thisMonth = UtcDay.Of(now).Period;
        var month = thisMonth;
        for (var ahead = 0; ahead <= MonthsAhead; ahead++, month = month.Next)
        {
            try
            {
                if (!known.Contains(NameOf(month)))
                {
                    await Add(month, isAhead: month > thisMonth, cancellation);
                }
            }
            catch (PostgresException error) when (error.SqlState == LockNotAvailable)
            {
                // Somebody reads the journal for long. There is time: the month has not begun, or lies among the
                // others for as long as it lasts.
                return;
            }
        }
    }

    /// <summary>
    /// Makes a month's partition. False when it has batches among the others already, with which it then stays.
    /// </summary>
    /// <param name="month">Of receipt.</param>
    /// <param name="isAhead">True: nobody writes batches of it yet.</param>
    /// <param name="cancellation">Ends it; the partition is there or it is not.</param>
    internal async Task<bool> Add(Period month, bool isAhead, CancellationToken cancellation)
    {
        try
        {
            if (isAhead)
            {
                // With a checked constraint attaching need not read what is among the others, however much that is.
                // A month that is written now would be refused meanwhile, so there it is left to the attaching itself.
                await Change([Include(month), Exclude(month)], cancellation);
                await Change([Validate(month)], cancellation, mayTakeLong: true);
            }

            await Change(
                [TakeTurns, Create(month), .. Indexes(month), Attach(month), Include(month)], cancellation, month);
            return true;
        }
        catch (PostgresException error) when (error.SqlState == NoSuchConstraint)
        {
            // Another node was making the same month, and is done with the constraint.
            return (await Names(cancellation)).Contains(NameOf(month));
        }
        catch (PostgresException error) when (error.SqlState is CheckViolated or QueryCancelled)
        {
            await Change([Include(month)], cancellation);
            return false;
        }
    }

    /// <summary>Takes a month's partition out of the journal, and with it all its batches.</summary>
    internal Task Drop(Period month, CancellationToken cancellation) => Change(
        [$"ALTER TABLE ingest_batch DETACH PARTITION {NameOf(month)}", $"DROP TABLE {NameOf(month)}"], cancellation);

    private static string Include(Period month) =>
        $"ALTER TABLE ingest_batch_other DROP CONSTRAINT IF EXISTS not_{NameOf(month)}";

    private static string Exclude(Period month) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        ALTER TABLE ingest_batch_other ADD CONSTRAINT not_{NameOf(month)}
            CHECK (committed_at < {Start(month)} OR committed_at >= {Start(month.Next)}) NOT VALID
        """);

    private static string Validate(Period month) =>
        $"ALTER TABLE ingest_batch_other VALIDATE CONSTRAINT not_{NameOf(month)}";

    private static string Create(Period month) => $"""
        CREATE TABLE IF NOT EXISTS {NameOf(month)}
            (LIKE ingest_batch INCLUDING CONSTRAINTS INCLUDING STORAGE, PRIMARY KEY (org_id, batch_no))
        """;

    /// <summary>As those of the partition for all others.</summary>
    private static string[] Indexes(Period month) =>
    [
        $"CREATE UNIQUE INDEX IF NOT EXISTS {NameOf(month)}_by_flush ON {NameOf(month)} (org_id, flush_id)",
        $"CREATE INDEX IF NOT EXISTS {NameOf(month)}_by_time ON {NameOf(month)} (org_id, committed_at)",
        $"""
        CREATE INDEX IF NOT EXISTS {NameOf(month)}_with_clients ON {NameOf(month)} (committed_at)
            WHERE client_keys IS NOT NULL
        """,
    ];

    private static string Attach(Period month) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        ALTER TABLE ingest_batch ATTACH PARTITION {NameOf(month)}
            FOR VALUES FROM ({Start(month)}) TO ({Start(month.Next)})
        """);

    private static long Start(Period month) => Instant.Of(month.FirstDay.Start()).Micros;

    /// <summary>Statements in one transaction, tried until nobody is in their way.</summary>
    /// <param name="statements">In their order.</param>
    /// <param name="cancellation">Ends the trying.</param>
    /// <param name="unlessThere">Nothing is done when this month has its partition, once it is our turn.</param>
    /// <param name="mayTakeLong">True: others can write meanwhile.</param>
    private async Task Change(
        string[] statements,
        CancellationToken cancellation,
        Period? unlessThere = null,
        bool mayTakeLong = false)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await database.Write(
                    connection => Run(connection, statements, unlessThere, mayTakeLong, cancellation), cancellation);
                return;
            }
            catch (PostgresException error) when (error.SqlState == LockNotAvailable && attempt < TriesMax)
            {
                await Task.Delay(Breath, clock, cancellation);
            }
        }
    }

    private static async Task Run(
        DbConnection connection,
        string[] statements,
        Period? unlessThere,
        bool mayTakeLong,
        CancellationToken cancellation)
    {
        await connection.Execute(WaitShortly, cancellation);
        if (!mayTakeLong)
        {
            await connection.Execute(WorkShortly, cancellation);
        }

        foreach (var statement in statements)
        {
            await using var command = connection.Command(statement);
            command.CommandTimeout = mayTakeLong ? 0 : command.CommandTimeout;
            await command.ExecuteNonQueryAsync(cancellation);
            if (statement == TakeTurns && unlessThere is { } month && (await connection.Query(
                List, row => row.GetString(0), cancellation)).Contains(NameOf(month)))
            {
                return;
            }
        }
    }
}
