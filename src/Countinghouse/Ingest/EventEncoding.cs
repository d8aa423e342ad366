using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Ingest;

/// <summary>
/// The bytes of an event that a batch's hash is taken over. Every batch includes the hash of the one before, so that no
/// stored event can be changed, dropped or slipped in unnoticed. The layout reached disks as hashes: never change it,
/// add a new version beside it.
/// </summary>
public static class EventEncoding
{
    private const byte Version = 1;

    /// <summary>The hash of a batch: of the hash before, its number, and its events in their order.</summary>
    public static byte[] HashBatch(ReadOnlySpan<byte> previous, long batchNo, IEnumerable<AdEvent> events)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> buffer = stackalloc byte[256];
        buffer[0] = Version;
        BinaryPrimitives.WriteInt64BigEndian(buffer[1..], batchNo);
        hash.AppendData(buffer[..9]);
        hash.AppendData(previous);
        foreach (var adEvent in events)
        {
            hash.AppendData(buffer[..Write(adEvent, buffer)]);
        }

        return hash.GetHashAndReset();
    }

    /// <summary>Writes one event; returns the bytes used (at most 200).</summary>
    private static int Write(AdEvent adEvent, Span<byte> target)
    {
        var at = 0;
        target[at++] = (byte)adEvent.Kind;
        target[at++] = (byte)adEvent.Validity;
        at += WriteId(adEvent.Id.Value, target[at..]);
        at += WriteId(adEvent.Campaign.Value, target[at..]);
        at += WriteId(adEvent.Offer?.Value ?? Guid.Empty, target[at..]);
        at += WriteId(adEvent.Retailer?.Value ?? Guid.Empty, target[at..]);
        at += WriteId(adEvent.Location?.Value ?? Guid.Empty, target[at..]);
        at += WriteNumber(adEvent.StatedAt?.Micros ?? long.MinValue, target[at..]);
        at += WriteNumber(adEvent.OccurredAt.Micros, target[at..]);
        at += WriteNumber(adEvent.ReceivedAt.Micros, target[at..]);
        at += WriteNumber(adEvent.BillingHour, target[at..]);
        at += WriteNumber(adEvent.Ruleset, target[at..]);
        at += WriteNumber(adEvent.Price.Micros, target[at..]);
        at += WriteNumber(adEvent.Charge.Micros, target[at..]);
        var reason = Encoding.UTF8.GetBytes(adEvent.Reason.ToString(), target[(at + 1)..]);
        target[at] = (byte)reason;
        return at + 1 + reason;
    }

    private static int WriteId(Guid id, Span<byte> target)
    {
        id.TryWriteBytes(target, bigEndian: true, out var written);
        return written;
    }

    private static int WriteNumber(long number, Span<byte> target)
    {
        BinaryPrimitives.WriteInt64BigEndian(target, number);
        return sizeof(long);
    }
}
