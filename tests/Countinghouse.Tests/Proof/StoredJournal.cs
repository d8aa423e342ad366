using System.Buffers.Binary;
using System.Data.Common;
using System.Security.Cryptography;

namespace Countinghouse.Proof;

/// <summary>What an event is about, as a payload defines it.</summary>
internal sealed record StoredPlacement(
    Guid Campaign, Guid? Offer, Guid? Retailer, Guid? Location, bool IsCpm, long PriceMicros);

/// <summary>An event on record, decoded by the tests' own reading of the layout.</summary>
internal sealed record StoredEvent(
    long Batch,
    Guid Id,
    bool IsClick,
    int Reason,
    StoredPlacement Place,
    long ReceivedAt,
    long? StatedAt,
    bool IsBookedOnReceipt)
{
    /// <summary>What it costs when it is charged: clicks of cpc campaigns, impressions of cpm ones.</summary>
    public long Price => IsClick != Place.IsCpm ? Place.PriceMicros : 0;

    public long Charge => Reason == 0 ? Price : 0;

    public bool IsValid => Reason is 0 or >= 128;

    public DateTime Received => DateTime.UnixEpoch.AddTicks(ReceivedAt * 10);

    /// <summary>yyyymmdd of its receipt, by which daily budgets go.</summary>
    public int Day => Number(Received) / 100;

    /// <summary>yyyymmddhh in which it is billed.</summary>
    public int Hour => Number(IsBookedOnReceipt ? Received : DateTime.UnixEpoch.AddTicks(Occurred * 10));

    public long Occurred => StatedAt ?? ReceivedAt;

    private static int Number(DateTime time) =>
        (((((time.Year * 100) + time.Month) * 100) + time.Day) * 100) + time.Hour;
}

/// <summary>
/// The journal of one advertiser, read with plain SQL and decoded from the layout that JournalFormat.cs documents. None
/// of the product's code has a part in it: what is read here is what the tests believe.
/// </summary>
internal sealed class StoredJournal
{
    private readonly List<StoredPlacement> _placements = [];

    public List<StoredEvent> Events { get; } = [];

    /// <summary>What is wrong with the chain of batches itself.</summary>
    public List<string> Faults { get; } = [];

    public long LastBatch { get; private set; }

    public static async Task<StoredJournal> Read(ProofDatabase database, Guid organization)
    {
        var journal = new StoredJournal();
        var previous = new byte[32];
        await database.Query(
            $"""
            SELECT batch_no, event_count, valid_count, click_count, charge_micro, first_hour, last_hour, client_hash,
                   prev_hash, hash, payload
            FROM ingest_batch WHERE org_id = {database.Literal(organization)} ORDER BY batch_no
            """,
            row => previous = journal.Add(row, previous));
        await database.Query(
            $"SELECT batch_no, hash FROM ingest_head WHERE org_id = {database.Literal(organization)}",
            row =>
            {
                journal.Expect(row.GetInt64(0) == journal.LastBatch, $"head is at {row.GetInt64(0)}");
                journal.Expect(previous.AsSpan().SequenceEqual((byte[])row[1]), "the head has another hash");
            });
        return journal;
    }

    private byte[] Add(DbDataReader row, byte[] previous)
    {
        var batch = row.GetInt64(0);
        Expect(batch == LastBatch + 1, $"batch {batch} follows {LastBatch}");
        LastBatch = batch;
        var payload = (byte[])row[10];
        var events = new Decoder(payload, batch, _placements).Read();
        Expect(events.Count == row.GetInt32(1), $"batch {batch} counts {row.GetInt32(1)}, holds {events.Count}");
        Expect(events.Count(one => one.IsValid) == row.GetInt32(2), $"valid events of batch {batch}");
        Expect(events.Count(one => one.IsClick) == row.GetInt32(3), $"clicks of batch {batch}");
        Expect(events.Sum(one => one.Charge) == row.GetInt64(4), $"charge of batch {batch}");
        Expect(events.Min(one => one.Hour) == row.GetInt32(5), $"first hour of batch {batch}");
        Expect(events.Max(one => one.Hour) == row.GetInt32(6), $"last hour of batch {batch}");
        Expect(previous.AsSpan().SequenceEqual((byte[])row[8]), $"batch {batch} is chained to something else");
        var number = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, batch);
        var hash = SHA256.HashData([.. previous, .. number, .. payload, .. (byte[])row[7]]);
        Expect(hash.AsSpan().SequenceEqual((byte[])row[9]), $"batch {batch} has not the hash of its bytes");
        Events.AddRange(events);
        return (byte[])row[9];
    }

    private void Expect(bool isSo, string fault)
    {
        if (!isSo)
        {
            Faults.Add(fault);
        }
    }

    private sealed class Decoder(byte[] payload, long batch, List<StoredPlacement> placements)
    {
        private int _at;

        public List<StoredEvent> Read()
        {
            if (Byte() != 1)
            {
                throw new InvalidDataException("The payload is of another version.");
            }

            var received = BinaryPrimitives.ReadInt64LittleEndian(Bytes(8));
            Varint();
            var first = (int)Varint();
            for (var (number, count) = (first, (int)Varint()); count > 0; number++, count--)
            {
                var placement = Placement();
                if (number == placements.Count)
                {
                    placements.Add(placement);
                }
                else if (number > placements.Count || placements[number] != placement)
                {
                    throw new InvalidDataException($"Batch {batch} defines placement {number} out of turn.");
                }
            }

            var events = new List<StoredEvent>();
            for (var count = (int)Varint(); count > 0; count--)
            {
                events.Add(Event(received));
            }

            return _at == payload.Length ? events : throw new InvalidDataException("Bytes are left over.");
        }

        private StoredPlacement Placement()
        {
            var flags = Byte();
            var campaign = Id();
            var hasOffer = (flags & 1) != 0;
            return new StoredPlacement(
                campaign,
                hasOffer ? Id() : null,
                hasOffer ? Id() : null,
                hasOffer ? Id() : null,
                (flags & 2) != 0,
                (long)Varint());
        }

        private StoredEvent Event(long received)
        {
            var flags = Byte();
            var place = placements[(int)Varint()];
            var id = Id();
            var reason = (flags & 8) != 0 ? Byte() : 0;
            long? stated = null;
            if ((flags & 2) != 0)
            {
                var zigzag = Varint();
                stated = received - ((long)(zigzag >> 1) ^ -(long)(zigzag & 1));
            }

            return new StoredEvent(
                batch, id, (flags & 1) != 0, reason, place, received, stated, (flags & 4) != 0);
        }

        private byte Byte() => payload[_at++];

        private ReadOnlySpan<byte> Bytes(int count) => payload.AsSpan((_at += count) - count, count);

        private Guid Id() => new(Bytes(16), bigEndian: true);

        private ulong Varint()
        {
            for (var (value, shift) = (0UL, 0); ; shift += 7)
            {
                var part = Byte();
                value |= (part & 0x7FUL) << shift;
                if (part < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
