using System.Data.Common;
using System.Security.Cryptography;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Packs what schema 1 recorded, a row each, into the journal: to be called after migrating, before anything is
/// written. An organization is one transaction under its head's lock, at whose end its old rows are gone: so it may be
/// killed, repeated, and run by several nodes at once. Throws <see cref="InvalidDataException"/> and leaves the
/// organization as it was when a row is not what any program wrote.
/// </summary>
public sealed partial class JournalUpgrade(Database database, ILogger<JournalUpgrade> log)
{
    /// <summary>Batches in memory at a time; schema 1 had at most 1000 events in each.</summary>
    private const int ChunkBatchesMax = 50;

    private const string Waiting = "SELECT DISTINCT org_id FROM ingest_batch_v1 ORDER BY org_id";

    private const string LockHead = "SELECT batch_no FROM ingest_head WHERE org_id = @org";

    private const string CountPacked = """
        SELECT (SELECT COUNT(*) FROM ingest_batch WHERE org_id = @org)
             + (SELECT COUNT(*) FROM placement WHERE org_id = @org)
        """;

    private const string ReadTerms = "SELECT campaign_id, pricing, price_micro FROM campaign WHERE org_id = @org";

    private const string ReadBatches = """
        SELECT batch_no, flush_id, committed_at, event_count, valid_count, charge_micro
        FROM ingest_batch_v1 WHERE org_id = @org AND batch_no > @after ORDER BY batch_no LIMIT @chunk
        """;

    private const string ReadEvents = $"""
        SELECT {EventRow.Columns} FROM ad_event
        WHERE org_id = @org AND batch_no > @after AND batch_no <= @through ORDER BY batch_no, ordinal
        """;

    private const string AddPlacement = """
        INSERT INTO placement (org_id, placement_no, campaign_id, offer_id, retailer_org_id, location_id, pricing,
                               event_price_micro, first_batch)
        VALUES (@org, @number, @campaign, @offer, @retailer, @location, @pricing, @price, @batch)
        """;

    private const string AddBatch = """
        INSERT INTO ingest_batch (org_id, batch_no, flush_id, committed_at, event_count, valid_count, click_count,
                                  charge_micro, first_hour, last_hour, client_hash, prev_hash, hash, payload)
        VALUES (@org, @batch, @flush, @at, @events, @valid, @clicks, @charge, @first, @last, @client_hash, @previous,
                @hash, @payload)
        """;

    private const string SetHash = "UPDATE ingest_head SET hash = @hash WHERE org_id = @org";

    private const string DropEvents = "DELETE FROM ad_event WHERE org_id = @org";

    private const string DropBatches = "DELETE FROM ingest_batch_v1 WHERE org_id = @org";

    /// <summary>Packs everything that is not packed yet; returns the number of events.</summary>
    public async Task<long> Run(CancellationToken cancellation)
    {
        var waiting = await database.Read(
            connection => connection.Query(Waiting, row => row.Id<OrganizationId>(0), cancellation), cancellation);
        if (waiting.Count == 0)
        {
            return 0;
        }

        LogBegun(waiting.Count);
        var events = 0L;
        foreach (var advertiser in waiting)
        {
            events += await database.Write(connection => Pack(connection, advertiser, cancellation), cancellation);
        }

        LogDone(events, waiting.Count);
        return events;
    }

    /// <summary>One organization, in the caller's transaction; returns the number of its events.</summary>
    private async Task<long> Pack(DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        var head = await Lock(connection, advertiser, cancellation);
        var chunk = await NextBatches(connection, advertiser, 0, cancellation);
        if (chunk.Count == 0)
        {
            // Another node was quicker.
            return 0;
        }

        if (await connection.Number(CountPacked, cancellation, ("org", advertiser)) != 0)
        {
            throw new InvalidDataException($"{advertiser} has events in the journal beside those of schema 1.");
        }

        var terms = await connection.Query(
            ReadTerms,
            row =>
            {
                var pricing = CampaignWords.Pricing(row.GetString(1));
                var price = CampaignRules.EventPrice(pricing, new Bid(row.GetInt64(2)));
                return KeyValuePair.Create(row.Id<CampaignId>(0), (pricing, price));
            },
            cancellation,
            ("org", advertiser));
        var packer = new BatchPacker(advertiser, new Dictionary<CampaignId, (Pricing, Money)>(terms));
        for (; chunk.Count > 0; chunk = await NextBatches(connection, advertiser, packer.BatchNo, cancellation))
        {
            await Pack(connection, advertiser, packer, chunk, cancellation);
        }

        if (packer.BatchNo != head)
        {
            throw new InvalidDataException($"{advertiser} has {packer.BatchNo} batches, but its head says {head}.");
        }

        await connection.Execute(SetHash, cancellation, ("org", advertiser), ("hash", packer.Hash));
        await Drop(connection, DropBatches, advertiser, cancellation);
        return await Drop(connection, DropEvents, advertiser, cancellation) == packer.Events
            ? packer.Events
            : throw new InvalidDataException($"{advertiser} has events of schema 1 that are in no batch.");
    }

