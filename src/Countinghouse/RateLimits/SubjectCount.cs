namespace Countinghouse.RateLimits;

/// <summary>
/// What one subject has used. One lock for both windows, held for a few additions, makes "is there one left, then take
/// it" a single step: however many requests run at once, a node never lets more through than the limit.
/// </summary>
internal sealed class SubjectCount(UInt128 subject)
{
    private readonly Lock _lock = new();
    private RateWindow _minute;
    private RateWindow _day;
    private bool _isQueued;
    private bool _isRetired;

    public UInt128 Subject { get; } = subject;

    /// <summary>
    /// Counts a request if both windows have one left. Null: this object was put aside meanwhile, look the subject up
    /// again. <paramref name="toBeQueued"/>: there is news for the database, and nobody has queued it yet.
    /// </summary>
    public RateLimitDecision? Take(RateLimitPolicy policy, DateTimeOffset now, out bool toBeQueued)
    {
        var second = now.ToUnixTimeSeconds();
        lock (_lock)
        {
            toBeQueued = false;
            if (_isRetired)
            {
                return null;
            }

            _minute.MoveTo(RateWindow.StartOf(second, RateWindow.MinuteSeconds));
            var minuteLeft = policy.PerMinute - _minute.Used;
            var dayLeft = long.MaxValue;
            if (policy.PerDay is { } perDay)
            {
                _day.MoveTo(RateWindow.StartOf(second, RateWindow.DaySeconds));
                dayLeft = perDay - _day.Used;
            }

            var isAllowed = minuteLeft > 0 && dayLeft > 0;
            if (isAllowed)
            {
                _minute.Count();
                minuteLeft--;
                if (policy.PerDay is not null)
                {
                    _day.Count();
                    dayLeft--;
                }

                toBeQueued = !_isQueued;
                _isQueued = true;
            }

            // Equally few: the one that lasts longer, because only its end helps when both are used up.
            return dayLeft <= minuteLeft
                ? Decide(isAllowed, policy, policy.PerDay!.Value, dayLeft, _day.Start + RateWindow.DaySeconds, now)
                : Decide(
                    isAllowed, policy, policy.PerMinute, minuteLeft, _minute.Start + RateWindow.MinuteSeconds, now);
        }
    }

    /// <summary>Adds what the database has yet to be told to the list.</summary>
    public void Send(List<RateWindowDelta> deltas)
    {
        lock (_lock)
        {
            _isQueued = false;
            if (_minute.Send() is > 0 and var minute)
            {
                deltas.Add(new RateWindowDelta(this, RateWindow.MinuteSeconds, _minute.Start, minute));
            }

            if (_day.Send() is > 0 and var day)
            {
                deltas.Add(new RateWindowDelta(this, RateWindow.DaySeconds, _day.Start, day));
            }
        }
    }

    /// <summary>Takes over the count of all nodes for a window.</summary>
    public void Learn(int seconds, long start, long used)
    {
        lock (_lock)
        {
            if (seconds == RateWindow.DaySeconds)
            {
                _day.Learn(start, used);
            }
            else
            {
                _minute.Learn(start, used);
            }
        }
    }

    /// <summary>Begins with what was used before this process started.</summary>
    public void Load(int seconds, long start, long used)
    {
        lock (_lock)
        {
            if (seconds == RateWindow.DaySeconds)
            {
                _day.MoveTo(start);
            }
            else
            {
                _minute.MoveTo(start);
            }
        }

        Learn(seconds, start, used);
    }

    /// <summary>The database did not get it. True: queue this again.</summary>
    public bool GiveBack(int seconds, long start)
    {
        lock (_lock)
        {
            if (seconds == RateWindow.DaySeconds)
            {
                _day.GiveBack(start);
            }
            else
            {
                _minute.GiveBack(start);
            }

            var toBeQueued = !_isQueued;
            _isQueued = true;
            return toBeQueued;
        }
    }

    /// <summary>Puts this aside for good when its windows are over and sent; false when it is still in use.</summary>
    public bool Retire(DateTimeOffset now)
    {
        var second = now.ToUnixTimeSeconds();
        lock (_lock)
        {
            _isRetired = !_isQueued && !_minute.IsSending && !_day.IsSending
                && _minute.Start != RateWindow.StartOf(second, RateWindow.MinuteSeconds)
                && _day.Start != RateWindow.StartOf(second, RateWindow.DaySeconds);
            return _isRetired;
        }
    }

    private static RateLimitDecision Decide(
        bool isAllowed, RateLimitPolicy policy, int limit, long left, long end, DateTimeOffset now)
    {
        var milliseconds = (end * 1_000) - now.ToUnixTimeMilliseconds();
        var seconds = (int)Math.Max(1, (milliseconds + 999) / 1_000);
        return new RateLimitDecision(isAllowed, policy, limit, (int)Math.Max(0, left), seconds, end);
    }
}

/// <summary>Requests to be added to a window in the database.</summary>
/// <param name="Count">The counter they come from.</param>
/// <param name="Seconds">Length of the window.</param>
/// <param name="Start">Its beginning, in Unix seconds.</param>
/// <param name="Requests">How many.</param>
internal readonly record struct RateWindowDelta(SubjectCount Count, int Seconds, long Start, long Requests);
