using System.Buffers.Binary;
using System.Net;

namespace Countinghouse.Ingest;

/// <summary>
/// Addresses as numbers in their IPv6 form (IPv4 mapped, ::ffff:0:0/96), read without allocating. 0 is no address.
/// </summary>
public static class ClientAddress
{
    /// <summary>Longer text is no address: 45 bytes, and a zone of up to 18.</summary>
    public const int BytesMax = 64;

    private const int Groups = 8;
    private const ulong MappedPrefix = 0xFFFF;

    /// <summary>
    /// Reads an IPv4 address (four decimal numbers, no leading zeros, which some read as octal) or an IPv6 address in
    /// any of its spellings; a zone ("%eth0"), blanks around it and a port ("192.0.2.1:80", "[::1]:80"), which proxies
    /// add, are passed over. False, and 0, for anything else.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out UInt128 address) =>
        TryParseBare(text, out address) || TryParseBare(WithoutPort(text.Trim((byte)' ')), out address);

    private static ReadOnlySpan<byte> WithoutPort(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("["u8))
        {
            var end = text.IndexOf((byte)']');
            return end > 0 && (end == text.Length - 1 || text[end + 1] == ':') ? text[1..end] : text;
        }

        var colon = text.IndexOf((byte)':');
        return colon > 0 && colon == text.LastIndexOf((byte)':') ? text[..colon] : text;
    }

    private static bool TryParseBare(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = 0;
        if (text.IndexOf((byte)':') < 0)
        {
            var parsed = TryParseIpv4(text, out var ipv4);
            address = parsed ? Mapped(ipv4) : 0;
            return parsed;
        }

        var zone = text.IndexOf((byte)'%');
        if (TryParseIpv6(zone >= 0 ? text[..zone] : text, out address))
        {
            return true;
        }

        address = 0;
        return false;
    }

    public static UInt128 Of(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4
            ? Mapped(BinaryPrimitives.ReadUInt32BigEndian(bytes))
            : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    public static bool IsIpv4(UInt128 address) => address >> 32 == MappedPrefix;

    /// <summary>
    /// What is used of an address to know a client again: the /24 of IPv4, the /48 of IPv6. The top byte tells which;
    /// 0 is no address.
    /// </summary>
    public static ulong Shorten(UInt128 address) => address == 0
        ? 0
        : IsIpv4(address)
            ? 4UL << 56 | (ulong)(address & uint.MaxValue) >> 8
            : 6UL << 56 | (ulong)(address >> 80);

    private static UInt128 Mapped(uint ipv4) => new(0, (MappedPrefix << 32) | ipv4);

    private static bool TryParseIpv4(ReadOnlySpan<byte> text, out uint address)
    {
        address = 0;
        var parts = 0;
        while (true)
        {
            var length = text.IndexOf((byte)'.');
            var part = length < 0 ? text : text[..length];
            if (part.Length is 0 or > 3 || (part.Length > 1 && part[0] == '0') || ++parts > 4)
            {
                return false;
            }

            uint number = 0;
            foreach (var digit in part)
            {
                if (!char.IsAsciiDigit((char)digit))
                {
                    return false;
                }

                number = (number * 10) + digit - '0';
            }

            if (number > 255)
            {
                return false;
            }

            address = (address << 8) | number;
            if (length < 0)
            {
                return parts == 4;
            }

            text = text[(length + 1)..];
        }
    }

    /// <summary>Eight groups of up to four hexadecimal digits; "::" stands, once, for groups of 0.</summary>
    private static bool TryParseIpv6(ReadOnlySpan<byte> text, out UInt128 address)
    {
        address = 0;
        UInt128 before = 0;
        var (count, countBefore) = (0, -1);
        if (text.StartsWith("::"u8))
        {
            countBefore = 0;
            text = text[2..];
        }

        while (text.Length > 0)
        {
            var length = text.IndexOf((byte)':');
            if (length < 0 && text.IndexOf((byte)'.') >= 0)
            {
                if (!TryParseIpv4(text, out var ipv4) || count > Groups - 2)
                {
                    return false;
                }

                (address, count) = ((address << 32) | ipv4, count + 2);
                break;
            }

            if (count == Groups || !TryParseGroup(length < 0 ? text : text[..length], out var group))
            {
                return false;
            }

            (address, count) = ((address << 16) | group, count + 1);
            text = length < 0 ? [] : text[(length + 1)..];
            if (length >= 0 && text.Length == 0)
            {
                return false;
            }

            if (length >= 0 && text[0] == ':')
            {
                if (countBefore >= 0)
                {
                    return false;
                }

                (before, countBefore, address) = (address, count, 0);
                text = text[1..];
            }
        }

        if (countBefore < 0)
        {
            return count == Groups;
        }

        // One group at least is left out by "::".
        address |= countBefore == 0 ? 0 : before << (16 * (Groups - countBefore));
        return count < Groups;
    }

    private static bool TryParseGroup(ReadOnlySpan<byte> text, out ushort group)
    {
        group = 0;
        if (text.Length is 0 or > 4)
        {
            return false;
        }

        foreach (var digit in text)
        {
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return false;
            }

            group = (ushort)((group << 4) | (digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10));
        }

        return true;
    }
}
