using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;

namespace Countinghouse.Proof;

/// <summary>
/// A correction that somebody asks for: of an event, of some days (yyyymmdd) by a part in millionths, or of a day by an
/// amount. Its reason is its name: no other has it.
/// </summary>
internal sealed record AskedCredit(
    string Reason,
    Guid Campaign,
    Guid? Event = null,
    int FirstDay = 0,
    int LastDay = 0,
    int Ppm = 0,
    long Micros = 0,
    Guid? Location = null,
    bool DryRun = false)
{
    public string Kind => Event is not null ? "EVENT" : Ppm > 0 ? "DAYS" : "AMOUNT";
}

/// <summary>What its sender was told in the end.</summary>
internal sealed record ToldCredit(AskedCredit Asked, int Status, int Count, long Micros, string Text);

/// <summary>
/// Operators who correct charges over HTTP: events that clients were told of, amounts, and parts of days on which no
/// event comes in any more, so that what was left of them is known exactly.
/// </summary>
internal sealed class ProofOperator(ProofWorld world, ProofClients clients, int seed) : IDisposable
{
    private const int AtOnce = 4;

    private int _asked;

    public ConcurrentQueue<ToldCredit> Told { get; } = [];

    /// <summary>What must not happen.</summary>
    public ConcurrentQueue<string> Failures => clients.Failures;

    public static async Task<ProofOperator> Open(ProofWorld world, int seed) =>
        new(world, await world.NewOperator(), seed);

    public Task SetRate(string month, string rate) => clients.Post(
        $"organizations/{world.Retailer}/fee-rates", new { effective_month = month, fee_rate = rate });

    /// <summary>Corrects until told to stop.</summary>
    /// <param name="months">Months of amounts, yyyymm.</param>
    /// <param name="days">Days for parts, yyyymmdd: first and last, all in one month.</param>
    /// <param name="isEnough">Asked before each, with how many this one has sent.</param>
    public Task Run(
        IReadOnlyList<int> months, IReadOnlyList<(int First, int Last)> days, Func<int, bool> isEnough)
    {
        var events = world.Clients.Told
            .Where(told => told.Status == 200 && told.Refused.Count == 0)
            .SelectMany(told => told.Send.Events)
            .Where(item => item.Id is not null && item.IsClick != (item.Campaign == world.Campaigns[^1]))
            .ToList();
        return Task.WhenAll(Enumerable.Range(0, AtOnce).Select(worker => Task.Run(async () =>
        {
            var random = new Random((seed * AtOnce) + worker + Volatile.Read(ref _asked));
            for (var sent = 0; !isEnough(sent); sent++)
            {
                await Ask(Choose(random, events, months, days));
                await Task.Delay(random.Next(100));
            }
        })));
    }

    public void Dispose() => clients.Dispose();

    private AskedCredit Choose(
        Random random, List<SentEvent> events, IReadOnlyList<int> months, IReadOnlyList<(int First, int Last)> days)
    {
        var reason = $"Correction {Interlocked.Increment(ref _asked)}";
        var campaign = world.Campaigns[random.Next(world.Campaigns.Count)];
        switch (random.Next(10))
        {
            case < 5:
                var one = events[random.Next(events.Count)];
                return new AskedCredit(reason, one.Campaign, one.Id);
            case < 8:
                var day = (months[random.Next(months.Count)] * 100) + 1 + random.Next(28);
                var cents = random.Next(4) == 0 ? random.Next(1, 8) : -random.Next(1, 10);
                return new AskedCredit(
                    reason, campaign, null, day, day, 0, cents * 10_000L, random.Next(3) == 0 ? null : world.Shop);
            default:
                var (first, last) = days[random.Next(days.Count)];
                return new AskedCredit(
                    reason, campaign, null, first, last, random.Next(1, 50_001), DryRun: random.Next(4) == 0);
        }
    }

    private async Task Ask(AskedCredit asked)
    {
        var (what, body) = asked.Kind switch
        {
            "EVENT" => ("events", (object)new { event_id = asked.Event, reason = asked.Reason }),
            "AMOUNT" => ("amounts", new
            {
                amount = (asked.Micros / 1_000_000m).ToString("0.00", CultureInfo.InvariantCulture),
                date = Day(asked.FirstDay),
                location_id = asked.Location,
                reason = asked.Reason,
            }),
            _ => ("days", new
            {
                start_date = Day(asked.FirstDay),
                end_date = Day(asked.LastDay),
                fraction = (asked.Ppm / 1_000_000m).ToString("0.000000", CultureInfo.InvariantCulture),
                reason = asked.Reason,
                dry_run = asked.DryRun,
            }),
        };
        var (status, text) = await clients.Ask(
            HttpMethod.Post, $"campaigns/{asked.Campaign}/adjustments/{what}", body);
        var answer = status == 200 ? JsonDocument.Parse(text).RootElement : default;
        Told.Enqueue(new ToldCredit(
            asked,
            status,
            status == 200 ? answer.GetProperty("count").GetInt32() : 0,
            status == 200 ? answer.GetProperty("amount_micros").GetInt64() : 0,
            text));
    }

    private static string Day(int day) =>
        string.Create(CultureInfo.InvariantCulture, $"{day / 10_000:0000}-{day / 100 % 100:00}-{day % 100:00}");
}
