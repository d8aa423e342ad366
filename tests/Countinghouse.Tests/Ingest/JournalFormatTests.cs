using Countinghouse.Campaigns;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The layout reached disks: these bytes are frozen.</summary>
public sealed class JournalFormatTests
{
    private static readonly Instant Received = new(1_786_795_200_000_000);

    private static readonly Placement WithOffer = new(
        new CampaignId(new Guid("a1b2c3d4-e5f6-7890-abcd-ef1234567890")),
        new OfferId(new Guid("b2c3d4e5-f678-9012-abcd-ef2345678901")),
        new OrganizationId(new Guid("c3d4e5f6-7890-1234-abcd-ef3456789012")),
        new LocationId(new Guid("d4e5f6a7-8901-2345-abcd-ef4567890123")),
        Pricing.Cpm,
        new Money(2_000));

    [Fact]
    public void The_first_version_is_these_bytes()
    {
        var journal = new JournalWriter();
        journal.Add(Click(EventReason.None, stated: null, client: true), 0x0102030405060708, Received);
        journal.Add(Click(EventReason.RepeatedClick, new Instant(Received.Micros + 300), client: false), 0, Received);

        var payload = journal.Finish(Received, 2_000_007, 5, [WithOffer]);

        Assert.Equal(
            "01" + "00B02EAD14590600" + "87897A" + "05" + "01"
            + "03" + "A1B2C3D4E5F67890ABCDEF1234567890" + "B2C3D4E5F6789012ABCDEF2345678901"
            + "C3D4E5F678901234ABCDEF3456789012" + "D4E5F6A789012345ABCDEF4567890123" + "D00F"
            + "02"
            + "11" + "05" + "0198AC00000070008000000000000001"
            + "0B" + "05" + "0198AC00000070008000000000000001" + "41" + "D704",
            Convert.ToHexString(payload));
        Assert.Equal("0807060504030201", Convert.ToHexString(journal.ClientKeys));
    }

    [Fact]
    public void What_is_packed_is_read_back_whatever_it_is()
    {
        var random = new Random(20_261_120);
        for (var round = 0; round < 200; round++)
        {
            var journal = new JournalWriter();
            var written = new List<(JournalEvent Event, ulong Client)>();
            for (var count = random.Next(1, 60); count > 0; count--)
            {
                var client = random.Next(2) == 0 ? 0UL : (ulong)random.NextInt64(1, long.MaxValue);
                var item = new JournalEvent(
                    random.Next(2) == 0 ? EventKind.Click : EventKind.Impression,
                    new EventId(new Guid(Enumerable.Range(0, 16).Select(_ => (byte)random.Next(256)).ToArray())),
                    random.Next(1, 3_000_000),
                    Enum.GetValues<EventReason>()[random.Next(Enum.GetValues<EventReason>().Length)],
                    random.Next(2) == 0 ? null : new Instant(Received.Micros + random.NextInt64(-1L << 45, 1L << 40)),
                    random.Next(2) == 0,
                    client != 0);
                written.Add((item, client));
                journal.Add(item, client, Received);
            }

            var payload = journal.Finish(Received, random.Next(1, 1_000_000_000), 0, [WithOffer]);
            var reader = new JournalReader(payload, journal.ClientKeys);
            Assert.Equal(WithOffer, Assert.Single(reader.NewPlacements));
            foreach (var (item, client) in written)
            {
                Assert.True(reader.Read(out var read));
                Assert.Equal((item, client), (read, reader.Client));
            }

            Assert.False(reader.Read(out _));
        }
    }

    [Fact]
    public void Broken_bytes_are_refused_and_never_read_past()
    {
        var journal = new JournalWriter();
        journal.Add(Click(EventReason.None, stated: null, client: false), 0, Received);
        var payload = journal.Finish(Received, 1, 0, [WithOffer]).ToArray();
        for (var length = 0; length < payload.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => ReadAll(payload.AsSpan(0, length)));
        }

        Assert.Throws<InvalidDataException>(() => ReadAll([.. payload, 0]));
        Assert.Throws<InvalidDataException>(() => ReadAll([2, .. payload.AsSpan(1)]));
    }

    private static void ReadAll(ReadOnlySpan<byte> payload)
    {
        var reader = new JournalReader(payload);
        while (reader.Read(out _))
        {
        }
    }

    private static JournalEvent Click(EventReason reason, Instant? stated, bool client) => new(
        EventKind.Click,
        new EventId(new Guid("0198ac00-0000-7000-8000-000000000001")),
        5,
        reason,
        stated,
        IsBookedOnReceipt: false,
        client);
}
