using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Data.Sqlite;

namespace Countinghouse.Copies;

/// <summary>
/// Everything in a SQLite database into an empty PostgreSQL one, in steps that may be repeated: mark both sides, copy,
/// compare, and then let go of the target and never again of the file. At no moment may both be served.
/// </summary>
public sealed class DatabaseMove : IAsyncDisposable
{
    private const string ReadSchema = "SELECT MAX(number) FROM schema_migration WHERE number < 1000000";

    private readonly SqliteConnection _source;
    private readonly MoveTarget _target;
    private readonly IReadOnlyList<CopiedTable> _tables;
    private readonly TimeProvider _clock;

    private DatabaseMove(
        SqliteConnection source, MoveTarget target, IReadOnlyList<CopiedTable> tables, TimeProvider clock)
    {
        (_source, _target, _tables, _clock) = (source, target, tables, clock);
    }

    /// <summary>True when only the last step was missing: the file is marked, and its rows were compared.</summary>
    public bool IsCompared { get; private set; }

    /// <summary>Rows there are to copy.</summary>
    public long Rows { get; private set; }

    /// <summary>Rows that an earlier run has copied.</summary>
    public long RowsBefore { get; private set; }

    public int Tables => _tables.Count;

    /// <summary>The file's mark, or null; others may use it meanwhile.</summary>
    public static async Task<MoveMark?> MarkOf(string file, CancellationToken cancellation)
    {
        await using var connection = await SqliteFile.OpenToRead(file, cancellation);
        await SqliteBackup.SchemaOf(connection, file, cancellation);
        return await MoveMark.Read(connection, cancellation);
    }

    /// <summary>Lets the file be served again. Returns what the mark was, or null when there was none.</summary>
    public static async Task<MoveState?> Undo(string file, TimeProvider clock, CancellationToken cancellation)
    {
        await using var connection = await SqliteFile.OpenAlone(file, cancellation);
        var mark = await MoveMark.Read(connection, cancellation);
        await WriteMark(connection, null, clock, cancellation);
        return mark?.State;
    }

    /// <summary>Months (yyyymm) in which the file's events were received.</summary>
    public static async Task<IReadOnlyList<Period>> Months(string file, CancellationToken cancellation)
    {
        await using var connection = await SqliteFile.OpenToRead(file, cancellation);
        return await connection.Query(
            """
            SELECT DISTINCT CAST(strftime('%Y%m', committed_at / 1000000, 'unixepoch') AS integer)
            FROM ingest_batch ORDER BY 1
            """,
            row => Period.FromNumber(row.GetInt32(0)),
            cancellation);
    }

    /// <summary>
    /// The target's mark; null: there is nothing in it. Throws <see cref="CopyException"/> when it has rows and no
    /// mark, or when a server or another move works on it. Changes nothing.
    /// </summary>
    public static async Task<MoveMark?> Look(string connection, CancellationToken cancellation)
    {
        await using var target = await MoveTarget.Open(connection, cancellation);
        if (await target.Mark(cancellation) is { } mark)
        {
            return mark;
        }

        await target.RequireEmpty(await TableCatalog.ReadNames(target.Connection, cancellation), cancellation);
        return null;
    }

    /// <summary>
    /// Takes hold of both sides, which have this program's schema, and marks them. Throws <see cref="CopyException"/>
    /// when the file is in use, the target is not empty and not this move's, or their tables differ.
    /// </summary>
    public static async Task<DatabaseMove> Begin(
        string file, string connection, TimeProvider clock, CancellationToken cancellation)
    {
        var source = await SqliteFile.OpenAlone(file, cancellation);
        MoveTarget? target = null;
        try
        {
            target = await MoveTarget.Open(connection, cancellation);
            await RequireSchema(source, target, cancellation);
            var tables = await TableCatalog.Read(source, target.Connection, cancellation);
            var move = new DatabaseMove(source, target, tables, clock);
            await move.Mark(cancellation);
            await move.Count(cancellation);
            return move;
        }
        catch
        {
            await source.DisposeAsync();
            if (target is not null)
            {
                await target.DisposeAsync();
            }

            throw;
        }
    }

    /// <summary>Copies what is not there yet; calls back with the rows that are there.</summary>
    public async Task Copy(Action<long> progress, CancellationToken cancellation)
    {
        var before = 0L;
        foreach (var table in _tables)
        {
            var done = await _target.Done(table, cancellation);
            using (var rows = new SourceRows(_source, table, done))
            {
                for (var isLast = false; !isLast;)
                {
                    progress(before + done);
                    (done, isLast) = await _target.CopyChunk(table, rows, done, cancellation);
                }
            }

            await _target.Analyze(table, cancellation);
            before += done;
        }
    }

