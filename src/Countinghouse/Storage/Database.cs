using System.Data;
using System.Data.Common;
using Countinghouse.Primitives;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Countinghouse.Storage;

public enum Engine
{
    Sqlite = 1,
    Postgres = 2,
}

/// <summary>
/// The database, whichever engine it is. Reads take a connection each; writes are one transaction each. On PostgreSQL
/// writers meet at row locks (READ COMMITTED); on SQLite there is one writer at a time (BEGIN IMMEDIATE), which is
/// what row locks would come to there.
/// </summary>
public sealed class Database : IAsyncDisposable
{
    /// <summary>How long a writer waits for another process on the same SQLite file.</summary>
    private const int SqliteBusySeconds = 30;

    /// <summary>Of the connections to PostgreSQL that the settings allow, a fourth is for writers.</summary>
    private const int WritersPart = 4;

    /// <summary>
    /// What a Citus coordinator says when a worker is gone while it commits: it may or may not have happened.
    /// </summary>
    private const string LostCommit = "could not commit transaction for shard";

    /// <summary>What it says when a worker goes in the middle of a transaction, which then did not happen.</summary>
    private const string LostWorker = "failure on connection marked as essential";

    private const int ReadBufferBytes = 32 * 1024;

    private readonly DbDataSource _readers;
    private readonly DbDataSource _writers;
    private readonly SemaphoreSlim? _sqliteWriter;
    private readonly string? _session;

    private Database(Engine engine, DbDataSource readers, DbDataSource writers, string? session = null)
    {
        Engine = engine;
        _readers = readers;
        _writers = writers;
        _session = session;
        _sqliteWriter = engine == Engine.Sqlite ? new SemaphoreSlim(1) : null;
    }

    public Engine Engine { get; }

