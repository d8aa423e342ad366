using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countinghouse.Campaigns;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Retention;

/// <summary>The first line: whose batches of which month follow, and what they refer to.</summary>
public sealed record JournalHeaderLine(
    string Format,
    int Version,
    OrganizationId OrganizationId,
    Period Month,
    long FirstBatch,
    string PrevHash,
    IReadOnlyList<PlacementLine> Placements);

/// <summary>What events are about and at what price; its number is its place, counted through all batches.</summary>
public sealed record PlacementLine(
    CampaignId CampaignId,
    OfferId? OfferId,
    OrganizationId? RetailerId,
    LocationId? LocationId,
    string Pricing,
    long PriceMicros)
{
    public static PlacementLine Of(Placement placement) => new(
        placement.Campaign, placement.Offer, placement.Retailer, placement.Location,
        CampaignWords.Of(placement.Pricing), placement.EventPrice.Micros);

    public Placement Read() => new(
        CampaignId, OfferId, RetailerId, LocationId, CampaignWords.Pricing(Pricing), new Money(PriceMicros));
}

/// <summary>A batch; its events are the lines after it.</summary>
public sealed record BatchLine(
    long BatchNo,
    Instant ReceivedAt,
    int Ruleset,
    int FirstPlacement,
    IReadOnlyList<PlacementLine> Placements,
    int EventCount,
    long ChargeMicros,
    string ClientHash,
    string Hash);

/// <summary>An event. Without a time of its own it happened when its batch was received.</summary>
public sealed record EventLine(
    EventId EventId,
    string Kind,
    int Placement,
    Instant? StatedAt,
    string? Reason,
    bool BookedOnReceipt,
    bool HasClient,
    long ChargeMicros);

/// <summary>
/// An advertiser's batches of a month as compressed NDJSON: readable by anybody, and enough to make every batch again
/// to the byte, which its hash proves. This layout is on other people's disks: never change it, add a version beside
/// it. Client keys are left out.
/// </summary>
internal static class JournalFile
{
    public const string Format = "countinghouse-journal";
    public const int Version = 1;

    private static readonly JsonSerializerOptions Layout = new(WireJson.Options)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault,
    };

    /// <summary>Takes batches in their order.</summary>
    public sealed class Writer : IDisposable
    {
        private readonly GZipStream _stream;
        private readonly Utf8JsonWriter _json;

        public Writer(Stream file, OrganizationId advertiser, Period month, JournalStart start, List<Placement> known)
        {
            _stream = new GZipStream(file, CompressionLevel.Fastest, leaveOpen: true);
            _json = new Utf8JsonWriter(_stream, new JsonWriterOptions { Encoder = Layout.Encoder });
            Line(new JournalHeaderLine(
                Format, Version, advertiser, month, start.BatchNo + 1, Convert.ToHexStringLower(start.Hash),
                [.. known.Select(PlacementLine.Of)]));
            Known = [.. known];
        }

        private List<Placement> Known { get; }

        public void Add(StoredBatch batch)
        {
            var reader = new JournalReader(batch.Payload);
            reader.AddPlacements(Known);
            Line(new BatchLine(
                batch.BatchNo, reader.ReceivedAt, reader.Ruleset, reader.FirstNewPlacement,
                [.. reader.NewPlacements.Select(PlacementLine.Of)], batch.EventCount, batch.Charge.Micros,
                Convert.ToHexStringLower(batch.ClientHash), Convert.ToHexStringLower(batch.Hash)));
            while (reader.Read(out var item))
            {
                Line(new EventLine(
                    item.Id, EventWords.Of(item.Kind), item.Placement, item.StatedAt, EventWords.Of(item.Reason),
                    item.IsBookedOnReceipt, item.HasClient, item.Charge(Known[item.Placement]).Micros));
            }
        }

        public void Dispose()
        {
            _json.Dispose();
            _stream.Dispose();
        }

        private void Line<T>(T line)
        {
            JsonSerializer.Serialize(_json, line, Layout);
            _json.Flush();
            _json.Reset();
            _stream.WriteByte((byte)'\n');
        }
    }

    /// <summary>
    /// Makes the batches of a file again, one at a time. Throws <see cref="InvalidDataException"/>, with the line, when
    /// the file is not what a writer wrote.
    /// </summary>
    public static IEnumerable<StoredBatch> Read(Stream file, Action<JournalHeaderLine> begin)
    {
        using var unpacked = new GZipStream(file, CompressionMode.Decompress);
        using var text = new StreamReader(unpacked);
        var lines = new Lines(text);
        var header = lines.Next<JournalHeaderLine>() is { Format: Format, Version: Version } first
            ? first
            : throw lines.Wrong("this is no journal file of a version that this program knows");
        begin(header);
        var maker = new BatchMaker(header);
        while (lines.TryNext<BatchLine>(out var line))
        {
            StoredBatch batch;
            try
            {
                maker.Begin(line);
                for (var number = 0; number < line.EventCount; number++)
                {
                    maker.Add(lines.Next<EventLine>());
                }

                batch = maker.Finish(line);
            }
            catch (Exception error) when (error is InvalidDataException or FormatException or ArgumentException)
            {
                throw lines.Wrong(error.Message);
            }

            yield return batch;
        }
    }

    /// <summary>The lines of a file, counted for whoever has to look at one.</summary>
    private sealed class Lines(StreamReader text)
    {
        private long _number;

        public InvalidDataException Wrong(string what) => new($"Line {_number}: {what.TrimEnd('.')}.");

        public T Next<T>() => TryNext<T>(out var line) ? line : throw Wrong("the file ends too early");

        public bool TryNext<T>(out T line)
        {
            line = default!;
            _number++;
            if (text.ReadLine() is not { } json)
            {
                return false;
            }

            try
            {
                line = JsonSerializer.Deserialize<T>(json, Layout) ?? throw Wrong("it says nothing");
                return true;
            }
            catch (JsonException error)
            {
                throw Wrong(error.Message);
            }
        }
    }
}
