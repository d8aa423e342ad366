using Countinghouse.Storage;

namespace Countinghouse.RateLimits;

/// <summary>
/// Loads the counts before the first request, and then about once a second tells the database what this node counted
/// and learns what the others did. A kill loses at most that second; a stop loses nothing.
/// </summary>
public sealed partial class RateLimitJob(
    RateLimitCounters counters,
    RateLimitSubjects subjects,
    RateWindowStore store,
    SystemSecrets secrets,
    TimeProvider clock,
    ILogger<RateLimitJob> log) : BackgroundService, IHostedLifecycleService
{
    /// <summary>Windows per transaction: small enough that no other writer waits long.</summary>
    public const int WindowsPerWriteMax = 1_000;

    /// <summary>How long a window stays in the table after its time, for nodes whose clock is behind.</summary>
    private const int KeepMinutes = 5;
    private const int KeepDays = 1;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>One flush at a time: a second one would send again what the first has under way.</summary>
    private readonly SemaphoreSlim _flushing = new(1);

    private long _sweptMinute;

    /// <summary>Before the server takes requests: the secret, and what was used of the current windows.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        subjects.Use(await secrets.GetOrCreate(RateLimitSubjects.SecretPurpose, cancellationToken));
        foreach (var seconds in new[] { RateWindow.MinuteSeconds, RateWindow.DaySeconds })
        {
            var start = RateWindow.StartOf(Now(), seconds);
            foreach (var window in await store.Current(
                seconds, start, RateLimitCounters.SubjectsMax, cancellationToken))
            {
                counters.Load(window.Subject, window.Seconds, window.Start, window.Used);
            }
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>After the last request has been answered.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => Flush(cancellationToken);

    /// <summary>Tells the database what it does not know yet; what it does not take is kept for later.</summary>
    public async Task Flush(CancellationToken cancellation)
    {
        await _flushing.WaitAsync(cancellation);
        var deltas = counters.Send();
        var written = 0;
        try
        {
            deltas.Sort(static (a, b) => Key(a).CompareTo(Key(b)));
            while (written < deltas.Count)
            {
                var chunk = deltas.GetRange(written, Math.Min(WindowsPerWriteMax, deltas.Count - written));
                await Write(chunk, cancellation);
                written += chunk.Count;
            }
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            LogNotWritten(error.Message);
        }
        finally
        {
            deltas[written..].ForEach(counters.GiveBack);
            _flushing.Release();
        }
    }

    public override void Dispose()
    {
        _flushing.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await Flush(CancellationToken.None);
                await SweepOncePerMinute();
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotWritten(error.Message);
            }
#pragma warning disable CA1031 // A limiter that stopped counting would be worse than one that complains every second.
            catch (Exception error)
#pragma warning restore CA1031
            {
                LogFailed(error);
            }
        }
    }

    private static (int Seconds, long Start, UInt128 Subject) Key(RateWindowDelta delta) =>
        (delta.Seconds, delta.Start, delta.Count.Subject);

    private async Task Write(List<RateWindowDelta> chunk, CancellationToken cancellation)
    {
        var counts = chunk.ToDictionary(Key, delta => delta.Count);
        var windows = chunk.ConvertAll(delta =>
            new StoredWindow(delta.Count.Subject, delta.Seconds, delta.Start, delta.Requests));
        foreach (var total in await store.Add(windows, cancellation))
        {
            counts[(total.Seconds, total.Start, total.Subject)].Learn(total.Seconds, total.Start, total.Used);
        }
    }

    private async Task SweepOncePerMinute()
    {
        var minute = RateWindow.StartOf(Now(), RateWindow.MinuteSeconds);
        if (minute == _sweptMinute)
        {
            return;
        }

        counters.Sweep();
        if (counters.TakeCrowded() is > 0 and var crowded)
        {
            LogCrowded(crowded);
        }

        var day = RateWindow.StartOf(minute, RateWindow.DaySeconds);
        await store.Delete(
            RateWindow.MinuteSeconds, minute - (KeepMinutes * RateWindow.MinuteSeconds), CancellationToken.None);
        await store.Delete(RateWindow.DaySeconds, day - (KeepDays * RateWindow.DaySeconds), CancellationToken.None);
        _sweptMinute = minute;
    }

    private long Now() => clock.GetUtcNow().ToUnixTimeSeconds();
}
