using System.Buffers.Binary;

namespace Countinghouse.Load;

/// <summary>
/// The rows of the raw ceiling: an event as a plain table would hold it (the product's own did, in its first schema).
/// </summary>
internal sealed class RawRows(bool ordered)
{
    public const string Columns = """
        org_id uuid NOT NULL, event_id uuid NOT NULL, batch_no bigint NOT NULL, ordinal integer NOT NULL,
        kind integer NOT NULL, campaign_id uuid NOT NULL, offer_id uuid NULL, location_id uuid NULL,
        retailer_org_id uuid NULL, occurred_at bigint NOT NULL, received_at bigint NOT NULL,
        billing_hour integer NOT NULL, validity integer NOT NULL, ruleset integer NOT NULL,
        price_micro bigint NOT NULL, charge_micro bigint NOT NULL, client_key bigint NOT NULL,
        PRIMARY KEY (org_id, event_id)
        """;

    public const string Names = "org_id, event_id, batch_no, ordinal, kind, campaign_id, offer_id, location_id, "
        + "retailer_org_id, occurred_at, received_at, billing_hour, validity, ruleset, price_micro, charge_micro, "
        + "client_key";

    public const int BillingHour = 2026_01_01_00;
    public const int Ruleset = 1_000_000;
    public const long PriceMicros = 2_500;

    private readonly Guid[] _campaigns = [.. Enumerable.Range(1, 20).Select(number => Fixed(1, number))];
    private Chance _chance = new(42);
    private long _made;

    public Guid Organization { get; } = Fixed(2, 1);

    public Guid Offer { get; } = Fixed(3, 1);

    public Guid Location { get; } = Fixed(4, 1);

    public Guid Retailer { get; } = Fixed(5, 1);

    public Guid Campaign => _campaigns[_made % _campaigns.Length];

    public long Client => (long)(_chance.Next() >> 1);

    /// <summary>An id that no row has yet: of this moment (UUIDv7), or wholly random (UUIDv4).</summary>
    public Guid NextId(long unixMilliseconds)
    {
        _made++;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(
            bytes,
            ordered
                ? ((ulong)unixMilliseconds << 16) | 0x7000 | (_chance.Next() >> 52)
                : (_chance.Next() & 0xFFFF_FFFF_FFFF_0FFF) | 0x4000);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], (_chance.Next() >> 2) | 0x8000_0000_0000_0000);
        return new Guid(bytes, bigEndian: true);
    }

    private static Guid Fixed(int kind, int number) => new(number, (short)kind, 0x7000, 128, 0, 0, 0, 0, 0, 0, 1);
}
