using System.Data.Common;
using Countinghouse.Primitives;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Storage;

/// <summary>
/// The few verbs the stores use on a connection. Not an object mapper: a statement stands in full where it is used,
/// and each store reads its own columns, because the engines disagree on types (SQLite has no uuid and no int32).
/// </summary>
public static class Sql
{
    /// <summary>Statements sent before the first answer is read.</summary>
    private const int PipelinedMax = 500;

    public static DbCommand Command(
        this DbConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // Every caller passes constant text; values travel as parameters.
        command.CommandText = sql;
#pragma warning restore CA2100
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = ToColumn(value);
            command.Parameters.Add(parameter);
        }

        return command;
    }

    /// <summary>Rows changed.</summary>
    public static async Task<int> Execute(
        this DbConnection connection,
        string sql,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// One statement for many rows of values, in the order of the names: pipelined where the engine is at the other
    /// end of a wire, prepared once where it is in the process.
    /// </summary>
    public static async Task ExecuteMany(
        this DbConnection connection,
        string sql,
        IReadOnlyList<string> names,
        IEnumerable<object?[]> rows,
        CancellationToken cancellation)
    {
        if (connection.CanCreateBatch)
        {
            foreach (var chunk in rows.Chunk(PipelinedMax))
            {
                await using var batch = connection.CreateBatch();
                foreach (var row in chunk)
                {
                    var command = batch.CreateBatchCommand();
                    command.CommandText = sql;
                    for (var column = 0; column < row.Length; column++)
                    {
                        var parameter = command.CreateParameter();
                        parameter.ParameterName = names[column];
                        parameter.Value = ToColumn(row[column]);
                        command.Parameters.Add(parameter);
                    }

                    batch.BatchCommands.Add(command);
                }

                await batch.ExecuteNonQueryAsync(cancellation);
            }

            return;
        }

        SqlitePrepared.Execute(
            (SqliteConnection)connection, sql, names, rows.Select(row => Array.ConvertAll(row, ToColumn)));
    }

    /// <summary>
    /// Statements that do not ask for anything, one after the other; one round trip where the engine is at the other
    /// end of a wire.
    /// </summary>
    public static async Task ExecuteAll(
        this DbConnection connection,
        IEnumerable<(string Sql, (string Name, object? Value)[] Parameters)> statements,
        CancellationToken cancellation)
    {
        if (!connection.CanCreateBatch)
        {
            foreach (var (sql, parameters) in statements)
            {
                await connection.Execute(sql, cancellation, parameters);
            }

            return;
        }

        await using var batch = connection.CreateBatch();
        foreach (var (sql, parameters) in statements)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = sql;
            foreach (var (name, value) in parameters)
            {
                var parameter = command.CreateParameter();
                parameter.ParameterName = name;
                parameter.Value = ToColumn(value);
                command.Parameters.Add(parameter);
            }

            batch.BatchCommands.Add(command);
        }

        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>
    /// Hands each row to <paramref name="read"/> as it comes: memory for one row, however many there are.
    /// </summary>
    public static async Task ForEach(
        this DbConnection connection,
        string sql,
        Action<DbDataReader> read,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        while (await reader.ReadAsync(cancellation))
        {
            read(reader);
        }
    }

    public static async Task<List<T>> Query<T>(
        this DbConnection connection,
        string sql,
        Func<DbDataReader, T> read,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>The first row, or null when there is none.</summary>
    public static async Task<T?> First<T>(
        this DbConnection connection,
        string sql,
        Func<DbDataReader, T> read,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
        where T : class
    {
        await using var command = connection.Command(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        return await reader.ReadAsync(cancellation) ? read(reader) : null;
    }

    /// <summary>The first column of the first row as a whole number; null when there is no row or no value.</summary>
    public static async Task<long?> Number(
        this DbConnection connection,
        string sql,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters)
    {
        await using var command = connection.Command(sql, parameters);
        var value = await command.ExecuteScalarAsync(cancellation);
        return value is null or DBNull
            ? null
            : Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// What <c>LOWER(x) LIKE LOWER(@text) ESCAPE '\'</c> takes to find the text anywhere in x. The engine lowers both
    /// sides: SQLite knows the small letters of ASCII alone, and what one side keeps the other must keep too.
    /// </summary>
    public static string Containing(string text) =>
        "%" + text.Replace(@"\", @"\\").Replace("%", @"\%").Replace("_", @"\_") + "%";

    public static TId Id<TId>(this DbDataReader reader, int column)
        where TId : struct, IId<TId> => TId.From(reader.GetGuid(column));

    public static TId? IdOrNull<TId>(this DbDataReader reader, int column)
        where TId : struct, IId<TId> => reader.IsDBNull(column) ? null : TId.From(reader.GetGuid(column));

    public static string? TextOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetString(column);

    public static long? NumberOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetInt64(column);

    public static Instant? InstantOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : new Instant(reader.GetInt64(column));

    public static byte[] Bytes(this DbDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    public static byte[]? BytesOrNull(this DbDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetFieldValue<byte[]>(column);

    private static object ToColumn(object? value) => value switch
    {
        null => DBNull.Value,
        IId id => id.Value,
        Money money => money.Micros,
        Cents cents => cents.Value,
        Bid bid => bid.Micros,
        FeeRate rate => rate.Ppm,
        UtcDay day => day.Number,
        Period period => period.Number,
        Instant instant => instant.Micros,
        MailAddress address => address.ToString(),
        _ => value,
    };
}
