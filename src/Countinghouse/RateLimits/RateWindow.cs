namespace Countinghouse.RateLimits;

/// <summary>One fixed window of one subject, aligned to the UTC minute or day. The owner's lock guards it.</summary>
internal struct RateWindow
{
    public const int MinuteSeconds = 60;
    public const int DaySeconds = 24 * 60 * 60;

    /// <summary>Unix seconds at which the window begins.</summary>
    public long Start { get; private set; }

    /// <summary>Requests of all nodes, as the database last told.</summary>
    private long _shared;

    /// <summary>Requests of this node on their way to the database.</summary>
    private long _sending;

    /// <summary>Requests of this node since.</summary>
    private long _pending;

    public readonly long Used => _shared + _sending + _pending;

    public readonly bool IsSending => _sending > 0;

    /// <summary>Start of the window of that length which the second lies in.</summary>
    public static long StartOf(long unixSeconds, int seconds) => unixSeconds - (unixSeconds % seconds);

    /// <summary>Goes over to another window. What an old one had yet to send concerns nobody any more.</summary>
    public void MoveTo(long start)
    {
        if (start != Start)
        {
            this = new RateWindow { Start = start };
        }
    }

    public void Count() => _pending++;

    /// <summary>What the database has yet to be told; 0: nothing. To be followed by Learn or GiveBack.</summary>
    public long Send()
    {
        _sending += _pending;
        _pending = 0;
        return _sending;
    }

    /// <summary>Takes over the count of all nodes, which holds what was sent.</summary>
    public void Learn(long start, long used)
    {
        if (start == Start)
        {
            _shared = used;
            _sending = 0;
        }
    }

    /// <summary>What was sent did not arrive; it stays to be sent.</summary>
    public void GiveBack(long start)
    {
        if (start == Start)
        {
            _pending += _sending;
            _sending = 0;
        }
    }
}
