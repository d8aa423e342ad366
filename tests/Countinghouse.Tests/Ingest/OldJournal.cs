using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// A database as the programs of schema 1 left it: a row per event, rollups and totals in the same transaction. Made
/// from a seed, with everything those programs could record: charged, free and invalid events, stated times, events of
/// fenced months, prices that changed.
/// </summary>
internal sealed class OldJournal(Database database, int seed)
{
    public static readonly DateTimeOffset Start = new(2026, 7, 30, 9, 0, 0, TimeSpan.Zero);

    private const int Fence = 202606;

    private static readonly (string Word, EventReason Reason)[] Invalid =
    [
        ("declared_bot", EventReason.DeclaredBot), ("non_browser_agent", EventReason.NonBrowserAgent),
        ("prefetch", EventReason.Prefetch), ("DeclaredBot", EventReason.DeclaredBot),
    ];

    private static readonly (string Word, EventReason Reason)[] Free =
    [
        ("not_running", EventReason.NotRunning), ("budget_exhausted", EventReason.BudgetExhausted),
        ("daily_budget_exhausted", EventReason.DailyBudgetExhausted),
    ];

    private readonly Random _random = new(seed);
    private readonly Dictionary<StatKey, StatCounts> _rollups = [];

    /// <summary>What was recorded, by advertiser, in order.</summary>
    public Dictionary<OrganizationId, List<AdEvent>> Events { get; } = [];

    public List<OrganizationId> Advertisers { get; } = [];

    public static CampaignId CampaignOf(OrganizationId advertiser, Pricing pricing) =>
        new(NamedId.Create($"{advertiser}/{pricing}"));

    public static OfferId OfferOf(OrganizationId advertiser) => new(NamedId.Create($"{advertiser}/offer"));

    public async Task Write(int advertisers, int batches)
    {
        await new Migrator(database, TimeProvider.System).Migrate(CancellationToken.None, last: 1);
        for (var number = 0; number < advertisers; number++)
        {
            var advertiser = new OrganizationId(NamedId.Create($"advertiser {number}"));
            Advertisers.Add(advertiser);
            Events.Add(advertiser, []);
            await database.Write(
                async connection =>
                {
                    var rows = Ground(advertiser, batches).ToList();
                    for (var batch = 1; batch <= batches; batch++)
                    {
                        rows.AddRange(Batch(advertiser, batch));
                    }

                    foreach (var row in rows.Concat(Rollups(advertiser)))
                    {
                        await row.Insert(connection);
                    }
                },
                CancellationToken.None);
            _rollups.Clear();
        }
    }

    private static IEnumerable<TestRow> Ground(OrganizationId advertiser, int batches)
    {
        yield return Row("organization",
            ("org_id", advertiser), ("name", "Advertiser"), ("is_operator", false), ("created_at", 1L),
            ("metadata", "{}"));
        yield return Row("ingest_head",
            ("org_id", advertiser), ("batch_no", (long)batches), ("hash", new byte[] { 1, 2, 3 }),
            ("config_version", 7L), ("fenced_through", Fence));
        foreach (var pricing in new[] { Pricing.Cpc, Pricing.Cpm })
        {
            var campaign = CampaignOf(advertiser, pricing);
            yield return Row("campaign",
                ("org_id", advertiser), ("campaign_id", campaign), ("name", "Tea"), ("status", "active"),
                ("completed_reason", null), ("completed_at", null), ("pricing", CampaignWords.Of(pricing)),
                ("price_micro", 3_000_000L), ("start_day", 20260101), ("end_day", null), ("created_at", 1L),
                ("metadata", "{}"), ("version", 3L));
            yield return Row("campaign_offer",
                ("org_id", advertiser), ("campaign_id", campaign), ("offer_id", OfferOf(advertiser)),
                ("retailer_org_id", advertiser), ("location_id", NamedId.Create("shop")));
        }
    }

