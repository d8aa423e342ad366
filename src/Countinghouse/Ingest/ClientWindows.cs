namespace Countinghouse.Ingest;

/// <summary>
/// Finds what one client repeats: one advertiser's rolling windows, in memory, without I/O and without a clock. The
/// same Adds and Expires make the same judgements, so a restarted node that adds the valid events of the journal again
/// judges as before: <see cref="Expire"/> first, with the present, then the events in their order, and what is past its
/// window is not even taken.
/// <para>
/// Entries stay by time of receipt, for their window and at most a third of it longer, and are compared by time of
/// occurrence: less than a window apart, before or after, so that stated times judge the same in any order. All four
/// limits of clicks per client look at the clicks of one day of receipts. When an advertiser has more entries than
/// <see cref="WindowOptions.ImpressionPairsMax"/> or <see cref="WindowOptions.ClicksKeptMax"/>, the oldest slice of
/// them is let go early: the window shrinks to what fits, at least two thirds unless the rate jumps, and more events
/// are valid.
/// </para>
/// <para>Not for several threads, unless all of them only judge.</para>
/// </summary>
public sealed class ClientWindows(WindowOptions options)
{
    private const long MicrosPerSecond = 1_000_000;

    /// <summary>Clicks per client are counted over all ads.</summary>
    private const ulong AnyAd = 0;

    /// <summary>The reasons name these lengths, so they are no settings.</summary>
    private static readonly long[] LimitMicros =
        [60 * MicrosPerSecond, 600 * MicrosPerSecond, 3_600 * MicrosPerSecond, 86_400 * MicrosPerSecond];

    private static readonly EventReason[] LimitReasons =
    [
        EventReason.ClicksPerMinute, EventReason.ClicksPerTenMinutes, EventReason.ClicksPerHour,
        EventReason.ClicksPerDay,
    ];

    private readonly int[] _limits =
    [
        options.ClicksPerMinuteMax, options.ClicksPerTenMinutesMax, options.ClicksPerHourMax, options.ClicksPerDayMax,
    ];

    private readonly SlidingTimes _impressions =
        new(options.ImpressionWindowSeconds * MicrosPerSecond, options.ImpressionPairsMax);

    private readonly SlidingTimes _adClicks = new(options.ClickWindowSeconds * MicrosPerSecond, options.ClicksKeptMax);

    private readonly SlidingTimes _clicks = new(LimitMicros[^1], options.ClicksKeptMax);

    /// <summary>The longest any entry is needed: how much of the journal a restarted node reads again.</summary>
    public static TimeSpan Longest => TimeSpan.FromDays(1);

    /// <summary>Memory of the entries.</summary>
    public long Bytes => _impressions.Bytes + _adClicks.Bytes + _clicks.Bytes;

    /// <summary>The first rule, by number, that the event breaks, or none; changes nothing.</summary>
    /// <param name="kind">Impressions are compared with impressions, clicks with clicks.</param>
    /// <param name="client">The day's key of the client; 0, an unknown one, breaks no rule.</param>
    /// <param name="ad">Whatever names the ad.</param>
    /// <param name="occurredAtMicros">Microseconds since 1970.</param>
    public EventReason Judge(EventKind kind, ulong client, ulong ad, long occurredAtMicros)
    {
        if (client == 0)
        {
            return EventReason.None;
        }

        return kind switch
        {
            EventKind.Impression => _impressions.Any(client, ad, occurredAtMicros)
                ? EventReason.RepeatedImpression
                : EventReason.None,
            EventKind.Click => _adClicks.Any(client, ad, occurredAtMicros)
                ? EventReason.RepeatedClick
                : JudgeNumber(client, occurredAtMicros),
        };
    }

    /// <summary>
    /// Remembers a valid event. Invalid ones are not for here: limits count what was valid, so that who goes on trying
    /// is not shut out for longer.
    /// </summary>
    /// <param name="kind">Impression or click.</param>
    /// <param name="client">The day's key of the client; 0 is not remembered.</param>
    /// <param name="ad">Whatever names the ad.</param>
    /// <param name="occurredAtMicros">Microseconds since 1970; what it is compared by.</param>
    /// <param name="receivedAtMicros">Microseconds since 1970; what decides how long it stays.</param>
    public void Add(EventKind kind, ulong client, ulong ad, long occurredAtMicros, long receivedAtMicros)
    {
        if (client == 0)
        {
            return;
        }

        switch (kind)
        {
            case EventKind.Impression:
                _impressions.Add(client, ad, occurredAtMicros, receivedAtMicros);
                break;
            case EventKind.Click:
                _adClicks.Add(client, ad, occurredAtMicros, receivedAtMicros);
                _clicks.Add(client, AnyAd, occurredAtMicros, receivedAtMicros);
                break;
        }
    }

    /// <summary>
    /// Tells the time of receipt that it is now, and lets go of what that ends: whole slices, so it costs nearly
    /// nothing whenever it is called. A time before the last one changes nothing.
    /// </summary>
    /// <param name="receivedNowMicros">Microseconds since 1970.</param>
    public void Expire(long receivedNowMicros)
    {
        _impressions.Expire(receivedNowMicros);
        _adClicks.Expire(receivedNowMicros);
        _clicks.Expire(receivedNowMicros);
    }

    private EventReason JudgeNumber(ulong client, long occurredAtMicros)
    {
        Span<int> counts = stackalloc int[LimitMicros.Length];
        counts.Clear();
        _clicks.CountNear(client, AnyAd, occurredAtMicros, LimitMicros, counts);
        for (var i = 0; i < counts.Length; i++)
        {
            if (counts[i] >= _limits[i])
            {
                return LimitReasons[i];
            }
        }

        return EventReason.None;
    }
}
