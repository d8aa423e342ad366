using System.Data.Common;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>A batch as it is stored. What its payload says is read by <see cref="JournalReader"/>.</summary>
public sealed record StoredBatch
{
    public required long BatchNo { get; init; }

    public required Instant CommittedAt { get; init; }

    public required int EventCount { get; init; }

    public required int ValidCount { get; init; }

    public required int ClickCount { get; init; }

    public required Money Charge { get; init; }

    public required int FirstHour { get; init; }

    public required int LastHour { get; init; }

    public required byte[] ClientHash { get; init; }

    public required byte[] PreviousHash { get; init; }

    public required byte[] Hash { get; init; }

    /// <summary>Null when it has none or they are erased.</summary>
    public required byte[]? ClientKeys { get; init; }

    public required byte[] Payload { get; init; }
}

/// <summary>The only reader of stored batches. Batches never change, so what was read stays true.</summary>
public sealed class EventReader(Database database, RecentBatches recent)
{
    private const string Columns = """
        SELECT batch_no, committed_at, event_count, valid_count, click_count, charge_micro, first_hour, last_hour,
               client_hash, prev_hash, hash, client_keys, payload
        FROM ingest_batch WHERE org_id = @org
        """;

    private const string Span = Columns + " AND batch_no > @after AND batch_no <= @through ORDER BY batch_no";

    private const string OfHours =
        Columns
        + " AND batch_no > @after AND batch_no <= @through AND last_hour >= @first AND first_hour <= @last"
        + " ORDER BY batch_no";

    // What the rolling windows still need of batches whose ids are in runs: impressions of the last minutes, clicks of
    // the last day.
    private const string Recent = Columns + """
         AND batch_no <= @through
         AND (committed_at >= @recent OR (committed_at >= @clicks AND click_count > 0)) ORDER BY batch_no
        """;

    private const string Some = Columns + " AND batch_no";

    private const string Placed = """
        SELECT placement_no, campaign_id, offer_id, retailer_org_id, location_id, pricing, event_price_micro
        FROM placement WHERE org_id = @org ORDER BY placement_no
        """;

    private const string Head = "SELECT batch_no FROM ingest_head WHERE org_id = @org";

    private const string Through = """
        SELECT through_batch FROM projection WHERE org_id = @org AND name = @name
        """;

    /// <summary>Number of the last batch; 0 before the first.</summary>
    public async Task<long> LastBatch(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) =>
        await connection.Number(Head, cancellation, ("org", advertiser)) ?? 0;

    /// <summary>How far a projection has come; 0 before its first step.</summary>
    public static async Task<long> ProjectedThrough(
        DbConnection connection, OrganizationId advertiser, string name, CancellationToken cancellation) =>
        await connection.Number(Through, cancellation, ("org", advertiser), ("name", name)) ?? 0;

    /// <summary>
    /// Hands over the batches after one up to another, in order, one at a time; those that this node has just written
    /// as it wrote them.
    /// </summary>
    public async Task ForEach(
        DbConnection connection,
        OrganizationId advertiser,
        long after,
        long through,
        Action<StoredBatch> read,
        CancellationToken cancellation)
    {
        if (recent.Find(advertiser, after, through) is not { } batches)
        {
            await ForEachStored(connection, advertiser, after, through, read, cancellation);
            return;
        }

        foreach (var batch in batches)
        {
            read(batch);
        }
    }

    /// <summary>The same, as they lie in the database.</summary>
    public Task ForEachStored(
        DbConnection connection,
        OrganizationId advertiser,
        long after,
        long through,
        Action<StoredBatch> read,
        CancellationToken cancellation) => connection.ForEach(
        Span,
        row => read(ReadBatch(row)),
        cancellation,
        ("org", advertiser),
        ("after", after),
        ("through", through));

    /// <summary>
    /// Hands over the batches up to one that have events billed in a span of hours (yyyymmddhh); without those that
    /// were archived.
    /// </summary>
    public async Task ForEachOf(
        DbConnection connection,
        OrganizationId advertiser,
        long through,
        int firstHour,
        int lastHour,
        Action<StoredBatch> read,
        CancellationToken cancellation) => await connection.ForEach(
        OfHours,
        row => read(ReadBatch(row)),
        cancellation,
        ("org", advertiser),
        ("after", (await JournalStart.Read(connection, advertiser, cancellation)).BatchNo),
        ("through", through),
        ("first", firstHour),
        ("last", lastHour));

