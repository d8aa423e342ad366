using System.Runtime.InteropServices;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The key of an hourly rollup row; without an offer all three of its ids are zero.</summary>
public readonly record struct StatKey(
    CampaignId Campaign, int Hour, OfferId Offer, OrganizationId Retailer, LocationId Location);

/// <summary>What events of one key come to.</summary>
public record struct StatCounts
{
    public long Impressions { get; set; }

    public long Clicks { get; set; }

    public long InvalidImpressions { get; set; }

    public long InvalidClicks { get; set; }

    public long UnbilledClicks { get; set; }

    public Money Charge { get; set; }

    /// <summary>Number of the last batch with an event of the key.</summary>
    public long Version { get; set; }

    /// <summary>When the first of them happened.</summary>
    public Instant First { get; set; }

    /// <summary>When the last of them happened.</summary>
    public Instant Last { get; set; }

    public readonly long Events => Impressions + Clicks + InvalidImpressions + InvalidClicks;

    /// <summary>Reported numbers are the valid ones, charged or not.</summary>
    public void Add(in JournalEvent item, in Placement placement, Instant occurred, long batchNo)
    {
        (First, Last) = Events == 0
            ? (occurred, occurred)
            : (occurred < First ? occurred : First, occurred > Last ? occurred : Last);
        var valid = item.Validity == Validity.Valid;
        switch (item.Kind)
        {
            case EventKind.Impression when valid:
                Impressions++;
                break;
            case EventKind.Impression:
                InvalidImpressions++;
                break;
            case EventKind.Click when valid:
                Clicks++;
                break;
            case EventKind.Click:
                InvalidClicks++;
                break;
        }

        UnbilledClicks += item.IsUnbilledClick(placement) ? 1 : 0;
        Charge += item.Charge(placement);
        Version = batchNo;
    }

    public void Add(in StatCounts other)
    {
        if (other.Events == 0)
        {
            return;
        }

        (First, Last) = Events == 0
            ? (other.First, other.Last)
            : (other.First < First ? other.First : First, other.Last > Last ? other.Last : Last);
        Impressions += other.Impressions;
        Clicks += other.Clicks;
        InvalidImpressions += other.InvalidImpressions;
        InvalidClicks += other.InvalidClicks;
        UnbilledClicks += other.UnbilledClicks;
        Charge += other.Charge;
        Version = Math.Max(Version, other.Version);
    }
}

/// <summary>
/// Sums batches up, in their order: the one definition of what rollups and totals hold, for projecting, reports, verify
/// and rebuild.
/// </summary>
/// <param name="placements">Those known before the first batch; the fold adds what the batches define.</param>
/// <param name="firstHour">Events billed before this hour are left out.</param>
/// <param name="lastHour">Events billed after this hour are left out.</param>
/// <param name="reasonsThrough">Reasons of batches after this one are left out.</param>
public sealed class JournalFold(
    List<Placement> placements,
    int firstHour = int.MinValue,
    int lastHour = int.MaxValue,
    long reasonsThrough = long.MaxValue)
{
    // By small numbers, not by the key's four ids: a month of a large advertiser is millions of look-ups.
    private readonly Dictionary<(int Place, int Hour), StatCounts> _counts = [];
    private readonly Dictionary<(int Place, int Day, EventReason Reason), ReasonCounts> _reasons = [];
    private readonly Dictionary<StatKey, int> _places = [];
    private readonly List<StatKey> _placeKeys = [];
    private readonly List<int> _placeOf = [];
    private (StatKey Key, int Number) _last = (default, -1);
    private HourFinder _hours;

    public long Events { get; private set; }

    public int Keys => _counts.Count;

    /// <summary>All charges in it.</summary>
    public Money Charge => new(_counts.Values.Sum(counts => counts.Charge.Micros));

    public void Add(StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload);
        reader.AddPlacements(placements);
        NumberPlaces();
        var known = CollectionsMarshal.AsSpan(placements);
        var places = CollectionsMarshal.AsSpan(_placeOf);
        while (reader.Read(out var item))
        {
            var occurred = item.OccurredAt(reader.ReceivedAt);
            var hour = _hours.Of(item.BilledAt(reader.ReceivedAt));
            if (hour >= firstHour && hour <= lastHour)
            {
                ref var counts = ref CollectionsMarshal.GetValueRefOrAddDefault(
                    _counts, (places[item.Placement], hour), out _);
                counts.Add(item, known[item.Placement], occurred, batch.BatchNo);
                Events++;
                if (item.Validity != Validity.Valid && batch.BatchNo <= reasonsThrough)
                {
                    AddReason(places[item.Placement], hour / 100, item);
                }
            }
        }
    }

    /// <summary>Adds what events that are in no batch here come to.</summary>
    public void Add(in StatKey key, in StatCounts counts)
    {
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, (PlaceOf(key with { Hour = 0 }), key.Hour), out _)
            .Add(counts);
        Events += counts.Events;
    }

    /// <summary>The same of invalid events, by the rule that found them.</summary>
    public void Add(in ReasonKey key, in ReasonCounts counts) =>
        CollectionsMarshal.GetValueRefOrAddDefault(
            _reasons, (PlaceOf(new StatKey(key.Campaign, 0, default, default, default)), key.Day, key.Reason), out _)
            += counts;

    /// <summary>What the events of a key come to, which is then no longer here; zeros when there are none.</summary>
    public StatCounts Take(in StatKey key)
    {
        var place = key with { Hour = 0 };
        if (_last.Key != place || _last.Number < 0)
        {
            _last = (place, _places.GetValueOrDefault(place, -1));
        }

        return _counts.Remove((_last.Number, key.Hour), out var counts) ? counts : default;
    }

    /// <summary>By the key of the rollup row.</summary>
    public IEnumerable<KeyValuePair<StatKey, StatCounts>> ByKey() => _counts.Select(
        pair => KeyValuePair.Create(_placeKeys[pair.Key.Place] with { Hour = pair.Key.Hour }, pair.Value));

    public Dictionary<CampaignId, StatCounts> ByCampaign()
    {
        var sums = new Dictionary<CampaignId, StatCounts>();
        foreach (var ((number, _), counts) in _counts)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(sums, _placeKeys[number].Campaign, out _).Add(counts);
        }

        return sums;
    }

    /// <summary>Invalid events by the rule that found them.</summary>
    public Dictionary<ReasonKey, ReasonCounts> ByReason()
    {
        var sums = new Dictionary<ReasonKey, ReasonCounts>();
        foreach (var ((place, day, reason), counts) in _reasons)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(
                sums, new ReasonKey(_placeKeys[place].Campaign, day, reason), out _) += counts;
        }

        return sums;
    }

    private void AddReason(int place, int day, in JournalEvent item) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_reasons, (place, day, item.Reason), out _) +=
            item.Kind == EventKind.Click ? new ReasonCounts(0, 1) : new ReasonCounts(1, 0);

    /// <summary>Gives new placements the number of their key without an hour; old and new prices meet in one.</summary>
    private void NumberPlaces()
    {
        for (var number = _placeOf.Count; number < placements.Count; number++)
        {
            var placement = placements[number];
            var key = new StatKey(
                placement.Campaign,
                0,
                placement.Offer ?? default,
                placement.Retailer ?? default,
                placement.Location ?? default);
            _placeOf.Add(PlaceOf(key));
        }
    }

    private int PlaceOf(in StatKey key)
    {
        if (!_places.TryGetValue(key, out var place))
        {
            place = _placeKeys.Count;
            _places.Add(key, place);
            _placeKeys.Add(key);
        }

        return place;
    }
}
