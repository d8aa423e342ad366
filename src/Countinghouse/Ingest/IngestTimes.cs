namespace Countinghouse.Ingest;

/// <summary>
/// What the last minute was like, second by second: counts, and times in buckets an eighth of a doubling wide, so that
/// a percentile is right to 9 % whatever there is to count. One lock a flush; whoever asks adds the seconds up.
/// </summary>
internal sealed class IngestTimes(TimeProvider clock)
{
    public const int Seconds = 60;

    private const int BucketsPerDoubling = 8;

    /// <summary>Up to 2^27 microseconds, two minutes; longer ones count as that.</summary>
    private const int Buckets = (27 * BucketsPerDoubling) + 1;

    private readonly Lock _gate = new();
    private readonly Second[] _seconds = [.. Enumerable.Range(0, Seconds).Select(_ => new Second())];

    /// <summary>Takes in a flush: when it began, what it put on record, when each of its requests came.</summary>
    public void Flushed(long began, long accepted, List<(AdvertiserLane Lane, List<EventPart> Parts)> work)
    {
        var now = clock.GetTimestamp();
        lock (_gate)
        {
            var second = At(now);
            second.Accepted += accepted;
            second.Flushes[BucketOf(began, now)]++;
            foreach (var (_, parts) in work)
            {
                foreach (var part in parts)
                {
                    second.Answers[BucketOf(part.Request.ArrivedAt, now)]++;
                }
            }
        }
    }

    public void Refused(int events)
    {
        lock (_gate)
        {
            At(clock.GetTimestamp()).Refusals += events;
        }
    }

    public LastMinute Read()
    {
        var flushes = new long[Buckets];
        var answers = new long[Buckets];
        var (accepted, refusals) = (0L, 0L);
        lock (_gate)
        {
            var now = SecondOf(clock.GetTimestamp());
            foreach (var second in _seconds.Where(second => second.Number > now - Seconds))
            {
                accepted += second.Accepted;
                refusals += second.Refusals;
                for (var bucket = 0; bucket < Buckets; bucket++)
                {
                    flushes[bucket] += second.Flushes[bucket];
                    answers[bucket] += second.Answers[bucket];
                }
            }
        }

        return new LastMinute(
            accepted, refusals, Percentile(flushes, 50), Percentile(flushes, 99), Percentile(answers, 50),
            Percentile(answers, 99));
    }

    private long SecondOf(long timestamp) => timestamp / clock.TimestampFrequency;

    private Second At(long timestamp)
    {
        var number = SecondOf(timestamp);
        var second = _seconds[number % Seconds];
        if (second.Number != number)
        {
            second.Begin(number);
        }

        return second;
    }

    private int BucketOf(long from, long to) => Math.Clamp(
        (int)(Math.Log2(Math.Max(1, clock.GetElapsedTime(from, to).TotalMicroseconds)) * BucketsPerDoubling),
        0,
        Buckets - 1);

    /// <summary>In milliseconds, the middle of the bucket it is in; null of nothing.</summary>
    private static double? Percentile(long[] counts, int percent)
    {
        var left = counts.Sum() * percent / 100;
        for (var bucket = 0; bucket < Buckets; bucket++)
        {
            left -= counts[bucket];
            if (left < 0)
            {
                return Math.Round(Math.Pow(2, (bucket + 0.5) / BucketsPerDoubling) / 1000, 3);
            }
        }

        return null;
    }

    private sealed class Second
    {
        public long Number { get; private set; } = long.MinValue;

        public long Accepted { get; set; }

        public long Refusals { get; set; }

        public int[] Flushes { get; } = new int[Buckets];

        public int[] Answers { get; } = new int[Buckets];

        public void Begin(long number)
        {
            (Number, Accepted, Refusals) = (number, 0, 0);
            Array.Clear(Flushes);
            Array.Clear(Answers);
        }
    }
}

/// <summary>What happened in the last 60 seconds; times in milliseconds, null when there was nothing to time.</summary>
internal readonly record struct LastMinute(
    long Accepted,
    long Refusals,
    double? FlushP50,
    double? FlushP99,
    double? AnswerP50,
    double? AnswerP99);
