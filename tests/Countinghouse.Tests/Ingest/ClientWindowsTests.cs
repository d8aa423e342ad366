namespace Countinghouse.Ingest;

public sealed class ClientWindowsTests
{
    private const long Second = 1_000_000;
    private const long Noon = 1_786_795_200 * Second;
    private const ulong Client = 0x1234_5678_9ABC_DEF0;
    private const ulong Ad = 77;

    [Theory]
    [InlineData(0, EventReason.RepeatedImpression)]
    [InlineData(60 * Second - 1, EventReason.RepeatedImpression)]
    [InlineData(60 * Second, EventReason.None)]
    [InlineData(-60 * Second + 1, EventReason.RepeatedImpression)]
    [InlineData(-60 * Second, EventReason.None)]
    public void An_impression_within_a_minute_before_or_after_is_a_repetition(long distance, EventReason expected)
    {
        var windows = new ClientWindows(new WindowOptions());
        windows.Add(EventKind.Impression, Client, Ad, Noon, Noon);

        Assert.Equal(expected, windows.Judge(EventKind.Impression, Client, Ad, Noon + distance));
    }

    [Fact]
    public void Another_ad_or_client_or_kind_is_no_repetition()
    {
        var windows = new ClientWindows(new WindowOptions());
        windows.Add(EventKind.Impression, Client, Ad, Noon, Noon);

        Assert.Equal(EventReason.None, windows.Judge(EventKind.Impression, Client, Ad + 1, Noon));
        Assert.Equal(EventReason.None, windows.Judge(EventKind.Impression, Client + 1, Ad, Noon));
        Assert.Equal(EventReason.None, windows.Judge(EventKind.Click, Client, Ad, Noon));
    }

    [Theory]
    [InlineData(59, EventReason.ClicksPerMinute)]
    [InlineData(60, EventReason.None)]
    public void A_click_within_an_hour_is_a_repetition_and_on_another_ad_one_a_minute(int seconds, EventReason other)
    {
        var windows = new ClientWindows(new WindowOptions());
        windows.Add(EventKind.Click, Client, Ad, Noon, Noon);

        Assert.Equal(EventReason.RepeatedClick, windows.Judge(EventKind.Click, Client, Ad, Noon + (3599 * Second)));
        Assert.Equal(EventReason.None, windows.Judge(EventKind.Click, Client, Ad, Noon + (3600 * Second)));
        Assert.Equal(other, windows.Judge(EventKind.Click, Client, Ad + 1, Noon + (seconds * Second)));
    }

    [Theory]
    [InlineData(3, 100, 600, EventReason.ClicksPerTenMinutes)]
    [InlineData(10, 300, 3_600, EventReason.ClicksPerHour)]
    [InlineData(25, 3_000, 86_400, EventReason.ClicksPerDay)]
    public void A_client_has_so_many_valid_clicks_in_a_time(int limit, int apart, int window, EventReason reason)
    {
        var windows = new ClientWindows(new WindowOptions());
        for (var i = 0; i < limit; i++)
        {
            var at = Noon + (i * apart * Second);
            Assert.Equal(EventReason.None, windows.Judge(EventKind.Click, Client, (ulong)i, at));
            windows.Add(EventKind.Click, Client, (ulong)i, at, at);
        }

        Assert.Equal(reason, windows.Judge(EventKind.Click, Client, 99, Noon + (window * Second) - 1));
        Assert.Equal(EventReason.None, windows.Judge(EventKind.Click, Client, 99, Noon + (window * Second)));
    }

    [Fact]
    public void An_unknown_client_is_never_judged()
    {
        var windows = new ClientWindows(new WindowOptions());
        windows.Add(EventKind.Click, 0, Ad, Noon, Noon);

        Assert.Equal(EventReason.None, windows.Judge(EventKind.Click, 0, Ad, Noon));
        Assert.Equal(0, windows.Bytes);
    }

    [Fact]
    public void A_window_of_no_seconds_is_off()
    {
        var windows = new ClientWindows(new WindowOptions { ImpressionWindowSeconds = 0 });
        windows.Add(EventKind.Impression, Client, Ad, Noon, Noon);

        Assert.Equal(EventReason.None, windows.Judge(EventKind.Impression, Client, Ad, Noon));
    }

    [Fact]
    public void Memory_is_given_back_when_the_window_is_over()
    {
        var windows = new ClientWindows(new WindowOptions());
        for (var i = 0; i < 100_000; i++)
        {
            windows.Add(EventKind.Impression, (ulong)i + 1, Ad, Noon, Noon + (i * 600));
        }

        Assert.InRange(windows.Bytes, 100_000 * 14, 100_000 * 30);
        windows.Expire(Noon + (60 * Second) + (75 * Second));
        windows.Add(EventKind.Impression, Client, Ad, Noon, Noon + (200 * Second));

        Assert.InRange(windows.Bytes, 1, 1_000);
    }

    [Fact]
    public void Past_the_limit_the_oldest_are_let_go_first()
    {
        var windows = new ClientWindows(new WindowOptions { ImpressionPairsMax = 1_000 });
        for (var i = 0; i < 2_000; i++)
        {
            // Four slices of 500 each.
            windows.Add(EventKind.Impression, (ulong)i + 1, Ad, Noon, Noon + (i * 40_000));
        }

        Assert.Equal(EventReason.None, windows.Judge(EventKind.Impression, 1, Ad, Noon));
        Assert.Equal(EventReason.None, windows.Judge(EventKind.Impression, 1_000, Ad, Noon));
        Assert.Equal(EventReason.RepeatedImpression, windows.Judge(EventKind.Impression, 1_001, Ad, Noon));
        Assert.Equal(EventReason.RepeatedImpression, windows.Judge(EventKind.Impression, 2_000, Ad, Noon));
    }

