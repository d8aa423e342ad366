using System.Data.Common;
using Countinghouse.Storage;
using Npgsql;
using NpgsqlTypes;

namespace Countinghouse.Copies;

/// <summary>
/// The PostgreSQL side of a move: rows come in by binary COPY, a chunk and the count of what is there in one
/// transaction, so that a move that was killed goes on behind the last chunk. Each transaction writes one table of
/// rows, which also suits a database that is distributed.
/// </summary>
internal sealed class MoveTarget : IAsyncDisposable
{
    public const string ProgressTable = "move_progress";

    private const int ChunkRowsMax = 50_000;
    private const long ChunkBytesMax = 16 * 1024 * 1024;

    /// <summary>Any constant does, so long as nothing else in the database uses it.</summary>
    private const string TakeTurns = "SELECT pg_try_advisory_lock(7203110428)";

    private const string CountServers = """
        SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'countinghouse'
        """;

    private const string HasHistory = "SELECT to_regclass('schema_migration') IS NOT NULL";

    private const string CreateProgress = """
        CREATE TABLE move_progress (table_name text NOT NULL PRIMARY KEY, row_count bigint NOT NULL)
        """;

    private const string DropProgress = "DROP TABLE move_progress";

    private const string ReadProgress = "SELECT row_count FROM move_progress WHERE table_name = @table";

    private const string SaveProgress = """
        INSERT INTO move_progress (table_name, row_count) VALUES (@table, @rows)
        ON CONFLICT (table_name) DO UPDATE SET row_count = excluded.row_count
        """;

    private const int LooksMax = 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private readonly NpgsqlConnection _connection;

    private MoveTarget(NpgsqlConnection connection) => _connection = connection;

    public DbConnection Connection => _connection;

