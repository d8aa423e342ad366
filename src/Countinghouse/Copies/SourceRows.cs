using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Countinghouse.Copies;

/// <summary>
/// The rows of a SQLite table in the order of its key, by SQLite's own interface: the provider would turn what has the
/// wrong type into a value of the right one, and this must be told.
/// </summary>
internal sealed class SourceRows : IDisposable
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly CopiedTable _table;
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;
    private long _number;

    /// <param name="connection">Alone with the database, which therefore does not change.</param>
    /// <param name="table">Which table.</param>
    /// <param name="after">How many rows to leave out at the beginning.</param>
    public SourceRows(SqliteConnection connection, CopiedTable table, long after)
    {
        _table = table;
        _database = connection.Handle!;
        _number = after;
        var sql = string.Create(
            CultureInfo.InvariantCulture,
            $"SELECT {table.ColumnList} FROM {table.QuotedName} ORDER BY {table.KeyList} LIMIT -1 OFFSET {after}");
        SqliteException.ThrowExceptionForRC(raw.sqlite3_prepare_v2(_database, sql, out _statement), _database);
    }

    /// <summary>False after the last row.</summary>
    public bool Read(Span<Cell> row)
    {
        var outcome = raw.sqlite3_step(_statement);
        if (outcome == raw.SQLITE_DONE)
        {
            return false;
        }

        if (outcome != raw.SQLITE_ROW)
        {
            SqliteException.ThrowExceptionForRC(outcome, _database);
        }

        _number++;
        for (var column = 0; column < row.Length; column++)
        {
            row[column] = ReadCell(column);
        }

        return true;
    }

    public void Dispose() => _statement.Dispose();

    private Cell ReadCell(int column)
    {
        var type = raw.sqlite3_column_type(_statement, column);
        return (type, _table.Columns[column].Kind) switch
        {
            (raw.SQLITE_NULL, _) => new Cell { IsNull = true },
            (raw.SQLITE_INTEGER, ColumnKind.Long) => new Cell { Number = Number(column) },
            (raw.SQLITE_INTEGER, ColumnKind.Int) when Number(column) is >= int.MinValue and <= int.MaxValue =>
                new Cell { Number = Number(column) },
            (raw.SQLITE_INTEGER, ColumnKind.Bool) when Number(column) is 0 or 1 => new Cell { Number = Number(column) },
            (raw.SQLITE_TEXT, ColumnKind.Text) => new Cell { Text = Text(column) },
            (raw.SQLITE_TEXT, ColumnKind.Uuid) when Guid.TryParseExact(Text(column), "D", out var id) =>
                new Cell { Id = id },
            (raw.SQLITE_BLOB, ColumnKind.Bytes) => new Cell { Bytes = Bytes(column).ToArray() },
            _ => throw Wrong(column),
        };
    }

    private long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    private ReadOnlySpan<byte> Bytes(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <summary>PostgreSQL's text has no zero character, and is always UTF-8.</summary>
    private string Text(int column)
    {
        try
        {
            var text = Utf8.GetString(Bytes(column));
            return text.Contains('\0', StringComparison.Ordinal) ? throw Wrong(column) : text;
        }
        catch (DecoderFallbackException)
        {
            throw Wrong(column);
        }
    }

    /// <summary>The value itself is not told: it may be a secret.</summary>
    private CopyException Wrong(int column) => new(string.Create(
        CultureInfo.InvariantCulture,
        $"Row {_number:N0} of {_table.Name} (by {_table.KeyList}) has in {_table.Columns[column].Name} what is no ")
        + $"{_table.Columns[column].Kind.ToString().ToLowerInvariant()} of PostgreSQL, so it cannot be moved.");
}