    private IEnumerable<TestRow> Batch(OrganizationId advertiser, long batch)
    {
        var received = Instant.Of(Start.AddMinutes(batch * 7));
        var events = new List<AdEvent>();
        for (var ordinal = 0; ordinal < _random.Next(1, 20); ordinal++)
        {
            var (adEvent, word) = Make(advertiser, received);
            events.Add(adEvent);
            Count(adEvent, batch);
            yield return Row("ad_event",
                ("org_id", advertiser), ("event_id", adEvent.Id), ("batch_no", batch), ("ordinal", ordinal),
                ("kind", (int)adEvent.Kind), ("campaign_id", adEvent.Campaign), ("offer_id", adEvent.Offer),
                ("location_id", adEvent.Location), ("retailer_org_id", adEvent.Retailer),
                ("stated_at", adEvent.StatedAt), ("occurred_at", adEvent.OccurredAt),
                ("received_at", adEvent.ReceivedAt), ("billing_hour", adEvent.BillingHour),
                ("validity", (int)adEvent.Validity), ("reason", word), ("ruleset", adEvent.Ruleset),
                ("price_micro", adEvent.Price), ("charge_micro", adEvent.Charge));
        }

        Events[advertiser].AddRange(events);
        yield return Row("ingest_batch",
            ("org_id", advertiser), ("batch_no", batch), ("flush_id", NamedId.Create($"{advertiser} {batch}")),
            ("committed_at", received), ("event_count", events.Count),
            ("valid_count", events.Count(adEvent => adEvent.Validity == Validity.Valid)),
            ("charge_micro", events.Sum(adEvent => adEvent.Charge.Micros)), ("prev_hash", new byte[] { 4 }),
            ("hash", new byte[] { 5 }));
    }

    /// <summary>One event as schema 1 judged it, and the word it stored for the reason.</summary>
    private (AdEvent Event, string? Word) Make(OrganizationId advertiser, Instant received)
    {
        var kind = _random.Next(3) == 0 ? EventKind.Click : EventKind.Impression;
        var pricing = _random.Next(2) == 0 ? Pricing.Cpc : Pricing.Cpm;
        var hasOffer = _random.Next(4) > 0;
        var isPaid = (kind == EventKind.Click) == (pricing == Pricing.Cpc);
        var price = isPaid ? new Money((1 + _random.Next(3)) * (pricing == Pricing.Cpc ? 100_000 : 1_000)) : Money.Zero;
        (string? word, EventReason reason) = _random.Next(10) switch
        {
            0 or 1 => Invalid[_random.Next(Invalid.Length)],
            2 or 3 when isPaid => Free[_random.Next(Free.Length)],
            4 => ("None", EventReason.None),
            _ => ((string?)null, EventReason.None),
        };

        // Of an hour ago, of the month before, or of the month that is fenced and so counts on receipt.
        Instant? stated = _random.Next(4) switch
        {
            0 => new Instant(received.Micros - _random.NextInt64(3_600_000_000)),
            1 => Instant.Of(received.ToTime().AddDays(-20)),
            2 => Instant.Of(new DateTimeOffset(2026, 6, 29, 1, 2, 3, TimeSpan.Zero)),
            _ => null,
        };
        var occurred = stated ?? received;
        var booked = UtcDay.Of(occurred.ToTime()).Period.Number <= Fence ? received : occurred;
        return (
            new AdEvent
            {
                Advertiser = advertiser,
                Id = new EventId(NewId(received)),
                Kind = kind,
                Campaign = CampaignOf(advertiser, pricing),
                Offer = hasOffer ? OfferOf(advertiser) : null,
                Location = hasOffer ? new LocationId(NamedId.Create("shop")) : null,
                Retailer = hasOffer ? advertiser : null,
                StatedAt = stated,
                OccurredAt = occurred,
                ReceivedAt = received,
                BillingHour = UtcDay.Of(booked.ToTime()).FirstHour + booked.ToTime().Hour,
                Validity = IngestRules.ValidityOf(reason),
                Reason = reason,
                Ruleset = 1,
                Price = price,
                Charge = reason == EventReason.None ? price : Money.Zero,
            },
            word);
    }