    [Theory]
    [InlineData(20_260_815)]
    [InlineData(20_260_816)]
    [InlineData(20_260_817)]
    public void Random_events_are_judged_as_by_a_plain_list_and_so_again_after_a_rebuild(int seed)
    {
        var random = new Random(seed);
        var options = new WindowOptions { ClicksPerMinuteMax = 2 };
        var windows = new ClientWindows(options);
        var model = new PlainList(options);
        var now = Noon;
        var reasons = new Dictionary<EventReason, int>();
        for (var i = 0; i < 20_000; i++)
        {
            now += random.Next(3) == 0 ? random.NextInt64(20 * Second) : random.NextInt64(Second);
            if (random.Next(2_000) == 0)
            {
                now += random.NextInt64(90_000 * Second);
            }

            if (random.Next(3) == 0)
            {
                windows.Expire(now);
                model.Now = now;
            }

            var sent = NewEvent(random, now);
            var reason = windows.Judge(sent.Kind, sent.Client, sent.Ad, sent.Occurred);
            Assert.True(model.Judge(sent) == reason, $"seed {seed}, event {i}: {reason}, not {model.Judge(sent)}");
            reasons[reason] = reasons.GetValueOrDefault(reason) + 1;
            if (reason == EventReason.None)
            {
                windows.Add(sent.Kind, sent.Client, sent.Ad, sent.Occurred, sent.Received);
                model.Kept.Add(sent);
            }
        }

        Assert.Equal(7, reasons.Count);
        AssertRebuilt(windows, model, options, random, seed);
    }

    private static void AssertRebuilt(
        ClientWindows windows, PlainList model, WindowOptions options, Random random, int seed)
    {
        var rebuilt = new ClientWindows(options);
        rebuilt.Expire(model.Now);
        model.Kept.ForEach(e => rebuilt.Add(e.Kind, e.Client, e.Ad, e.Occurred, e.Received));
        for (var i = 0; i < 20_000; i++)
        {
            var sent = NewEvent(random, model.Now);
            Assert.True(
                windows.Judge(sent.Kind, sent.Client, sent.Ad, sent.Occurred)
                    == rebuilt.Judge(sent.Kind, sent.Client, sent.Ad, sent.Occurred),
                $"seed {seed}, event {i} after the rebuild");
        }
    }

    /// <summary>Mostly live, some long ago by their sender's word, some from a node whose clock is behind.</summary>
    private static Event NewEvent(Random random, long now)
    {
        var received = now - (random.Next(5) == 0 ? random.NextInt64(30 * Second) : 0);
        var late = random.Next(10) switch
        {
            0 => random.NextInt64(35 * 86_400L * Second),
            1 or 2 => random.NextInt64(4_000 * Second),
            _ => random.NextInt64(2 * Second),
        };
        return new Event(
            random.Next(2) == 0 ? EventKind.Impression : EventKind.Click,
            (ulong)random.Next(1, 12) * 0x0101_0101_0101_0101,
            (ulong)random.Next(8),
            received - late,
            received);
    }

    private readonly record struct Event(EventKind Kind, ulong Client, ulong Ad, long Occurred, long Received);

    /// <summary>The rules once more, as simply as they can be said.</summary>
    private sealed class PlainList(WindowOptions options)
    {
        public List<Event> Kept { get; } = [];

        public long Now { get; set; }

        public EventReason Judge(Event sent)
        {
            var mine = Kept.Where(kept => kept.Client == sent.Client && kept.Kind == sent.Kind).ToList();
            bool Sees(Event kept, long window) => StaysUntil(kept.Received, window) > Now;
            bool Near(Event kept, long window) => Math.Abs(kept.Occurred - sent.Occurred) < window * Second;
            bool Repeats(long window) =>
                mine.Any(kept => kept.Ad == sent.Ad && Sees(kept, window) && Near(kept, window));
            int Clicks(long window) => mine.Count(kept => Sees(kept, 86_400) && Near(kept, window));
            if (sent.Kind == EventKind.Impression)
            {
                return Repeats(options.ImpressionWindowSeconds) ? EventReason.RepeatedImpression : EventReason.None;
            }

            return Repeats(options.ClickWindowSeconds) ? EventReason.RepeatedClick
                : Clicks(60) >= options.ClicksPerMinuteMax ? EventReason.ClicksPerMinute
                : Clicks(600) >= options.ClicksPerTenMinutesMax ? EventReason.ClicksPerTenMinutes
                : Clicks(3_600) >= options.ClicksPerHourMax ? EventReason.ClicksPerHour
                : Clicks(86_400) >= options.ClicksPerDayMax ? EventReason.ClicksPerDay
                : EventReason.None;
        }

        /// <summary>A window after the last moment of the third of a window in which it was received.</summary>
        private static long StaysUntil(long received, long window)
        {
            var third = window * Second / 3;
            return ((received / third) + 1) * third - 1 + (window * Second);
        }
    }
}
