using System.Data.Common;

namespace Countinghouse.Storage;

/// <summary>What a database has to do with a move to another engine.</summary>
public enum MoveState
{
    /// <summary>A file that is being copied to PostgreSQL, or was when the move was interrupted.</summary>
    Moving = 1,

    /// <summary>A file whose content lives on in PostgreSQL.</summary>
    Away = 2,

    /// <summary>A PostgreSQL database that does not have everything yet.</summary>
    Filling = 3,
}

/// <summary>
/// Keeps every program from a database that must not be served: a step of the schema that no program knows. Versions
/// that have never heard of moves refuse it too, as a database of a newer one.
/// </summary>
public sealed record MoveMark(MoveState State, Guid Id)
{
    /// <summary>Its number among the steps of the schema; those of the schema itself stay far below.</summary>
    public const int Number = 1_000_000;

    private const string Select = "SELECT name FROM schema_migration WHERE number = 1000000";

    private const string Delete = "DELETE FROM schema_migration WHERE number = 1000000";

    private const string Insert = """
        INSERT INTO schema_migration (number, name, applied_at) VALUES (1000000, @name, @at)
        """;

    /// <summary>The database's mark, or null. Throws when it is one that this program does not know.</summary>
    public static async Task<MoveMark?> Read(DbConnection connection, CancellationToken cancellation) =>
        await connection.First(Select, row => row.GetString(0), cancellation) is { } name ? Parse(name) : null;

    /// <summary>Replaces the database's mark; null removes it. The caller's transaction.</summary>
    public static async Task Write(
        DbConnection connection, MoveMark? mark, DateTimeOffset now, CancellationToken cancellation)
    {
        await connection.Execute(Delete, cancellation);
        if (mark is not null)
        {
            await connection.Execute(
                Insert,
                cancellation,
                ("name", $"{mark.State} {mark.Id}"),
                ("at", Primitives.Instant.Of(now)));
        }
    }

    private static MoveMark Parse(string name) =>
        name.Split(' ') is [var state, var id] && Enum.TryParse<MoveState>(state, out var known)
            && Guid.TryParse(id, out var move)
            ? new MoveMark(known, move)
            : throw new InvalidDataException($"schema_migration has the number {Number} and no move's name.");
}

/// <summary>The database is a part of a move, and nothing else may work with it.</summary>
public sealed class DatabaseMovedException(MoveState state) : Exception(state switch
{
    MoveState.Moving =>
        "A move of this database to PostgreSQL has begun and is not finished: run the same \"countinghouse move\" "
        + "again, or \"countinghouse move --undo\" to go on with the file.",
    MoveState.Away =>
        "This database was moved to PostgreSQL, and the file is kept as it was then: use --postgres or "
        + "COUNTINGHOUSE_POSTGRES. \"countinghouse move --undo\" frees the file, without what was recorded since.",
    MoveState.Filling =>
        "This database is the target of a move that is not finished, so it does not have everything yet: run the same "
        + "\"countinghouse move\" again.",
});
