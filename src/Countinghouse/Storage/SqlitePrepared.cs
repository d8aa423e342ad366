using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Countinghouse.Storage;

/// <summary>
/// One statement for many rows on SQLite, by its own interface: the provider looks every parameter up by name for every
/// row, which costs more than the insert itself (a fifth of the time of writing events).
/// </summary>
internal static class SqlitePrepared
{
    public static void Execute(
        SqliteConnection connection, string sql, IReadOnlyList<string> names, IEnumerable<object[]> rows)
    {
        var database = connection.Handle!;
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(database, sql, out var statement), database);
        using (statement)
        {
            var places = names.Select(name => raw.sqlite3_bind_parameter_index(statement, "@" + name)).ToArray();
            foreach (var row in rows)
            {
                for (var column = 0; column < row.Length; column++)
                {
                    SqliteException.ThrowExceptionForRC(Bind(statement, places[column], row[column]), database);
                }

                var outcome = raw.sqlite3_step(statement);
                raw.sqlite3_reset(statement);
                if (outcome != raw.SQLITE_DONE)
                {
                    SqliteException.ThrowExceptionForRC(outcome, database);
                }
            }
        }
    }

    private static int Bind(sqlite3_stmt statement, int place, object value) => value switch
    {
        DBNull => raw.sqlite3_bind_null(statement, place),
        long number => raw.sqlite3_bind_int64(statement, place, number),
        int number => raw.sqlite3_bind_int(statement, place, number),
        bool flag => raw.sqlite3_bind_int(statement, place, flag ? 1 : 0),
        string text => raw.sqlite3_bind_text(statement, place, text),
        byte[] bytes => raw.sqlite3_bind_blob(statement, place, bytes),
        Guid id => BindId(statement, place, id),
        _ => throw new ArgumentException($"SQLite takes no {value.GetType().Name}.", nameof(value)),
    };

    /// <summary>As the provider stores ids: dashed, in capitals.</summary>
    private static int BindId(sqlite3_stmt statement, int place, Guid id)
    {
        Span<byte> text = stackalloc byte[36];
        id.TryFormat(text, out _);
        foreach (ref var letter in text)
        {
            letter = letter >= 'a' ? (byte)(letter - 32) : letter;
        }

        return raw.sqlite3_bind_text(statement, place, text);
    }
}
