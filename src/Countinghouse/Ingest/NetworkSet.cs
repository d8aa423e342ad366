using System.Buffers.Binary;
using System.Globalization;
using System.Net;

namespace Countinghouse.Ingest;

/// <summary>The addresses of a network, IPv4 and IPv6 alike in the IPv6 form.</summary>
public readonly record struct AddressRange(UInt128 First, UInt128 Last)
{
    private const int Bits = 128;

    /// <summary>Bits of the prefix by which IPv4 is mapped.</summary>
    private const int Ipv4Bits = 96;

    /// <summary>
    /// Reads "192.0.2.0/24", "2001:db8::/32" or one address. On failure <paramref name="fault"/> says what is wrong, as
    /// the rest of a sentence, without the address.
    /// </summary>
    public static bool TryParse(string text, out AddressRange range, out string fault)
    {
        range = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (!IsAscii(text) || !ClientAddress.TryParse(
                System.Text.Encoding.ASCII.GetBytes(slash < 0 ? text : text[..slash]), out var address))
        {
            fault = "is no IP address or network such as 192.0.2.0/24 or 2001:db8::/32";
            return false;
        }

        var wide = text.Contains(':', StringComparison.Ordinal) ? 0 : Ipv4Bits;
        var length = Bits - wide;
        if (slash >= 0
            && (!int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length)
                || length > Bits - wide))
        {
            fault = $"must have 0 to {Bits - wide} after the slash";
            return false;
        }

        var rest = Bits - wide - length;
        var mask = rest == 0 ? 0 : UInt128.MaxValue >> (Bits - rest);
        range = new AddressRange(address & ~mask, address | mask);
        fault = (address & mask) != 0 ? "has address bits after the length that stands behind its slash" : "";
        return fault.Length == 0;
    }

    /// <summary>Length of the common prefix, in bits of the kind of address it is.</summary>
    public (bool IsIpv4, int Bits) Prefix()
    {
        var length = (int)UInt128.LeadingZeroCount(First ^ Last);
        return ClientAddress.IsIpv4(First) && length >= Ipv4Bits ? (true, length - Ipv4Bits) : (false, length);
    }

    /// <summary>The one spelling in which it is stored.</summary>
    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, First);
        var (isIpv4, length) = Prefix();
        var address = new IPAddress(isIpv4 ? bytes[12..] : bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{address}/{length}");
    }

    private static bool IsAscii(string text) => System.Text.Ascii.IsValid(text);
}

/// <summary>Many networks, as ranges that neither overlap nor touch, for look-ups by bisection.</summary>
public sealed class NetworkSet
{
    public static readonly NetworkSet Empty = new([]);

    private readonly UInt128[] _firsts;
    private readonly UInt128[] _lasts;

    public NetworkSet(IEnumerable<AddressRange> ranges)
    {
        var merged = new List<AddressRange>();
        foreach (var range in ranges.OrderBy(range => range.First))
        {
            if (merged.Count > 0 && merged[^1] is var before
                && (range.First <= before.Last || range.First - 1 == before.Last))
            {
                merged[^1] = new AddressRange(before.First, UInt128.Max(before.Last, range.Last));
            }
            else
            {
                merged.Add(range);
            }
        }

        _firsts = [.. merged.Select(range => range.First)];
        _lasts = [.. merged.Select(range => range.Last)];
    }

    public int Count => _firsts.Length;

    /// <summary>False for 0, which is no address.</summary>
    public bool Contains(UInt128 address)
    {
        if (_firsts.Length == 0 || address == 0)
        {
            return false;
        }

        var index = Array.BinarySearch(_firsts, address);
        return index >= 0 || (~index > 0 && address <= _lasts[~index - 1]);
    }
}
