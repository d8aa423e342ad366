using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>What an advertiser's totals, budgets and months come to by all batches up to one.</summary>
public sealed class JournalSums
{
    private static readonly JsonSerializerOptions Layout = new(JsonSerializerDefaults.Web);

    /// <summary>Placements that the batches define.</summary>
    public int Placements { get; private set; }

    /// <summary>Over all they say, so that none is changed later.</summary>
    public string PlacementsHash { get; private set; } = HashOf([]);

    public Dictionary<CampaignId, StatCounts> Totals { get; } = [];

    /// <summary>Charges received on the days whose spend is stored.</summary>
    public Dictionary<(CampaignId Campaign, int Day), Money> SpentOn { get; } = [];

    /// <summary>By billing month.</summary>
    public Dictionary<int, (long Events, Money Charge)> Months { get; } = [];

    internal static JournalSums Of(JournalAudit audit)
    {
        var sums = new JournalSums
        {
            Placements = audit.Placements.Count,
            PlacementsHash = HashOf(audit.Placements),
        };
        Copy(audit.Totals, sums.Totals);
        Copy(audit.SpentOn, sums.SpentOn);
        Copy(audit.Months, sums.Months);
        return sums;
    }

    /// <summary>Of placements in the order of their numbers.</summary>
    public static string HashOf(IEnumerable<Placement> placements)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var placement in placements)
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture,
                $"{placement.Campaign.Value:N} {placement.Offer?.Value:N} {placement.Retailer?.Value:N} "
                + $"{placement.Location?.Value:N} {(int)placement.Pricing} {placement.EventPrice.Micros}\n")));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static JournalSums Parse(string json)
    {
        var stored = JsonSerializer.Deserialize<Stored>(json, Layout)
            ?? throw new InvalidDataException("The sums of an archived month are empty.");
        var sums = new JournalSums { Placements = stored.Placements, PlacementsHash = stored.PlacementsHash };
        foreach (var total in stored.Totals)
        {
            sums.Totals.Add(new CampaignId(total.Campaign), total.Counts());
        }

        foreach (var day in stored.Days)
        {
            sums.SpentOn.Add((new CampaignId(day.Campaign), day.Day), new Money(day.Micros));
        }

        foreach (var month in stored.Months)
        {
            sums.Months.Add(month.Month, (month.Events, new Money(month.Micros)));
        }

        return sums;
    }

    /// <summary>As it is stored; this layout reached disks.</summary>
    public string ToJson() => JsonSerializer.Serialize(
        new Stored(
            Placements,
            PlacementsHash,
            [.. Totals.Select(pair => StoredTotal.Of(pair.Key, pair.Value))],
            [.. SpentOn.Select(pair => new StoredDay(pair.Key.Campaign.Value, pair.Key.Day, pair.Value.Micros))],
            [
                .. Months.Select(pair => new StoredMonth(pair.Key, pair.Value.Events, pair.Value.Charge.Micros)),
            ]),
        Layout);

    private static void Copy<TKey, TValue>(Dictionary<TKey, TValue> from, Dictionary<TKey, TValue> to)
        where TKey : notnull
    {
        foreach (var (key, value) in from)
        {
            to.Add(key, value);
        }
    }

    private sealed record Stored(
        int Placements, string PlacementsHash, StoredTotal[] Totals, StoredDay[] Days, StoredMonth[] Months);

    private sealed record StoredTotal(
        Guid Campaign,
        long Impressions,
        long Clicks,
        long InvalidImpressions,
        long InvalidClicks,
        long UnbilledClicks,
        long ChargeMicros,
        long First,
        long Last,
        long Version)
    {
        public static StoredTotal Of(CampaignId campaign, in StatCounts counts) => new(
            campaign.Value, counts.Impressions, counts.Clicks, counts.InvalidImpressions, counts.InvalidClicks,
            counts.UnbilledClicks, counts.Charge.Micros, counts.First.Micros, counts.Last.Micros, counts.Version);

        public StatCounts Counts() => new()
        {
            Impressions = Impressions,
            Clicks = Clicks,
            InvalidImpressions = InvalidImpressions,
            InvalidClicks = InvalidClicks,
            UnbilledClicks = UnbilledClicks,
            Charge = new Money(ChargeMicros),
            First = new Instant(First),
            Last = new Instant(Last),
            Version = Version,
        };
    }

    private sealed record StoredDay(Guid Campaign, int Day, long Micros);

    private sealed record StoredMonth(int Month, long Events, long Micros);
}
