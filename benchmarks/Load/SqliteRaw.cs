using System.Diagnostics;
using SQLitePCL;

namespace Countinghouse.Load;

/// <summary>SQLite without anything above it: one prepared insert, bound and stepped by hand.</summary>
internal static class SqliteRaw
{
    private static readonly int ColumnCount = RawRows.Names.Split(", ").Length;

    /// <summary>Rows a second into a table in a new file, durable at each commit.</summary>
    public static double RowsPerSecond(string file, int commitRows, bool ordered, TimeSpan time)
    {
        Check(raw.sqlite3_open(file, out var database), raw.SQLITE_OK);
        using (database)
        {
            Run(database, "PRAGMA journal_mode = WAL");
            Run(database, "PRAGMA synchronous = FULL");
            Run(database, $"CREATE TABLE raw_event ({RawRows.Columns}) WITHOUT ROWID");
            var places = string.Join(", ", Enumerable.Repeat("?", ColumnCount));
            Check(
                raw.sqlite3_prepare_v2(
                    database, $"INSERT INTO raw_event ({RawRows.Names}) VALUES ({places})", out var insert),
                raw.SQLITE_OK);
            using (insert)
            {
                return Insert(database, insert, new RawRows(ordered), commitRows, time);
            }
        }
    }

    private static double Insert(sqlite3 database, sqlite3_stmt insert, RawRows rows, int commitRows, TimeSpan time)
    {
        BindFixed(insert, rows);
        var written = 0L;
        var begun = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(begun) < time)
        {
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
            Run(database, "BEGIN IMMEDIATE");
            raw.sqlite3_bind_int64(insert, 10, now * 1000);
            raw.sqlite3_bind_int64(insert, 11, now * 1000);
            for (var ordinal = 0; ordinal < commitRows; ordinal++)
            {
                Bind(insert, 2, rows.NextId(now));
                raw.sqlite3_bind_int64(insert, 4, ordinal);
                Bind(insert, 6, rows.Campaign);
                raw.sqlite3_bind_int64(insert, 17, rows.Client);
                Check(raw.sqlite3_step(insert), raw.SQLITE_DONE);
                raw.sqlite3_reset(insert);
            }

            Run(database, "COMMIT");
            written += commitRows;
        }

        return written / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    private static void BindFixed(sqlite3_stmt insert, RawRows rows)
    {
        Bind(insert, 1, rows.Organization);
        raw.sqlite3_bind_int64(insert, 3, 1);
        raw.sqlite3_bind_int64(insert, 5, 1);
        Bind(insert, 7, rows.Offer);
        Bind(insert, 8, rows.Location);
        Bind(insert, 9, rows.Retailer);
        raw.sqlite3_bind_int64(insert, 12, RawRows.BillingHour);
        raw.sqlite3_bind_int64(insert, 13, 0);
        raw.sqlite3_bind_int64(insert, 14, RawRows.Ruleset);
        raw.sqlite3_bind_int64(insert, 15, RawRows.PriceMicros);
        raw.sqlite3_bind_int64(insert, 16, RawRows.PriceMicros);
    }

    /// <summary>Ids as 16 bytes: the shortest key there is for them.</summary>
    private static void Bind(sqlite3_stmt insert, int column, Guid id)
    {
        Span<byte> bytes = stackalloc byte[16];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        raw.sqlite3_bind_blob(insert, column, bytes);
    }

    private static void Run(sqlite3 database, string sql) => Check(raw.sqlite3_exec(database, sql), raw.SQLITE_OK);

    private static void Check(int result, int wanted)
    {
        if (result != wanted)
        {
            throw new BenchException($"SQLite answered {result} where {wanted} was due.");
        }
    }
}
