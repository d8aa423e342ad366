using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// Reads an advertiser's journal from where it begins to its last batch: holds every batch against its own record and
/// its hash, and sums up what totals, budgets and closed months have to be. Memory grows with campaigns, not with
/// events.
/// </summary>
/// <param name="advertiser">Whose journal.</param>
/// <param name="start">The last batch before.</param>
/// <param name="sums">What the batches up to that come to.</param>
/// <param name="placements">Those that they define.</param>
/// <param name="totalsThrough">The last batch that rollups and totals have.</param>
/// <param name="days">The days (yyyymmdd) of each campaign whose spend is stored, to be summed up.</param>
/// <param name="report">Takes what is not as it should be.</param>
internal sealed class JournalAudit(
    OrganizationId advertiser,
    JournalStart start,
    JournalSums sums,
    IEnumerable<Placement> placements,
    long totalsThrough,
    IEnumerable<(CampaignId Campaign, int Day)> days,
    Action<Difference> report)
{
    private readonly List<Placement> _placements = [.. placements];
    private byte[] _hash = start.Hash;
    private HourFinder _hours;

    public long BatchNo { get; private set; } = start.BatchNo;

    public long Events { get; private set; }

    public byte[] Hash => _hash;

    public IReadOnlyList<Placement> Placements => _placements;

    /// <summary>Lifetime totals up to the watermark of the rollups.</summary>
    public Dictionary<CampaignId, StatCounts> Totals { get; } = new(sums.Totals);

    /// <summary>All charges of a campaign.</summary>
    public Dictionary<CampaignId, Money> Spent { get; } =
        sums.Totals.ToDictionary(total => total.Key, total => total.Value.Charge);

    /// <summary>Charges received on the days that were asked for.</summary>
    public Dictionary<(CampaignId Campaign, int Day), Money> SpentOn { get; } =
        days.Union(sums.SpentOn.Keys).ToDictionary(day => day, day => sums.SpentOn.GetValueOrDefault(day));

    /// <summary>Events and charges by billing month, up to the watermark of the rollups.</summary>
    public Dictionary<int, (long Events, Money Charge)> Months { get; } = new(sums.Months);

    public void Add(StoredBatch batch)
    {
        var key = string.Create(CultureInfo.InvariantCulture, $"batch {batch.BatchNo}");
        Expect(key, "batch_no", batch.BatchNo, BatchNo + 1);
        ExpectBytes(key, "prev_hash", batch.PreviousHash, _hash);
        ExpectBytes(
            key, "hash", batch.Hash, JournalFormat.Hash(_hash, batch.BatchNo, batch.Payload, batch.ClientHash));

        // Erased client keys leave their hash; those that are kept must be the ones it was made of.
        if (batch.ClientKeys is { } clients)
        {
            ExpectBytes(key, "client_keys", batch.ClientHash, SHA256.HashData(clients));
        }

        try
        {
            Read(batch, key);
        }
        catch (InvalidDataException error)
        {
            report(new Difference(advertiser, "ingest_batch", key, "payload", error.Message, "readable"));
        }

        (BatchNo, _hash) = (batch.BatchNo, batch.Hash);
    }

    private void Read(StoredBatch batch, string key)
    {
        var reader = new JournalReader(batch.Payload);
        reader.AddPlacements(_placements);
        var known = CollectionsMarshal.AsSpan(_placements);
        var today = UtcDay.Of(reader.ReceivedAt.ToTime()).Number;
        var (events, valid, clicks, charges) = (0, 0, 0, 0L);
        var (first, last) = (int.MaxValue, int.MinValue);
        while (reader.Read(out var item))
        {
            if (item.Placement >= known.Length)
            {
                throw new InvalidDataException($"names the unknown placement {item.Placement}");
            }

            ref readonly var placement = ref known[item.Placement];
            var occurred = item.OccurredAt(reader.ReceivedAt);
            var hour = _hours.Of(item.BilledAt(reader.ReceivedAt));
            var charge = item.Charge(placement);
            (first, last) = (Math.Min(first, hour), Math.Max(last, hour));
            events++;
            valid += item.Validity == Validity.Valid ? 1 : 0;
            clicks += item.Kind == EventKind.Click ? 1 : 0;
            charges += charge.Micros;
            Charge(placement.Campaign, charge, today);
            if (batch.BatchNo <= totalsThrough)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(Totals, placement.Campaign, out _)
                    .Add(item, placement, occurred, batch.BatchNo);
                ref var month = ref CollectionsMarshal.GetValueRefOrAddDefault(Months, hour / 10_000, out _);
                month = (month.Events + 1, month.Charge + charge);
            }
        }

        Events += events;
        Expect(key, "committed_at", batch.CommittedAt.Micros, reader.ReceivedAt.Micros);
        Expect(key, "event_count", batch.EventCount, events);
        Expect(key, "valid_count", batch.ValidCount, valid);
        Expect(key, "click_count", batch.ClickCount, clicks);
        Expect(key, "charge_micro", batch.Charge.Micros, charges);
        Expect(key, "first_hour", batch.FirstHour, first);
        Expect(key, "last_hour", batch.LastHour, last);
    }

    private void Charge(CampaignId campaign, Money charge, int today)
    {
        if (charge > Money.Zero)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(Spent, campaign, out _) += charge;
            ref var onDay = ref CollectionsMarshal.GetValueRefOrNullRef(SpentOn, (campaign, today));
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref onDay))
            {
                onDay += charge;
            }
        }
    }

    private void Expect(string key, string figure, long stored, long expected)
    {
        if (stored != expected)
        {
            report(new Difference(
                advertiser,
                "ingest_batch",
                key,
                figure,
                stored.ToString(CultureInfo.InvariantCulture),
                expected.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private void ExpectBytes(string key, string figure, byte[] stored, byte[] expected)
    {
        if (!stored.AsSpan().SequenceEqual(expected))
        {
            report(new Difference(
                advertiser, "ingest_batch", key, figure, Convert.ToHexStringLower(stored),
                Convert.ToHexStringLower(expected)));
        }
    }
}
