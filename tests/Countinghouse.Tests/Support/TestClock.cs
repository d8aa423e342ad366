namespace Countinghouse.Support;

/// <summary>
/// Says what time it is as the test decides. Timers and timestamps are the machine's, so that background jobs go on
/// whatever the test does with the date.
/// </summary>
public sealed class TestClock : TimeProvider
{
    private long _utcTicks = new DateTimeOffset(2026, 8, 15, 12, 0, 0, TimeSpan.Zero).Ticks;

    public DateTimeOffset Now
    {
        get => new(Interlocked.Read(ref _utcTicks), TimeSpan.Zero);
        set => Interlocked.Exchange(ref _utcTicks, value.UtcTicks);
    }

    public override DateTimeOffset GetUtcNow() => Now;
}