    private Guid NewId(Instant received)
    {
        if (_random.Next(3) > 0)
        {
            return Guid.CreateVersion7(received.ToTime());
        }

        var bytes = new byte[16];
        _random.NextBytes(bytes);
        bytes[7] = (byte)((bytes[7] & 0x0F) | 0x40);
        return new Guid(bytes);
    }

    private void Count(AdEvent adEvent, long batch)
    {
        var key = new StatKey(
            adEvent.Campaign,
            adEvent.BillingHour,
            adEvent.Offer ?? default,
            adEvent.Retailer ?? default,
            adEvent.Location ?? default);
        var counts = _rollups.GetValueOrDefault(key);
        var isValid = adEvent.Validity == Validity.Valid;
        counts.Impressions += adEvent.Kind == EventKind.Impression && isValid ? 1 : 0;
        counts.Clicks += adEvent.Kind == EventKind.Click && isValid ? 1 : 0;
        counts.InvalidImpressions += adEvent.Kind == EventKind.Impression && !isValid ? 1 : 0;
        counts.InvalidClicks += adEvent.Kind == EventKind.Click && !isValid ? 1 : 0;
        counts.UnbilledClicks += adEvent.IsUnbilledClick ? 1 : 0;
        counts.Charge += adEvent.Charge;
        counts.Version = batch;
        _rollups[key] = counts;
    }

    private IEnumerable<TestRow> Rollups(OrganizationId advertiser)
    {
        foreach (var (key, counts) in _rollups)
        {
            yield return Row("stat_hourly",
                ("org_id", advertiser), ("campaign_id", key.Campaign), ("hour", key.Hour), ("offer_id", key.Offer),
                ("retailer_org_id", key.Retailer), ("location_id", key.Location), ("impressions", counts.Impressions),
                ("clicks", counts.Clicks), ("invalid_impressions", counts.InvalidImpressions),
                ("invalid_clicks", counts.InvalidClicks), ("unbilled_clicks", counts.UnbilledClicks),
                ("charge_micro", counts.Charge), ("version", counts.Version));
        }

        foreach (var campaign in _rollups.GroupBy(rollup => rollup.Key.Campaign))
        {
            var own = Events[advertiser].Where(adEvent => adEvent.Campaign == campaign.Key).ToList();
            var spent = campaign.Sum(rollup => rollup.Value.Charge.Micros);
            yield return Row("campaign_total",
                ("org_id", advertiser), ("campaign_id", campaign.Key),
                ("impressions", campaign.Sum(rollup => rollup.Value.Impressions)),
                ("clicks", campaign.Sum(rollup => rollup.Value.Clicks)),
                ("invalid_impressions", campaign.Sum(rollup => rollup.Value.InvalidImpressions)),
                ("invalid_clicks", campaign.Sum(rollup => rollup.Value.InvalidClicks)),
                ("unbilled_clicks", campaign.Sum(rollup => rollup.Value.UnbilledClicks)), ("charge_micro", spent),
                ("first_event_at", own.Min(adEvent => adEvent.OccurredAt)),
                ("last_event_at", own.Max(adEvent => adEvent.OccurredAt)),
                ("version", campaign.Max(rollup => rollup.Value.Version)));
            yield return Row("campaign_budget",
                ("org_id", advertiser), ("campaign_id", campaign.Key), ("budget_micro", 900_000_000_000L),
                ("spent_micro", spent), ("credited_micro", 0L), ("daily_cap_micro", null), ("day", 20260730),
                ("day_spent_micro", 0L));
        }
    }

    private static TestRow Row(string table, params (string Column, object? Value)[] columns) =>
        new(table, columns.ToDictionary(column => column.Column, column => column.Value));
}
