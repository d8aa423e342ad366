namespace Countinghouse.Support;

/// <summary>
/// Says what time it is as the test decides. Timers and timestamps are the machine's, so that background jobs go on
/// whatever the test does with the date.
/// </summary>
/// <param name="isStill">
/// True: those stand still too, so that nothing runs out, and nobody looks at anything a second time.
/// </param>
public sealed class TestClock(bool isStill = false) : TimeProvider
{
    private long _utcTicks = new DateTimeOffset(2026, 8, 15, 12, 0, 0, TimeSpan.Zero).Ticks;

    public DateTimeOffset Now
    {
        get => new(Interlocked.Read(ref _utcTicks), TimeSpan.Zero);
        set => Interlocked.Exchange(ref _utcTicks, value.UtcTicks);
    }

    public override DateTimeOffset GetUtcNow() => Now;

    public override long GetTimestamp() => isStill ? 1 : base.GetTimestamp();

    public override ITimer CreateTimer(
        TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, isStill ? Timeout.InfiniteTimeSpan : dueTime, period);
}
