using System.Buffers.Binary;
using System.Security.Cryptography;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>
/// The bytes of a flush's events, and the hash that chains batches. This layout reached disks: never change it, add a
/// version beside it. Numbers are little-endian, varints are seven bits a byte, low bits first; ids are in the order in
/// which they print.
/// <code>
/// byte    version = 1
/// int64   received_at, microseconds since 1970 UTC, of all events in it
/// varint  rule set they were judged by
/// varint  number of the first new placement, varint how many; each:
///         byte (1: has an offer, 2: paid per thousand impressions), 16 campaign, [16 offer, 16 retailer, 16 location],
///         varint micros an event
/// varint  how many events; each:
///         byte (1: click, 2: stated time, 4: booked on receipt, 8: reason, 16: client key), varint placement, 16 id,
///         [byte reason], [zigzag varint received_at - stated time]
/// </code>
/// Client keys lie beside it: 8 bytes for each event that has one, in the order of the events.
/// </summary>
public static class JournalFormat
{
    internal const byte Version = 1;
    internal const byte Click = 1;
    internal const byte Stated = 2;
    internal const byte BookedOnReceipt = 4;
    internal const byte HasReason = 8;
    internal const byte HasClient = 16;
    internal const byte HasOffer = 1;
    internal const byte PerThousand = 2;

    public const int ClientKeyBytes = 8;

    /// <summary>SHA-256(previous hash, batch number as 8 bytes big-endian, payload, SHA-256(client keys)).</summary>
    public static byte[] Hash(
        ReadOnlySpan<byte> previous, long batchNo, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> clientHash)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(number, batchNo);
        hash.AppendData(previous);
        hash.AppendData(number);
        hash.AppendData(payload);
        hash.AppendData(clientHash);
        return hash.GetHashAndReset();
    }
}

/// <summary>Packs the events of one flush. Used again for the next flush, so that it makes no garbage.</summary>
public sealed class JournalWriter
{
    /// <summary>Most bytes one event can take: flags, placement, id, reason, stated time.</summary>
    private const int EventBytesMax = 1 + 5 + 16 + 1 + 10;

    private byte[] _events = new byte[64 * 1024];
    private byte[] _clients = new byte[16 * 1024];
    private int _eventBytes;
    private int _clientBytes;

    public int Count { get; private set; }

    public ReadOnlySpan<byte> ClientKeys => _clients.AsSpan(0, _clientBytes);

    public void Clear() => (_eventBytes, _clientBytes, Count) = (0, 0, 0);

    public void Add(in JournalEvent item, ulong client, Instant receivedAt)
    {
        Grow(ref _events, _eventBytes + EventBytesMax);
        var at = _events.AsSpan(_eventBytes);
        var flags = item.Kind == EventKind.Click ? JournalFormat.Click : (byte)0;
        flags |= item.StatedAt is null ? (byte)0 : JournalFormat.Stated;
        flags |= item.IsBookedOnReceipt ? JournalFormat.BookedOnReceipt : (byte)0;
        flags |= item.Reason == EventReason.None ? (byte)0 : JournalFormat.HasReason;
        flags |= item.HasClient ? JournalFormat.HasClient : (byte)0;
        at[0] = flags;
        var used = 1 + Varint(at[1..], (ulong)item.Placement);
        item.Id.Value.TryWriteBytes(at[used..], bigEndian: true, out _);
        used += 16;
        if (item.Reason != EventReason.None)
        {
            at[used++] = (byte)item.Reason;
        }

        if (item.StatedAt is { } stated)
        {
            var ago = receivedAt.Micros - stated.Micros;
            used += Varint(at[used..], unchecked((ulong)((ago << 1) ^ (ago >> 63))));
        }

        _eventBytes += used;
        Count++;
        if (item.HasClient)
        {
            Grow(ref _clients, _clientBytes + JournalFormat.ClientKeyBytes);
            BinaryPrimitives.WriteUInt64LittleEndian(_clients.AsSpan(_clientBytes), client);
            _clientBytes += JournalFormat.ClientKeyBytes;
        }
    }

    /// <summary>The payload of what was added.</summary>
    public byte[] Finish(
        Instant receivedAt, int ruleset, int firstNewPlacement, ReadOnlySpan<Placement> newPlacements)
    {
        const int placementBytesMax = 1 + (4 * 16) + 10;
        Span<byte> at = new byte[64 + (newPlacements.Length * placementBytesMax)];
        at[0] = JournalFormat.Version;
        BinaryPrimitives.WriteInt64LittleEndian(at[1..], receivedAt.Micros);
        var used = 9;
        used += Varint(at[used..], (ulong)ruleset);
        used += Varint(at[used..], (ulong)firstNewPlacement);
        used += Varint(at[used..], (ulong)newPlacements.Length);
        foreach (ref readonly var placement in newPlacements)
        {
            used += Write(at[used..], placement);
        }

        used += Varint(at[used..], (ulong)Count);
        return [.. at[..used], .. _events.AsSpan(0, _eventBytes)];
    }

    private static int Write(Span<byte> at, in Placement placement)
    {
        at[0] = (byte)((placement.Offer is null ? 0 : JournalFormat.HasOffer)
            | (placement.Pricing == Pricing.Cpm ? JournalFormat.PerThousand : 0));
        placement.Campaign.Value.TryWriteBytes(at[1..], bigEndian: true, out _);
        var used = 17;
        if (placement.Offer is { } offer)
        {
            offer.Value.TryWriteBytes(at[17..], bigEndian: true, out _);
            placement.Retailer!.Value.Value.TryWriteBytes(at[33..], bigEndian: true, out _);
            placement.Location!.Value.Value.TryWriteBytes(at[49..], bigEndian: true, out _);
            used = 65;
        }

        return used + Varint(at[used..], (ulong)placement.EventPrice.Micros);
    }