    /// <summary>Throws <see cref="CopyException"/> when a server or another move works on the database.</summary>
    public static async Task<MoveTarget> Open(string connectionString, CancellationToken cancellation)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString)
        {
            ApplicationName = "countinghouse move",
            Pooling = false,
            CommandTimeout = 0,
        }.ToString());
        try
        {
            await connection.OpenAsync(cancellation);
            await using var turn = connection.Command(TakeTurns);
            if (await turn.ExecuteScalarAsync(cancellation) is not true)
            {
                throw new CopyException("Another move into this database is under way.");
            }

            // A process that has just ended is there for a moment more.
            for (var look = 1; await connection.Number(CountServers, cancellation) > 0; look++)
            {
                if (look == LooksMax)
                {
                    throw new CopyException(
                        "A server works on the target: stop it, and start it again when the move is done.");
                }

                await Task.Delay(Pause, cancellation);
            }

            return new MoveTarget(connection);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>The mark, if the database has a schema and one.</summary>
    public async Task<MoveMark?> Mark(CancellationToken cancellation)
    {
        await using var history = _connection.Command(HasHistory);
        return await history.ExecuteScalarAsync(cancellation) is true
            ? await MoveMark.Read(_connection, cancellation)
            : null;
    }

    public async Task RequireEmpty(IEnumerable<string> tables, CancellationToken cancellation)
    {
        foreach (var table in tables)
        {
            await using var any = _connection.Command($"SELECT EXISTS (SELECT 1 FROM {CopiedTable.Quote(table)})");
            if (await any.ExecuteScalarAsync(cancellation) is true)
            {
                throw new CopyException(
                    $"The target is not empty: its table {table} has rows. Move into a new, empty database.");
            }
        }
    }

    /// <summary>From now on no program uses the database but this move.</summary>
    public Task Begin(Guid move, DateTimeOffset now, CancellationToken cancellation) => Change(
        async () =>
        {
            await _connection.Execute(CreateProgress, cancellation);
            await MoveMark.Write(_connection, new MoveMark(MoveState.Filling, move), now, cancellation);
        },
        cancellation);

    /// <summary>From now on every program may use it.</summary>
    public Task End(DateTimeOffset now, CancellationToken cancellation) => Change(
        async () =>
        {
            await _connection.Execute(DropProgress, cancellation);
            await MoveMark.Write(_connection, null, now, cancellation);
        },
        cancellation);

    /// <summary>Rows of the table that are here already.</summary>
    public async Task<long> Done(CopiedTable table, CancellationToken cancellation) =>
        await _connection.Number(ReadProgress, cancellation, ("table", table.Name)) ?? 0;

    /// <summary>Copies the next rows. Returns how many there are then, and whether those were the last.</summary>
    public async Task<(long Rows, bool IsLast)> CopyChunk(
        CopiedTable table, SourceRows source, long done, CancellationToken cancellation)
    {
        var row = new Cell[table.Columns.Count];
        var (rows, bytes, isLast) = (0L, 0L, false);
        try
        {
            await Change(
                async () =>
                {
                    await using (var copy = await _connection.BeginBinaryImportAsync(
                        $"COPY {table.QuotedName} ({table.ColumnList}) FROM STDIN (FORMAT BINARY)", cancellation))
                    {
                        while (rows < ChunkRowsMax && bytes < ChunkBytesMax && !isLast)
                        {
                            cancellation.ThrowIfCancellationRequested();
                            isLast = !source.Read(row);
                            if (!isLast)
                            {
                                bytes += Write(copy, row, table.Columns);
                                rows++;
                            }
                        }

                        await copy.CompleteAsync(cancellation);
                    }

                    await _connection.Execute(
                        SaveProgress, cancellation, ("table", table.Name), ("rows", done + rows));
                    Faults.Hit("move_before_commit");
                },
                cancellation);
        }
        catch (PostgresException error) when (error.SqlState.StartsWith("23", StringComparison.Ordinal))
        {
            throw new CopyException(
                $"PostgreSQL takes no row of {table.Name} between number {done + 1} and {done + rows}: "
                + $"{error.MessageText}. Nothing of these rows was written.");
        }

        Faults.Hit("move_after_commit");
        return (done + rows, isLast);
    }

    /// <summary>What is here, whatever was meant to be.</summary>
    public async Task<TableHash> Hash(CopiedTable table, Action<long> progress, CancellationToken cancellation)
    {
        var hash = new TableHash();
        var row = new Cell[table.Columns.Count];
        await using var rows = await _connection.BeginBinaryExportAsync(
            $"COPY (SELECT {table.ColumnList} FROM {table.QuotedName}) TO STDOUT (FORMAT BINARY)", cancellation);
        while (await rows.StartRowAsync(cancellation) >= 0)
        {
            for (var column = 0; column < row.Length; column++)
            {
                row[column] = Read(rows, table.Columns[column].Kind);
            }

            hash.Add(row, table.Columns);
            progress(hash.Rows);
        }

        return hash;
    }

    /// <summary>So that the first statements on the new tables are planned with their true sizes.</summary>
    public Task Analyze(CopiedTable table, CancellationToken cancellation) =>
        _connection.Execute($"ANALYZE {table.QuotedName}", cancellation);

    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    private async Task Change(Func<Task> work, CancellationToken cancellation)
    {
        await using var transaction = await _connection.BeginTransactionAsync(cancellation);
        await work();
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static long Write(NpgsqlBinaryImporter copy, Cell[] row, IReadOnlyList<CopiedColumn> columns)
    {
        copy.StartRow();
        var bytes = 0L;
        for (var column = 0; column < row.Length; column++)
        {
            bytes += row[column].SizeBytes;
            Write(copy, row[column], columns[column].Kind);
        }

        return bytes;
    }

    private static void Write(NpgsqlBinaryImporter copy, in Cell cell, ColumnKind kind)
    {
        if (cell.IsNull)
        {
            copy.WriteNull();
            return;
        }

        switch (kind)
        {
            case ColumnKind.Uuid:
                copy.Write(cell.Id, NpgsqlDbType.Uuid);
                break;
            case ColumnKind.Long:
                copy.Write(cell.Number, NpgsqlDbType.Bigint);
                break;
            case ColumnKind.Int:
                copy.Write((int)cell.Number, NpgsqlDbType.Integer);
                break;
            case ColumnKind.Text:
                copy.Write(cell.Text!, NpgsqlDbType.Text);
                break;
            case ColumnKind.Bytes:
                copy.Write(cell.Bytes!, NpgsqlDbType.Bytea);
                break;
            case ColumnKind.Bool:
                copy.Write(cell.Number == 1, NpgsqlDbType.Boolean);
                break;
        }
    }

    private static Cell Read(NpgsqlBinaryExporter rows, ColumnKind kind)
    {
        if (rows.IsNull)
        {
            rows.Skip();
            return new Cell { IsNull = true };
        }

        return kind switch
        {
            ColumnKind.Uuid => new Cell { Id = rows.Read<Guid>(NpgsqlDbType.Uuid) },
            ColumnKind.Long => new Cell { Number = rows.Read<long>(NpgsqlDbType.Bigint) },
            ColumnKind.Int => new Cell { Number = rows.Read<int>(NpgsqlDbType.Integer) },
            ColumnKind.Text => new Cell { Text = rows.Read<string>(NpgsqlDbType.Text) },
            ColumnKind.Bytes => new Cell { Bytes = rows.Read<byte[]>(NpgsqlDbType.Bytea) },
            ColumnKind.Bool => new Cell { Number = rows.Read<bool>(NpgsqlDbType.Boolean) ? 1 : 0 },
        };
    }
}