    private static async Task Pack(
        DbConnection connection,
        OrganizationId advertiser,
        BatchPacker packer,
        List<BatchRow> batches,
        CancellationToken cancellation)
    {
        var events = await connection.Query(
            ReadEvents,
            row => EventRow.Read(row, advertiser),
            cancellation,
            ("org", advertiser),
            ("after", packer.BatchNo),
            ("through", batches[^1].BatchNo));
        var (rows, placements, from) = (new List<object?[]>(), new List<object?[]>(), 0);
        foreach (var batch in batches)
        {
            var firstNew = packer.Placements.Count;
            var own = events.Skip(from).TakeWhile(row => row.BatchNo == batch.BatchNo).ToList();
            from += own.Count;
            rows.Add(packer.Pack(batch, own));
            placements.AddRange(packer.Placements.Skip(firstNew).Select((placement, index) => new object?[]
            {
                advertiser, firstNew + index, placement.Campaign, placement.Offer, placement.Retailer,
                placement.Location, CampaignWords.Of(placement.Pricing), placement.EventPrice, batch.BatchNo,
            }));
        }

        await connection.ExecuteMany(
            AddPlacement,
            ["org", "number", "campaign", "offer", "retailer", "location", "pricing", "price", "batch"],
            placements,
            cancellation);
        await connection.ExecuteMany(AddBatch, BatchPacker.Names, rows, cancellation);
    }

    private static Task<List<BatchRow>> NextBatches(
        DbConnection connection, OrganizationId advertiser, long after, CancellationToken cancellation) =>
        connection.Query(
            ReadBatches,
            row => new BatchRow(
                row.GetInt64(0), row.GetGuid(1), new Instant(row.GetInt64(2)), row.GetInt32(3), row.GetInt32(4),
                new Money(row.GetInt64(5))),
            cancellation,
            ("org", advertiser),
            ("after", after),
            ("chunk", ChunkBatchesMax));

    /// <summary>Waits for another node that packs the same organization, as long as it takes.</summary>
    private async Task<long> Lock(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation)
    {
        await using var command = connection.Command(LockHead + database.ForUpdate, ("org", advertiser));
        command.CommandTimeout = 0;
        return await command.ExecuteScalarAsync(cancellation) is long head
            ? head
            : throw new InvalidDataException($"{advertiser} has no ingest head.");
    }

    /// <summary>Takes as long as there are rows; returns how many there were.</summary>
    private static async Task<int> Drop(
        DbConnection connection, string sql, OrganizationId advertiser, CancellationToken cancellation)
    {
        await using var command = connection.Command(sql, ("org", advertiser));
        command.CommandTimeout = 0;
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>A batch record of schema 1, but for its hashes: their layout is another now.</summary>
    private sealed record BatchRow(
        long BatchNo, Guid FlushId, Instant CommittedAt, int EventCount, int ValidCount, Money Charge);

    /// <summary>Packs an advertiser's batches in their order, and chains them anew from the beginning.</summary>
    private sealed class BatchPacker(
        OrganizationId advertiser, IReadOnlyDictionary<CampaignId, (Pricing Pricing, Money Price)> campaigns)
    {
        public static readonly string[] Names =
        [
            "org", "batch", "flush", "at", "events", "valid", "clicks", "charge", "first", "last", "client_hash",
            "previous", "hash", "payload",
        ];

        private static readonly byte[] NoClients = SHA256.HashData([]);

        private readonly Dictionary<Placement, int> _numbers = [];
        private readonly JournalWriter _journal = new();
        private HourFinder _hours;

        public List<Placement> Placements { get; } = [];

        public long BatchNo { get; private set; }

        public byte[] Hash { get; private set; } = new byte[SHA256.HashSizeInBytes];

        public long Events { get; private set; }

        /// <summary>The row of the packed batch.</summary>
        public object?[] Pack(BatchRow batch, List<EventRow> events)
        {
            Check(batch, events);
            _journal.Clear();
            var firstNew = Placements.Count;
            var (receivedAt, ruleset) = (events[0].Event.ReceivedAt, events[0].Event.Ruleset);
            foreach (var row in events)
            {
                var placement = row.Placement(campaigns);
                if (!_numbers.TryGetValue(placement, out var number))
                {
                    number = Placements.Count;
                    _numbers.Add(placement, number);
                    Placements.Add(placement);
                }

                _journal.Add(row.Pack(number, placement, ref _hours), 0, receivedAt);
            }

            var payload = _journal.Finish(
                receivedAt, ruleset, firstNew, Placements.Skip(firstNew).ToArray()).ToArray();
            var previous = Hash;
            Hash = JournalFormat.Hash(previous, batch.BatchNo, payload, NoClients);
            BatchNo = batch.BatchNo;
            Events += events.Count;
            return
            [
                advertiser, batch.BatchNo, batch.FlushId, batch.CommittedAt, batch.EventCount, batch.ValidCount,
                events.Count(row => row.Event.Kind == EventKind.Click), batch.Charge,
                events.Min(row => row.Event.BillingHour), events.Max(row => row.Event.BillingHour), NoClients,
                previous, Hash, payload,
            ];
        }

        private void Check(BatchRow batch, List<EventRow> events)
        {
            if (batch.BatchNo != BatchNo + 1
                || events.Count != batch.EventCount
                || events.Count > EventPlace.EventsMax
                || events.Count(row => row.Event.Validity == Validity.Valid) != batch.ValidCount
                || events.Sum(row => row.Event.Charge.Micros) != batch.Charge.Micros)
            {
                throw new InvalidDataException(
                    $"Batch {BatchNo + 1} of {advertiser} cannot be packed: it is not what its events come to.");
            }

            for (var ordinal = 0; ordinal < events.Count; ordinal++)
            {
                var row = events[ordinal];
                if (row.Ordinal != ordinal || row.Event.ReceivedAt != events[0].Event.ReceivedAt
                    || row.Event.Ruleset != events[0].Event.Ruleset)
                {
                    throw row.Unlike("ordinal, received_at or ruleset");
                }
            }
        }
    }
}