    /// <summary>Reads both sides whole. Throws <see cref="CopyException"/> when a table is not the same.</summary>
    public async Task Compare(Action<long> progress, CancellationToken cancellation)
    {
        var before = 0L;
        foreach (var table in _tables)
        {
            // Two processors, two engines: neither waits for the other.
            var source = Task.Run(() => HashSource(table, cancellation), cancellation);
            var there = await _target.Hash(table, rows => progress(before + rows), cancellation);
            var here = await source;
            if (!here.Equals(there))
            {
                throw new CopyException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"The table {table.Name} is not the same on both sides ({here.Rows:N0} rows in the file, ")
                    + string.Create(CultureInfo.InvariantCulture, $"{there.Rows:N0} in the target), so nothing was ")
                    + "switched over. Begin again: \"countinghouse move --undo\", then move into a new database.");
            }

            before += here.Rows;
        }
    }

    /// <summary>From here on the target is the database, and no program serves the file any more.</summary>
    public async Task Finish(CancellationToken cancellation)
    {
        var mark = await MoveMark.Read(_source, cancellation)
            ?? throw new InvalidOperationException("The file of a move that has begun has a mark.");
        Faults.Hit("move_before_marks");
        await WriteMark(_source, mark with { State = MoveState.Away }, _clock, cancellation);
        Faults.Hit("move_between_marks");
        await _target.End(_clock.GetUtcNow(), cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _target.DisposeAsync();
        await _source.DisposeAsync();
    }

    private static async Task RequireSchema(
        SqliteConnection source, MoveTarget target, CancellationToken cancellation)
    {
        var here = await source.Number(ReadSchema, cancellation);
        var there = await target.Connection.Number(ReadSchema, cancellation);
        if (here != Migrator.Known[^1].Number || there != here)
        {
            throw new CopyException(
                $"The file has schema version {here}, the target {there}, this program {Migrator.Known[^1].Number}: "
                + "finish a move with the version of the program that began it, or begin again (move --undo).");
        }
    }

    /// <summary>The file first: what is copied from now on must not change, whatever happens to this process.</summary>
    private async Task Mark(CancellationToken cancellation)
    {
        var here = await MoveMark.Read(_source, cancellation);
        var there = await _target.Mark(cancellation);
        if (there is not null && there.Id != here?.Id)
        {
            throw new CopyException(
                "The target is being filled by the move of another database, or of this one before it was undone: "
                + "move into a new, empty database.");
        }

        if (here?.State == MoveState.Away)
        {
            IsCompared = there is not null
                ? true
                : throw new CopyException("This database was moved already, and not to this target alone.");
            return;
        }

        if (there is null)
        {
            await _target.RequireEmpty(_tables.Select(table => table.Name), cancellation);
        }

        if (here is null)
        {
            here = new MoveMark(MoveState.Moving, Guid.CreateVersion7(_clock.GetUtcNow()));
            await WriteMark(_source, here, _clock, cancellation);
        }

        Faults.Hit("move_source_marked");
        if (there is null)
        {
            await _target.Begin(here.Id, _clock.GetUtcNow(), cancellation);
        }
    }

    private async Task Count(CancellationToken cancellation)
    {
        foreach (var table in _tables)
        {
            Rows += await _source.Number($"SELECT COUNT(*) FROM {table.QuotedName}", cancellation) ?? 0;
            RowsBefore += IsCompared ? 0 : await _target.Done(table, cancellation);
        }
    }

    private TableHash HashSource(CopiedTable table, CancellationToken cancellation)
    {
        var hash = new TableHash();
        var row = new Cell[table.Columns.Count];
        using var rows = new SourceRows(_source, table, 0);
        while (rows.Read(row))
        {
            cancellation.ThrowIfCancellationRequested();
            hash.Add(row, table.Columns);
        }

        return hash;
    }

    private static async Task WriteMark(
        SqliteConnection connection, MoveMark? mark, TimeProvider clock, CancellationToken cancellation)
    {
        await using var transaction = connection.BeginTransaction();
        await MoveMark.Write(connection, mark, clock.GetUtcNow(), cancellation);
        await transaction.CommitAsync(CancellationToken.None);
    }
}
