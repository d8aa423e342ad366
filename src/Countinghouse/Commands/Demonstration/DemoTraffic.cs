using System.Buffers.Binary;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Demonstration;

/// <summary>A campaign that takes part in the traffic, and the offers its events are about.</summary>
internal sealed record RunningCampaign(CampaignId Id, PlannedCampaign Plan, IReadOnlyList<OfferId> Offers);

/// <summary>
/// Seeded random shoppers: more of them in the evening and on Saturdays, a few of them bots, and some events sent twice
/// as real networks do. The same seed and first day make the same traffic.
/// </summary>
internal sealed class DemoTraffic(int seed, int scale, ClientReader clients)
{
    private const double BotShare = 0.012;
    private const double ResentShare = 0.003;

    /// <summary>Part of a day's traffic in each hour, in thousandths.</summary>
    private static readonly int[] HourShape =
        [12, 7, 5, 4, 5, 9, 21, 38, 50, 54, 55, 58, 62, 57, 52, 50, 53, 61, 72, 80, 77, 60, 38, 20];

    /// <summary>Sunday to Saturday, in hundredths of an average day.</summary>
    private static readonly int[] WeekShape = [92, 90, 94, 97, 101, 113, 121];

    public static readonly IReadOnlyList<string> Browsers =
    [
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1",
        "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/139.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_5) AppleWebKit/605.1.15 Version/18.5 Safari/605.1.15",
        "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0",
    ];

    private static readonly string[] Bots =
    [
        "Mozilla/5.0 (compatible; ExampleBot/2.1)", "python-requests/2.32", "curl/8.5.0",
        "Mozilla/5.0 HeadlessChrome/138.0",
    ];

#pragma warning disable CA5394 // Made to be repeated, not to be secret.
    private readonly Random _random = new(seed);

    /// <summary>The events of some hours, in the order in which they happened; a few of them twice.</summary>
    public List<SentEvent> Between(
        DateTimeOffset from, DateTimeOffset to, IReadOnlyList<RunningCampaign> campaigns)
    {
        var events = new List<SentEvent>();
        for (var hour = from; hour < to; hour = hour.AddHours(1))
        {
            var until = hour.AddHours(1) < to ? hour.AddHours(1) : to;
            foreach (var campaign in campaigns)
            {
                AddHour(events, hour, until, campaign);
            }
        }

        events.Sort((left, right) => left.StatedAt!.Value.CompareTo(right.StatedAt!.Value));
        return events;
    }

    private void AddHour(
        List<SentEvent> events, DateTimeOffset from, DateTimeOffset until, RunningCampaign campaign)
    {
        var perHour = (double)campaign.Plan.ImpressionsPerDay * scale
            * HourShape[from.Hour] / 1000 * WeekShape[(int)from.DayOfWeek] / 100 * (until - from).TotalHours;
        var count = (int)(perHour * (0.8 + (0.4 * _random.NextDouble())) + _random.NextDouble());
        for (var shown = 0; shown < count; shown++)
        {
            var seconds = (until - from).TotalSeconds;
            var time = from.AddSeconds(_random.NextDouble() * seconds * 0.98);
            var bot = _random.NextDouble() < BotShare;
            var agent = bot ? Bots[_random.Next(Bots.Length)] : Browsers[_random.Next(Browsers.Count)];
            var client = clients.Read(Address(), agent, isPrefetch: false);
            var offer = campaign.Offers[_random.Next(campaign.Offers.Count)];
            var impression = Create(EventKind.Impression, campaign.Id, offer, time, client);
            events.Add(impression);
            if (_random.NextDouble() < campaign.Plan.ClickRate * (bot ? 4 : 1))
            {
                var clicked = time.AddSeconds(_random.NextDouble() * seconds * 0.02);
                events.Add(Create(EventKind.Click, campaign.Id, offer, clicked, client));
            }

            if (_random.NextDouble() < ResentShare)
            {
                events.Add(impression);
            }
        }
    }

    private SentEvent Create(
        EventKind kind, CampaignId campaign, OfferId offer, DateTimeOffset time, ClientMark client) => new()
        {
            Kind = kind,
            Campaign = campaign,
            Offer = offer,
            Id = NewId(time),
            StatedAt = Instant.Of(time),
            StatedClient = client,
        };

    /// <summary>Of the block that is set aside for benchmarks (RFC 2544), so nobody's: 512 small networks.</summary>
    private string Address() => $"198.{_random.Next(18, 20)}.{_random.Next(256)}.{_random.Next(1, 255)}";

    /// <summary>A UUIDv7 of the given time whose random bits come from the seed.</summary>
    private EventId NewId(DateTimeOffset time)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, time.ToUnixTimeMilliseconds() << 16);
        _random.NextBytes(bytes[6..]);
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x70);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new EventId(new Guid(bytes, bigEndian: true));
    }
#pragma warning restore CA5394
}
