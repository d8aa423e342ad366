using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Primitives;

/// <summary>An id of one kind of thing; kinds cannot be mixed up because each is a type of its own.</summary>
public interface IId<TSelf> : IWireText<TSelf>, IId
    where TSelf : struct, IId<TSelf>
{
    static abstract TSelf From(Guid value);

    static string IWireText<TSelf>.Expected => "an id: 22 characters (shortuuid) or a dashed UUID";

    static bool IWireText<TSelf>.TryParse(string text, out TSelf value)
    {
        var parsed = ShortUuid.TryParse(text, out var id);
        value = TSelf.From(id);
        return parsed;
    }
}

/// <summary>Any id, for code that only stores or prints it.</summary>
public interface IId
{
    Guid Value { get; }
}

public readonly record struct OrganizationId(Guid Value) : IId<OrganizationId>
{
    public static OrganizationId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct LocationId(Guid Value) : IId<LocationId>
{
    public static LocationId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct OfferId(Guid Value) : IId<OfferId>
{
    public static OfferId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct CampaignId(Guid Value) : IId<CampaignId>
{
    public static CampaignId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct EventId(Guid Value) : IId<EventId>
{
    public static EventId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct ShareId(Guid Value) : IId<ShareId>
{
    public static ShareId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct AdjustmentId(Guid Value) : IId<AdjustmentId>
{
    public static AdjustmentId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct VerificationId(Guid Value) : IId<VerificationId>
{
    public static VerificationId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct UserId(Guid Value) : IId<UserId>
{
    public static UserId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct LinkId(Guid Value) : IId<LinkId>
{
    public static LinkId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct SessionId(Guid Value) : IId<SessionId>
{
    public static SessionId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

/// <summary>Of an OAuth client: a program, not a shopper.</summary>
public readonly record struct ClientId(Guid Value) : IId<ClientId>
{
    public static ClientId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct TokenId(Guid Value) : IId<TokenId>
{
    public static TokenId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct PayoutId(Guid Value) : IId<PayoutId>
{
    public static PayoutId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct PayoutRunId(Guid Value) : IId<PayoutRunId>
{
    public static PayoutRunId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct ReconciliationId(Guid Value) : IId<ReconciliationId>
{
    public static ReconciliationId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct DifferenceId(Guid Value) : IId<DifferenceId>
{
    public static DifferenceId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

public readonly record struct KeyId(Guid Value) : IId<KeyId>
{
    public static KeyId From(Guid value) => new(value);
    public override string ToString() => ShortUuid.Format(Value);
}

/// <summary>
/// Ids that follow from what they name (UUIDv5, RFC 9562), so that doing a thing twice makes one thing.
/// </summary>
public static class NamedId
{
    /// <summary>The name space of everything Countinghouse names; frozen, because stored ids follow from it.</summary>
    private static readonly Guid Namespace = new("6f1f4c5e-0c0b-5c3d-9b57-1f3a3f0f7a11");

    public static Guid Create(string name) => Create(Encoding.UTF8.GetBytes(name));

    public static Guid Create(ReadOnlySpan<byte> name)
    {
        var input = new byte[16 + name.Length];
        Namespace.TryWriteBytes(input, bigEndian: true, out _);
        name.CopyTo(input.AsSpan(16));

#pragma warning disable CA5350 // RFC 9562 defines version 5 with SHA-1; nothing here relies on it being hard to invert.
        var hash = SHA1.HashData(input);
#pragma warning restore CA5350
        hash[6] = (byte)((hash[6] & 0x0F) | 0x50);
        hash[8] = (byte)((hash[8] & 0x3F) | 0x80);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }
}
