using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Countinghouse.FakeStripe;

/// <summary>
/// The bank's own SQLite file, one connection. A commit is on the disk before it is answered (FULL), and no second
/// process opens the file meanwhile (EXCLUSIVE). A request is a dozen statements: they are prepared once and run by the
/// engine's own interface, without the provider's look-ups by name.
/// </summary>
internal sealed class FakeStore : IDisposable
{
    private const int Version = 1;
    private const int BusyMilliseconds = 2_000;

    private const string Settings =
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;";

    private const string Schema = """
        BEGIN IMMEDIATE;
        CREATE TABLE bank (
            salt INTEGER NOT NULL, sequence INTEGER NOT NULL, draws INTEGER NOT NULL, available INTEGER,
            faults TEXT NOT NULL);
        CREATE TABLE transfer (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, balance_transaction TEXT NOT NULL,
            amount INTEGER NOT NULL CHECK (amount > 0), currency TEXT NOT NULL, destination TEXT NOT NULL,
            transfer_group TEXT, description TEXT, metadata TEXT NOT NULL, idempotency_key TEXT,
            created INTEGER NOT NULL, listed_from INTEGER NOT NULL,
            reversed INTEGER NOT NULL DEFAULT 0 CHECK (reversed BETWEEN 0 AND amount));
        CREATE INDEX transfer_of_group ON transfer (transfer_group, number);
        CREATE INDEX transfer_of_destination ON transfer (destination, number);
        CREATE TABLE reversal (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, balance_transaction TEXT NOT NULL,
            transfer TEXT NOT NULL, amount INTEGER NOT NULL CHECK (amount > 0), created INTEGER NOT NULL);
        CREATE INDEX reversal_of_transfer ON reversal (transfer, number);
        CREATE TABLE kept_answer (
            key TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, asked INTEGER NOT NULL, status INTEGER, body TEXT);
        CREATE INDEX kept_answer_by_age ON kept_answer (asked);
        CREATE TABLE late_effect (
            number INTEGER PRIMARY KEY, due INTEGER NOT NULL, idempotency_key TEXT, form TEXT NOT NULL);
        CREATE INDEX late_effect_by_time ON late_effect (due, number);
        CREATE TABLE outbox (
            number INTEGER PRIMARY KEY, event TEXT NOT NULL, body BLOB NOT NULL, due INTEGER NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX outbox_by_time ON outbox (taken, due, number);
        CREATE TABLE tally (kind TEXT NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (kind, name));
        PRAGMA user_version = 1;
        COMMIT;
        """;

    private readonly SqliteConnection _connection;
    private readonly sqlite3 _database;
    private readonly Dictionary<string, Statement> _prepared = new(StringComparer.Ordinal);

    private FakeStore(SqliteConnection connection)
    {
        _connection = connection;
        _database = connection.Handle!;
        raw.sqlite3_busy_timeout(_database, BusyMilliseconds);
    }

    public static FakeStore Open(string path)
    {
        Batteries_V2.Init();
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            var store = new FakeStore(connection);
            store.Check(raw.sqlite3_exec(store._database, Settings));
            switch (store.Number("PRAGMA user_version"))
            {
                case 0:
                    store.Check(raw.sqlite3_exec(store._database, Schema));
                    break;
                case Version:
                    break;
                default:
                    throw new InvalidDataException("It is not of this version of the fake bank.");
            }

            return store;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public void Begin() => Execute("BEGIN IMMEDIATE");

    public void Commit() => Execute("COMMIT");

    public void RollBack() => Execute("ROLLBACK");

    public void Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Run(sql, row => false, values);

    public long? Number(string sql, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        long? number = null;
        Run(sql, row => (number = row.NumberOrNull(0)) is null, values);
        return number;
    }

    public List<T> Query<T>(
        string sql, Func<FakeRow, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        var rows = new List<T>();
        Run(
            sql,
            row =>
            {
                rows.Add(read(row));
                return true;
            },
            values);
        return rows;
    }

    public void Dispose()
    {
        foreach (var statement in _prepared.Values)
        {
            statement.Handle.Dispose();
        }

        _connection.Dispose();
    }

    /// <summary>Row by row, as long as <paramref name="take"/> wants more.</summary>
    private void Run(string sql, Func<FakeRow, bool> take, ReadOnlySpan<(string Name, object? Value)> values)
    {
        var (statement, places) = Prepare(sql, values);
        for (var value = 0; value < values.Length; value++)
        {
            Check(Bind(statement, places[value], values[value].Value));
        }

        try
        {
            int outcome;
            while ((outcome = raw.sqlite3_step(statement)) == raw.SQLITE_ROW)
            {
                if (!take(new FakeRow(statement)))
                {
                    return;
                }
            }

            if (outcome != raw.SQLITE_DONE)
            {
                Check(outcome);
            }
        }
        finally
        {
            // What went wrong was said by the step; this would only say it again.
            raw.sqlite3_reset(statement);
        }
    }

    /// <summary>Every use of a statement names its values in the same order.</summary>
    private Statement Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v2(_database, sql, out var handle));
            var places = new int[values.Length];
            for (var value = 0; value < values.Length; value++)
            {
                places[value] = raw.sqlite3_bind_parameter_index(handle, values[value].Name);
            }

            _prepared.Add(sql, statement = new Statement(handle, places));
        }

        return statement;
    }

    private static int Bind(sqlite3_stmt statement, int place, object? value) => value switch
    {
        null => raw.sqlite3_bind_null(statement, place),
        long number => raw.sqlite3_bind_int64(statement, place, number),
        int number => raw.sqlite3_bind_int(statement, place, number),
        string text => raw.sqlite3_bind_text(statement, place, text),
        byte[] bytes => raw.sqlite3_bind_blob(statement, place, bytes),
        _ => throw new ArgumentException($"SQLite takes no {value.GetType().Name}.", nameof(value)),
    };

    private void Check(int outcome) => SqliteException.ThrowExceptionForRC(outcome, _database);

    private sealed record Statement(sqlite3_stmt Handle, int[] Places);
}

/// <summary>The row that a statement stands on.</summary>
internal readonly struct FakeRow(sqlite3_stmt statement)
{
    public long Number(int column) => raw.sqlite3_column_int64(statement, column);

    public long? NumberOrNull(int column) => IsNull(column) ? null : Number(column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public DateTimeOffset Time(int column) => DateTimeOffset.FromUnixTimeMilliseconds(Number(column));

    private bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;
}
