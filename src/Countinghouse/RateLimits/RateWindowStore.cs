using System.Buffers.Binary;
using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RateLimits;

/// <summary>A window as stored, with the requests of all nodes.</summary>
internal readonly record struct StoredWindow(UInt128 Subject, int Seconds, long Start, long Used);

/// <summary>Keeps the counts that all nodes and the next start share.</summary>
public sealed partial class RateWindowStore(Database database)
{
    private const string SelectCurrent = """
        SELECT subject, window_seconds, window_start, used FROM rate_window
        WHERE window_seconds = @seconds AND window_start = @start
        ORDER BY used DESC LIMIT @max
        """;

    private const string DeleteOld = """
        DELETE FROM rate_window WHERE window_seconds = @seconds AND window_start < @start
        """;

    /// <summary>The windows of one length that are under way, the fullest first.</summary>
    internal Task<List<StoredWindow>> Current(
        int seconds, long start, int windowsMax, CancellationToken cancellation) =>
        database.Read(
            connection => connection.Query(
                SelectCurrent,
                Read,
                cancellation,
                ("seconds", seconds),
                ("start", ToMicros(start)),
                ("max", windowsMax)),
            cancellation);

    /// <summary>
    /// Adds to windows, in one transaction, and returns their new counts, in no particular order. The windows come
    /// sorted: two nodes that add to the same ones never wait for each other crosswise.
    /// </summary>
    internal Task<List<StoredWindow>> Add(IReadOnlyList<StoredWindow> sorted, CancellationToken cancellation) =>
        database.Write(
            connection => database.Engine == Engine.Postgres
                ? AddPostgres(connection, sorted, cancellation)
                : AddSqlite(connection, sorted, cancellation),
            cancellation);

    /// <summary>Deletes windows of one length that began before a time.</summary>
    internal Task<int> Delete(int seconds, long before, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            DeleteOld, cancellation, ("seconds", seconds), ("start", ToMicros(before))),
        cancellation);

    private static StoredWindow Read(DbDataReader row) => new(
        BinaryPrimitives.ReadUInt128BigEndian(row.Bytes(0)),
        row.GetInt32(1),
        ToSeconds(row.GetInt64(2)),
        row.GetInt64(3));

    private static byte[] ToBytes(UInt128 subject)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, subject);
        return bytes;
    }

    private static long ToMicros(long seconds) => Instant.Of(DateTimeOffset.FromUnixTimeSeconds(seconds)).Micros;

    private static long ToSeconds(long micros) => new Instant(micros).ToTime().ToUnixTimeSeconds();
}