    /// <summary>Hands over the batches up to one that rolling windows may still need.</summary>
    public Task ForEachRecent(
        DbConnection connection,
        OrganizationId advertiser,
        long through,
        Instant recent,
        Instant clicks,
        Action<StoredBatch> read,
        CancellationToken cancellation) => connection.ForEach(
        Recent,
        row => read(ReadBatch(row)),
        cancellation,
        ("org", advertiser),
        ("through", through),
        ("recent", recent),
        ("clicks", clicks));

    /// <summary>
    /// Hands over every event up to a batch that is billed in a span of hours (yyyymmddhh), in the order in which they
    /// were recorded, with the number of its batch; memory for one batch. For export and receipts, not for reports.
    /// </summary>
    public async Task ForEachEvent(
        DbConnection connection,
        OrganizationId advertiser,
        long through,
        int firstHour,
        int lastHour,
        Action<AdEvent, long> read,
        CancellationToken cancellation)
    {
        var placements = await Placements(connection, advertiser, cancellation);
        var hours = default(HourFinder);
        await ForEachOf(
            connection,
            advertiser,
            through,
            firstHour,
            lastHour,
            batch =>
            {
                var journal = new JournalReader(batch.Payload);
                while (journal.Read(out var item))
                {
                    var adEvent = Unpack(advertiser, journal, item, placements[item.Placement], ref hours);
                    if (adEvent.BillingHour >= firstHour && adEvent.BillingHour <= lastHour)
                    {
                        read(adEvent, batch.BatchNo);
                    }
                }
            },
            cancellation);
    }

    /// <summary>Some batches by their numbers, in order.</summary>
    public Task<List<StoredBatch>> Find(
        DbConnection connection,
        OrganizationId advertiser,
        IEnumerable<long> batches,
        CancellationToken cancellation) => connection.Query(
        Some + database.AnyOf("batches") + " ORDER BY batch_no",
        ReadBatch,
        cancellation,
        ("org", advertiser),
        ("batches", database.ListOf(batches)));

    /// <summary>All placements of an advertiser, each at the place of its number.</summary>
    public async Task<List<Placement>> Placements(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        var rows = await connection.Query(
            Placed,
            row => (
                Number: row.GetInt32(0),
                Placement: new Placement(
                    row.Id<CampaignId>(1),
                    row.IdOrNull<OfferId>(2),
                    row.IdOrNull<OrganizationId>(3),
                    row.IdOrNull<LocationId>(4),
                    CampaignWords.Pricing(row.GetString(5)),
                    new Money(row.GetInt64(6)))),
            cancellation,
            ("org", advertiser));
        for (var number = 0; number < rows.Count; number++)
        {
            if (rows[number].Number != number)
            {
                throw new InvalidDataException($"Placement {number} of {advertiser} is missing.");
            }
        }

        return rows.ConvertAll(row => row.Placement);
    }

    private static AdEvent Unpack(
        OrganizationId advertiser,
        in JournalReader journal,
        in JournalEvent item,
        in Placement placement,
        ref HourFinder hours)
    {
        var occurred = item.OccurredAt(journal.ReceivedAt);
        return new AdEvent
        {
            Advertiser = advertiser,
            Id = item.Id,
            Kind = item.Kind,
            Campaign = placement.Campaign,
            Offer = placement.Offer,
            Location = placement.Location,
            Retailer = placement.Retailer,
            StatedAt = item.StatedAt,
            OccurredAt = occurred,
            ReceivedAt = journal.ReceivedAt,
            BillingHour = hours.Of(item.BilledAt(journal.ReceivedAt)),
            Validity = item.Validity,
            Reason = item.Reason,
            Ruleset = journal.Ruleset,
            Price = placement.PriceOf(item.Kind),
            Charge = item.Charge(placement),
        };
    }

    private static StoredBatch ReadBatch(DbDataReader row) => new()
    {
        BatchNo = row.GetInt64(0),
        CommittedAt = new Instant(row.GetInt64(1)),
        EventCount = row.GetInt32(2),
        ValidCount = row.GetInt32(3),
        ClickCount = row.GetInt32(4),
        Charge = new Money(row.GetInt64(5)),
        FirstHour = row.GetInt32(6),
        LastHour = row.GetInt32(7),
        ClientHash = row.Bytes(8),
        PreviousHash = row.Bytes(9),
        Hash = row.Bytes(10),
        ClientKeys = row.BytesOrNull(11),
        Payload = row.Bytes(12),
    };
}
