using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// The secrets under which client keys are made: one for each UTC day of receipt, the same on all nodes. Those older
/// than yesterday are deleted, so that nobody, with whatever address and agent in hand, can find a past day's key.
/// <para>
/// <see cref="ClientSecretJob"/> has today's ready before the first request and tomorrow's in the last hour of the day,
/// so reading never waits for the database. When the clock jumps, a request waits for it without a thread
/// (<see cref="UntilReady"/>). Without either (a command) the first reader of a day loads its secret: never inside a
/// <see cref="Database.Write(Func{System.Data.Common.DbConnection, Task}, CancellationToken)"/>, which on SQLite it
/// would wait for.
/// </para>
/// </summary>
public sealed class ClientSecrets(SystemSecrets secrets, TimeProvider clock)
{
    /// <summary>Purposes are this and the day as yyyymmdd.</summary>
    public const string Family = "client_key/";

    /// <summary>How long before midnight the next day's secret is made.</summary>
    private const int AheadMinutes = 60;

    private readonly Lock _turning = new();
    private readonly Lock _starting = new();
    private Task _preparing = Task.CompletedTask;
    private ClientKeys? _today;
    private ClientKeys? _tomorrow;

    /// <summary>Throws what the database throws, if the secret has to be loaded and cannot be.</summary>
    internal ClientKeys Current()
    {
        var now = clock.GetUtcNow();
        return Volatile.Read(ref _today) is { } today && today.Covers(now.UtcTicks) ? today : Turn(now);
    }

    /// <summary>
    /// Today's secret is ready when this is done. Requests that waited for it with their threads would keep those from
    /// the load itself, and a node would stand still for as many seconds as the pool takes to make more.
    /// </summary>
    internal ValueTask UntilReady(CancellationToken cancellation) =>
        Ready(clock.GetUtcNow()) is null ? new ValueTask(PrepareOnce().WaitAsync(cancellation)) : default;

    /// <summary>Makes ready what will be needed within the hour.</summary>
    public async Task Prepare(CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var today = Ready(now) ?? await Load(UtcDay.Of(now), cancellation);
        var soon = now.AddMinutes(AheadMinutes);
        var next = today.Covers(soon.UtcTicks) ? null : Ready(soon) ?? await Load(UtcDay.Of(soon), cancellation);
        lock (_turning)
        {
            Volatile.Write(ref _today, today);
            Volatile.Write(ref _tomorrow, next);
        }
    }

    /// <summary>One load for all that wait.</summary>
    private Task PrepareOnce()
    {
        lock (_starting)
        {
            return _preparing = _preparing.IsCompleted ? Prepare(CancellationToken.None) : _preparing;
        }
    }

    /// <summary>Deletes the secrets of the days before yesterday. Returns how many there were.</summary>
    public Task<int> Forget(CancellationToken cancellation) =>
        secrets.Forget(Family, Purpose(UtcDay.Of(clock.GetUtcNow()).AddDays(-1)), cancellation);

    private static string Purpose(UtcDay day) => Family + day.Number.ToString("00000000", CultureInfo.InvariantCulture);

    private ClientKeys? Ready(DateTimeOffset time) =>
        Volatile.Read(ref _today) is { } today && today.Covers(time.UtcTicks) ? today
        : Volatile.Read(ref _tomorrow) is { } tomorrow && tomorrow.Covers(time.UtcTicks) ? tomorrow
        : null;

    /// <summary>All readers of a new day come here until one of them has its keys.</summary>
    private ClientKeys Turn(DateTimeOffset now)
    {
        lock (_turning)
        {
            // On another thread: this one may be forbidden to wait for its own continuations.
            var today = Ready(now)
                ?? Task.Run(() => Load(UtcDay.Of(now), CancellationToken.None)).GetAwaiter().GetResult();
            Volatile.Write(ref _today, today);
            return today;
        }
    }

    private async Task<ClientKeys> Load(UtcDay day, CancellationToken cancellation) =>
        new(day, await secrets.GetOrCreate(Purpose(day), cancellation));
}
