using System.Globalization;
using Microsoft.Data.Sqlite;

namespace Countinghouse.FakeStripe;

/// <summary>
/// The bank's own SQLite file, one connection. A commit is on the disk before it is answered (FULL), and no second
/// process opens the file meanwhile (EXCLUSIVE). Statements are prepared once: a request is a dozen of them.
/// </summary>
internal sealed class FakeStore : IDisposable
{
    private const int Version = 1;
    private const int BusySeconds = 5;

    private const string Schema = """
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
        """;

    private readonly SqliteConnection _connection;
    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    private FakeStore(SqliteConnection connection) => _connection = connection;

    public static FakeStore Open(string path)
    {
        SQLitePCL.Batteries_V2.Init();
        var settings = new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            DefaultTimeout = BusySeconds,
        };
        var connection = new SqliteConnection(settings.ToString());
        try
        {
            connection.Open();
            var store = new FakeStore(connection);
            store.Execute("PRAGMA locking_mode = EXCLUSIVE");
            store.Execute("PRAGMA journal_mode = WAL");
            store.Execute("PRAGMA synchronous = FULL");
            store.Begin();
            switch (store.Number("PRAGMA user_version"))
            {
                case 0:
                    store.Execute(Schema);
                    break;
                case Version:
                    break;
                default:
                    throw new InvalidDataException("It is not of this version of the fake bank.");
            }

            store.Commit();
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

    /// <summary>Rows changed.</summary>
    public int Execute(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Prepare(sql, values).ExecuteNonQuery();

    public long? Number(string sql, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Prepare(sql, values).ExecuteScalar() is { } value and not DBNull
            ? Convert.ToInt64(value, CultureInfo.InvariantCulture)
            : null;

    public List<T> Query<T>(
        string sql, Func<SqliteDataReader, T> read, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        using var reader = Prepare(sql, values).ExecuteReader();
        var rows = new List<T>();
        while (reader.Read())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        _connection.Dispose();
    }

    /// <summary>Every use of a statement names its values in the same order.</summary>
    private SqliteCommand Prepare(string sql, ReadOnlySpan<(string Name, object? Value)> values)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
#pragma warning disable CA2100 // Every caller passes constant text; values travel as parameters.
            command = new SqliteCommand(sql, _connection);
#pragma warning restore CA2100
            foreach (var (name, _) in values)
            {
                command.Parameters.Add(new SqliteParameter { ParameterName = name });
            }

            _prepared.Add(sql, command);
        }

        for (var place = 0; place < values.Length; place++)
        {
            command.Parameters[place].Value = values[place].Value ?? DBNull.Value;
        }

        return command;
    }
}
