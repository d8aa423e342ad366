using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Access;

/// <summary>The text of an API key: prefix_body_checksum, 45 characters.</summary>
public static class ApiKeyFormat
{
    public const int BodyChars = 32;
    public const int LengthChars = 3 + 1 + BodyChars + 1 + 8;

    private const string BodyAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> BodyCharacters = SearchValues.Create(BodyAlphabet);

    public static string Prefix(KeyKind kind) => kind switch
    {
        KeyKind.Csb => "csb",
        KeyKind.Csu => "csu",
        KeyKind.Cpk => "cpk",
    };

    /// <summary>A new key; 32 characters of 62 are 190 bits, beyond guessing.</summary>
    public static string Create(KeyKind kind)
    {
        var body = RandomNumberGenerator.GetString(BodyAlphabet, BodyChars);
        return $"{Prefix(kind)}_{body}_{Checksum(body)}";
    }

    /// <summary>
    /// True when the text could be a key: known prefix, right alphabet, right checksum. No database needed.
    /// </summary>
    public static bool IsWellFormed(string text) =>
        text.Length == LengthChars
        && text[3] == '_' && text[^9] == '_'
        && text[..3] is "csb" or "csu" or "cpk"
        && !text.AsSpan(4, BodyChars).ContainsAnyExcept(BodyCharacters)
        && text[^8..] == Checksum(text[4..^9]);

    /// <summary>What is stored of a key.</summary>
    public static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));

    /// <summary>
    /// CRC-32 as in zlib, by hand because the package that has it does not restore (docs/decisions/0005).
    /// </summary>
    private static string Checksum(string body)
    {
        var crc = uint.MaxValue;
        foreach (var character in body)
        {
            crc ^= (byte)character;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return (~crc).ToString("x8", CultureInfo.InvariantCulture);
    }
}
