using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.RateLimits;

public sealed partial class RateWindowStore
{
    // Relative on purpose: "used = excluded.used" would forget what was counted before.
    private const string AddOne = """
        INSERT INTO rate_window (subject, window_seconds, window_start, used) VALUES (@subject, @seconds, @start, @used)
        ON CONFLICT (window_seconds, window_start, subject) DO UPDATE SET used = rate_window.used + excluded.used
        RETURNING used
        """;

    /// <summary>In the process, so a statement per window costs microseconds; it is prepared once.</summary>
    private static async Task<List<StoredWindow>> AddSqlite(
        DbConnection connection, IReadOnlyList<StoredWindow> sorted, CancellationToken cancellation)
    {
        await using var command = connection.Command(
            AddOne, ("subject", Array.Empty<byte>()), ("seconds", 0), ("start", 0L), ("used", 0L));
        var totals = new List<StoredWindow>(sorted.Count);
        foreach (var window in sorted)
        {
            command.Parameters[0].Value = ToBytes(window.Subject);
            command.Parameters[1].Value = window.Seconds;
            command.Parameters[2].Value = ToMicros(window.Start);
            command.Parameters[3].Value = window.Used;
            totals.Add(window with { Used = (long)(await command.ExecuteScalarAsync(cancellation))! });
        }

        return totals;
    }
}