    /// <param name="path">The file; it is made when it is not there.</param>
    /// <param name="isReadOnly">True: nothing is made or changed.</param>
    public static Database OpenSqlite(string path, bool isReadOnly = false)
    {
        SQLitePCL.Batteries_V2.Init();
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = isReadOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate,
            ForeignKeys = true,
            DefaultTimeout = SqliteBusySeconds,
            Pooling = true,
        };
        var source = SqliteFactory.Instance.CreateDataSource(settings.ToString());
        return new Database(Engine.Sqlite, source, source);
    }

    public static Database OpenPostgres(string connectionString)
    {
        // Statements are few and constant, so preparing them after five uses pays from the sixth on. Nothing here sets
        // anything for a session, so a connection needs no reset before its next use.
        var settings = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "countinghouse",
            NoResetOnClose = true,
        };
        if (settings.MaxAutoPrepare == 0)
        {
            settings.MaxAutoPrepare = 200;
        }

        // A closing month reads millions of rows: at the driver's 8 KB a tenth of the time is calls for the next piece.
        settings.ReadBufferSize = Math.Max(settings.ReadBufferSize, ReadBufferBytes);

        // A pool hands out the connection that has been idle longest. Writers are few: with a pool of their own they
        // meet the same few backends, which know their statements, instead of all that readers ever needed.
        var writers = new NpgsqlConnectionStringBuilder(settings.ConnectionString)
        {
            MinPoolSize = 0,
            MaxPoolSize = Math.Max(1, settings.MaxPoolSize / WritersPart),
        };
        settings.MaxPoolSize = Math.Max(1, settings.MaxPoolSize - writers.MaxPoolSize);
        settings.MinPoolSize = Math.Min(settings.MinPoolSize, settings.MaxPoolSize);
        var session = new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "countinghouse node",
            Pooling = false,
        };
        return new Database(
            Engine.Postgres,
            NpgsqlDataSource.Create(settings),
            NpgsqlDataSource.Create(writers),
            session.ConnectionString);
    }

    /// <summary>
    /// A connection to PostgreSQL that belongs to no pool, for what is the session's own (locks, LISTEN); the caller
    /// disposes of it, and its session ends.
    /// </summary>
    /// <param name="answerSecondsMax">How long connecting and each statement may take.</param>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task<NpgsqlConnection> OpenSession(int answerSecondsMax, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_session!)
        {
            Timeout = answerSecondsMax,
            CommandTimeout = answerSecondsMax,
        }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellation);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a connection that reads; the caller disposes of it.</summary>
    public ValueTask<DbConnection> Open(CancellationToken cancellation) =>
        _readers.OpenConnectionAsync(cancellation);

    public async Task<T> Read<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation)
    {
        await using var connection = await Open(cancellation);
        return await work(connection);
    }

    /// <summary>Several statements that see one state of the database.</summary>
    public async Task<T> ReadSnapshot<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation)
    {
        await using var connection = await Open(cancellation);
        await using var snapshot = connection is SqliteConnection sqlite
            ? sqlite.BeginTransaction(deferred: true)
            : await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellation);
        var result = await work(connection);
        await snapshot.CommitAsync(cancellation);
        return result;
    }

    /// <summary>One transaction, durable when this returns; an exception leaves nothing behind.</summary>
    public async Task<T> Write<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellation)
    {
        if (_sqliteWriter is not null)
        {
            await _sqliteWriter.WaitAsync(cancellation);
        }

        try
        {
            await using var connection = await _writers.OpenConnectionAsync(cancellation);
            if (Engine == Engine.Sqlite)
            {
                // FULL: a commit is on the disk before it is acknowledged. NORMAL would lose the last ones in a power
                // cut.
                await connection.Execute("PRAGMA synchronous = FULL", cancellation);
            }

            await using var transaction =
                await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellation);
            var result = await work(connection);

            // Not cancellable: once asked, a commit must be waited for, or nobody knows whether it happened.
            await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        finally
        {
            _sqliteWriter?.Release();
        }
    }

    public Task Write(Func<DbConnection, Task> work, CancellationToken cancellation) =>
        Write(
            async connection =>
            {
                await work(connection);
                return true;
            },
            cancellation);

    /// <summary>
    /// The end of a condition on a uuid column: equal to any of a list of ids. The value of the parameter is made by
    /// <see cref="ListOf"/>; one statement serves lists of any length.
    /// </summary>
    public string AnyOf(string parameter) => Engine == Engine.Postgres
        ? $" = ANY(@{parameter})"
        : $" IN (SELECT value FROM json_each(@{parameter}))";

    /// <summary>Ids as the parameter that <see cref="AnyOf"/> reads.</summary>
    public object ListOf<TId>(IEnumerable<TId> ids)
        where TId : struct, IId<TId> => Engine == Engine.Postgres
        ? ids.Select(id => id.Value).ToArray()
        : "[" + string.Join(',', ids.Select(id => $"\"{id.Value.ToString().ToUpperInvariant()}\"")) + "]";

    /// <summary>Whole numbers as the parameter that <see cref="AnyOf"/> reads.</summary>
    public object ListOf(IEnumerable<long> numbers) => Engine == Engine.Postgres
        ? numbers.ToArray()
        : "[" + string.Join(',', numbers) + "]";

    /// <summary>
    /// Rows that travel as a parameter (JSON, an array of objects) as something to select from, so that what is not in
    /// a table yet can be summed with what is. Types are PostgreSQL's; ids are to be written in capitals.
    /// </summary>
    public string RowsOf(string parameter, params ReadOnlySpan<(string Name, string Type)> columns)
    {
        var names = new List<string>();
        foreach (var (name, type) in columns)
        {
            names.Add(Engine == Engine.Postgres
                ? $"{name} {type}"
                : $"json_extract(value, '$.{name}') AS {name}");
        }

        return Engine == Engine.Postgres
            ? $"jsonb_to_recordset(CAST(@{parameter} AS jsonb)) AS given ({string.Join(", ", names)})"
            : $"(SELECT {string.Join(", ", names)} FROM json_each(@{parameter})) AS given";
    }

    /// <summary>
    /// The end of a SELECT that locks its rows until the transaction ends; SQLite locks by writing at all.
    /// </summary>
    public string ForUpdate => Engine == Engine.Postgres ? " FOR UPDATE" : "";

    /// <summary>
    /// True when the error says that the database cannot be reached or asked just now: try again later.
    /// </summary>
    public static bool IsUnavailable(Exception error) => error switch
    {
        // 57P01 to 57P05: the server stops, starts, or has ended the session. 25006: it has become a standby.
        PostgresException postgres => postgres.IsTransient || postgres.SqlState is "25006"
            || postgres.SqlState.StartsWith("57P", StringComparison.Ordinal)
            || (postgres.SqlState == "XX000"
                && (postgres.MessageText.StartsWith(LostCommit, StringComparison.Ordinal)
                    || postgres.MessageText.StartsWith(LostWorker, StringComparison.Ordinal))),
        NpgsqlException => true,
        SqliteException sqlite => sqlite.SqliteErrorCode is 5 or 6 or 10 or 13 or 14,
        _ => false,
    };

    public async ValueTask DisposeAsync()
    {
        await _readers.DisposeAsync();
        await _writers.DisposeAsync();
        _sqliteWriter?.Dispose();
        if (Engine == Engine.Sqlite)
        {
            SqliteConnection.ClearAllPools();
        }
    }
}
