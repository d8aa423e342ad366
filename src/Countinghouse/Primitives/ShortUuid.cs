using System.Buffers;
using System.Buffers.Binary;
using System.Text;

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

    /// <summary>Has a bit that no digit has.</summary>
    private const byte NoDigit = 128;

    /// <summary>2^128-1 without its last ten digits, and those.</summary>
    private static readonly UInt128 LargestTop = UInt128.MaxValue / TenDigits;
    private static readonly ulong LargestLow = (ulong)(UInt128.MaxValue % TenDigits);

    private static readonly byte[] DigitOf = CreateDigitTable();

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
        // Both forms are ASCII alone, so the reader of bytes reads them.
        Span<byte> ascii = stackalloc byte[DashedLengthChars];
        value = default;
        return text.Length is LengthChars or DashedLengthChars
            && Ascii.FromUtf16(text, ascii, out var length) == OperationStatus.Done
            && TryParse(ascii[..length], out value);
    }

    /// <summary>The same from UTF-8, without garbage.</summary>
    public static bool TryParse(ReadOnlySpan<byte> utf8, out Guid value)
    {
        value = default;
        return utf8.Length switch
        {
            LengthChars => TryParseShort(utf8, out value),
            DashedLengthChars => TryParseDashed(utf8, out value),
            _ => false,
        };
    }

    private static bool TryParseShort(ReadOnlySpan<byte> text, out Guid value)
    {
        value = default;
        var bits = 0;
        var low = ReadDigits(text[12..22], ref bits);
        var middle = ReadDigits(text[2..12], ref bits);
        var high = ReadDigits(text[..2], ref bits);
        unchecked
        {
            // Twelve digits have room in 128 bits, and so has the whole if it is not above the largest id.
            var topHigh = Math.BigMul(high, TenDigits, out var topLow);
            topLow += middle;
            topHigh += topLow < middle ? 1UL : 0UL;
            if (bits >= NoDigit || new UInt128(topHigh, topLow) > LargestTop
                || (new UInt128(topHigh, topLow) == LargestTop && low > LargestLow))
            {
                return false;
            }

            var upper = Math.BigMul(topLow, TenDigits, out var lower) + (topHigh * TenDigits);
            lower += low;
            upper += lower < low ? 1UL : 0UL;
            value = new Guid(
                (uint)(upper >> 32), (ushort)(upper >> 16), (ushort)upper,
                (byte)(lower >> 56), (byte)(lower >> 48), (byte)(lower >> 40), (byte)(lower >> 32),
                (byte)(lower >> 24), (byte)(lower >> 16), (byte)(lower >> 8), (byte)lower);
            return true;
        }
    }

    /// <summary>
    /// At most ten digits. What is none leaves its bit in <paramref name="bits"/>, to be looked at once for the whole
    /// id: a branch for each character would cost more than the digits.
    /// </summary>
    private static ulong ReadDigits(ReadOnlySpan<byte> text, ref int bits)
    {
        var table = DigitOf;
        var number = 0UL;
        foreach (var character in text)
        {
            var digit = table[character];
            bits |= digit;
            number = unchecked((number * 57) + digit);
        }

        return number;
    }

    /// <summary>The framework's parser also takes "0x" and "+" inside, so only hexadecimal is left to it.</summary>
    private static bool TryParseDashed(ReadOnlySpan<byte> text, out Guid value)
    {
        value = default;
        if (text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-')
        {
            return false;
        }

        Span<byte> digits = stackalloc byte[32];
        text[..8].CopyTo(digits);
        text[9..13].CopyTo(digits[8..]);
        text[14..18].CopyTo(digits[12..]);
        text[19..23].CopyTo(digits[16..]);
        text[24..].CopyTo(digits[20..]);
        Span<byte> bytes = stackalloc byte[16];
        if (Convert.FromHexString(digits, bytes, out _, out _) != OperationStatus.Done)
        {
            return false;
        }

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

    private static byte[] CreateDigitTable()
    {
        var table = new byte[byte.MaxValue + 1];
        Array.Fill(table, NoDigit);
        for (var digit = 0; digit < Alphabet.Length; digit++)
        {
            table[Alphabet[digit]] = (byte)digit;
        }

        return table;
    }
}