    private static int Varint(Span<byte> at, ulong value)
    {
        var used = 0;
        for (; value >= 0x80; value >>= 7)
        {
            at[used++] = unchecked((byte)(value | 0x80));
        }

        at[used] = (byte)value;
        return used + 1;
    }

    private static void Grow(ref byte[] buffer, int needed)
    {
        if (buffer.Length < needed)
        {
            Array.Resize(ref buffer, Math.Max(needed, buffer.Length * 2));
        }
    }
}

/// <summary>
/// The one reader of packed events, for dedup, rollups, verify, export and receipts alike. Throws
/// <see cref="InvalidDataException"/> on bytes that no writer wrote.
/// </summary>
public ref struct JournalReader
{
    private readonly ReadOnlySpan<byte> _payload;
    private readonly ReadOnlySpan<byte> _clients;
    private int _at;
    private int _clientsAt;
    private int _left;

    /// <param name="payload">Of the batch.</param>
    /// <param name="clientKeys">Of the batch; empty when they are erased or not wanted.</param>
    public JournalReader(ReadOnlySpan<byte> payload, ReadOnlySpan<byte> clientKeys = default)
    {
        _payload = payload;
        _clients = clientKeys;
        if (payload.IsEmpty || payload[0] != JournalFormat.Version)
        {
            throw new InvalidDataException("A batch's payload is of no version this program knows.");
        }

        ReceivedAt = new Instant(BinaryPrimitives.ReadInt64LittleEndian(Take(1, 9)));
        _at = 9;
        Ruleset = (int)Varint();
        FirstNewPlacement = (int)Varint();
        var count = (int)Varint();
        NewPlacements = count == 0 ? [] : new Placement[count];
        for (var number = 0; number < count; number++)
        {
            NewPlacements[number] = ReadPlacement();
        }

        Count = _left = (int)Varint();
    }

    public Instant ReceivedAt { get; }

    public int Ruleset { get; }

    public int FirstNewPlacement { get; }

    public Placement[] NewPlacements { get; }

    public int Count { get; }

    /// <summary>
    /// The placements that the batch defines, without those among the first <paramref name="known"/>: that may be some.
    /// </summary>
    public readonly ReadOnlySpan<Placement> PlacementsAfter(int known) => FirstNewPlacement > known
        ? throw new InvalidDataException($"Placement {known} is missing.")
        : NewPlacements.AsSpan(Math.Min(known - FirstNewPlacement, NewPlacements.Length));

    /// <summary>Adds what the batch defines to the placements known before it.</summary>
    public readonly void AddPlacements(List<Placement> known) => known.AddRange(PlacementsAfter(known.Count));

    /// <summary>The client key of the event just read; 0 when it has none or keys are erased.</summary>
    public ulong Client { get; private set; }

    public bool Read(out JournalEvent item)
    {
        if (_left == 0)
        {
            item = default;
            return _at == _payload.Length ? false : throw new InvalidDataException("A payload has bytes to spare.");
        }

        _left--;
        var flags = Take(_at, _at + 1)[0];
        _at++;
        var placement = (int)Varint();
        var id = ReadId();
        var reason = (flags & JournalFormat.HasReason) != 0 ? (EventReason)Take(_at, ++_at)[0] : EventReason.None;
        Instant? stated = null;
        if ((flags & JournalFormat.Stated) != 0)
        {
            var zigzag = Varint();
            stated = new Instant(ReceivedAt.Micros - unchecked((long)(zigzag >> 1) ^ -(long)(zigzag & 1)));
        }

        var hasClient = (flags & JournalFormat.HasClient) != 0;
        Client = hasClient ? NextClient() : 0;
        item = new JournalEvent(
            (flags & JournalFormat.Click) != 0 ? EventKind.Click : EventKind.Impression,
            new EventId(id),
            placement,
            reason,
            stated,
            (flags & JournalFormat.BookedOnReceipt) != 0,
            hasClient);
        return true;
    }

    private ulong NextClient()
    {
        if (_clients.IsEmpty)
        {
            return 0;
        }

        _clientsAt += JournalFormat.ClientKeyBytes;
        return _clientsAt <= _clients.Length
            ? BinaryPrimitives.ReadUInt64LittleEndian(_clients[(_clientsAt - JournalFormat.ClientKeyBytes)..])
            : throw new InvalidDataException("A batch has fewer client keys than its events say.");
    }

    private Placement ReadPlacement()
    {
        var flags = Take(_at, _at + 1)[0];
        _at++;
        var campaign = new CampaignId(ReadId());
        var hasOffer = (flags & JournalFormat.HasOffer) != 0;
        OfferId? offer = hasOffer ? new OfferId(ReadId()) : null;
        OrganizationId? retailer = hasOffer ? new OrganizationId(ReadId()) : null;
        LocationId? location = hasOffer ? new LocationId(ReadId()) : null;
        var pricing = (flags & JournalFormat.PerThousand) != 0 ? Pricing.Cpm : Pricing.Cpc;
        return new Placement(campaign, offer, retailer, location, pricing, new Money((long)Varint()));
    }

    private Guid ReadId()
    {
        var id = new Guid(Take(_at, _at + 16), bigEndian: true);
        _at += 16;
        return id;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var part = Take(_at, _at + 1)[0];
            _at++;
            value |= (part & 0x7FUL) << shift;
            if (part < 0x80)
            {
                return value;
            }
        }

        throw new InvalidDataException("A payload has a number without an end.");
    }

    private readonly ReadOnlySpan<byte> Take(int from, int to) => to <= _payload.Length
        ? _payload[from..to]
        : throw new InvalidDataException("A payload breaks off.");
}
