using System.Data.Common;
using Countinghouse.Storage;

namespace Countinghouse.RateLimits;

public sealed partial class RateWindowStore
{
    // Relative on purpose: "used = excluded.used" would forget what other nodes counted.
    private const string AddMany = """
        INSERT INTO rate_window (subject, window_seconds, window_start, used)
        SELECT d.subject, d.window_seconds, d.window_start, d.used
        FROM unnest(@subjects, @seconds, @starts, @used) AS d (subject, window_seconds, window_start, used)
        ON CONFLICT (window_seconds, window_start, subject) DO UPDATE SET used = rate_window.used + excluded.used
        RETURNING subject, window_seconds, window_start, used
        """;

    /// <summary>One round trip for all; the rows are locked in the order of the arrays.</summary>
    private static Task<List<StoredWindow>> AddPostgres(
        DbConnection connection, IReadOnlyList<StoredWindow> sorted, CancellationToken cancellation) =>
        connection.Query(
            AddMany,
            Read,
            cancellation,
            ("subjects", sorted.Select(window => ToBytes(window.Subject)).ToArray()),
            ("seconds", sorted.Select(window => window.Seconds).ToArray()),
            ("starts", sorted.Select(window => ToMicros(window.Start)).ToArray()),
            ("used", sorted.Select(window => window.Used).ToArray()));
}
