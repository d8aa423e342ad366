using System.Buffers;
using System.Buffers.Binary;

namespace Countinghouse.Primitives;

/// <summary>
/// The printed form of an id: 22 digits to the base 57, most significant first, left-padded with the zero digit "2".
/// The alphabet leaves out 0, 1, I, O and l, so that an id can be read aloud.
/// </summary>
public static class ShortUuid
{
    public const string Alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    public const int LengthChars = 22;

    /// <summary>
    /// Ten digits fit a 64-bit word (57^10 is below 2^64), so formatting divides 128 bits only twice.
    /// </summary>
    private const ulong TenDigits = 362_033_331_456_891_249;

    private const int DashedLengthChars = 36;

    private static readonly SearchValues<char> DashedCharacters = SearchValues.Create("0123456789abcdefABCDEF-");

    private static readonly sbyte[] DigitOf = CreateDigitTable();

    public static string Format(Guid value) => string.Create(LengthChars, value, static (span, id) => Format(id, span));

    /// <summary>
    /// Writes the 22 characters of <paramref name="value"/> to the start of <paramref name="target"/>.
    /// </summary>
    public static void Format(Guid value, Span<char> target)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.TryWriteBytes(bytes, bigEndian: true, out _);
        var number = BinaryPrimitives.ReadUInt128BigEndian(bytes);

        (number, var low) = UInt128.DivRem(number, TenDigits);
        (number, var middle) = UInt128.DivRem(number, TenDigits);
        WriteDigits((ulong)low, target[12..22]);
        WriteDigits((ulong)middle, target[2..12]);
        WriteDigits((ulong)number, target[..2]);
    }

    /// <summary>
    /// Reads a shortuuid or a dashed UUID in any letter case. False for anything else, a well-formed 22-character
    /// text above 2^128-1 included.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Guid value)
    {
        value = default;
        if (text.Length != LengthChars)
        {
            // The framework's parser also takes spaces around the text, and "0x" and "+" inside it.
            return text.Length == DashedLengthChars
                && !text.ContainsAnyExcept(DashedCharacters)
                && Guid.TryParseExact(text, "D", out value);
        }

        UInt128 number = 0;
        foreach (var character in text)
        {
            var digit = character < DigitOf.Length ? DigitOf[character] : -1;
            if (digit < 0 || number > (UInt128.MaxValue - (UInt128)digit) / 57)
            {
                return false;
            }

            number = (number * 57) + (UInt128)digit;
        }

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        value = new Guid(bytes, bigEndian: true);
        return true;
    }

    private static void WriteDigits(ulong number, Span<char> target)
    {
        for (var place = target.Length - 1; place >= 0; place--)
        {
            (number, var digit) = Math.DivRem(number, 57);
            target[place] = Alphabet[(int)digit];
        }
    }

    private static sbyte[] CreateDigitTable()
    {
        var table = new sbyte[128];
        Array.Fill(table, (sbyte)-1);
        for (var digit = 0; digit < Alphabet.Length; digit++)
        {
            table[Alphabet[digit]] = (sbyte)digit;
        }

        return table;
    }
}
