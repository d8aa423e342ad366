using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Access;

/// <summary>
/// The text of every secret that is handed out: prefix_body_checksum, 45 characters. The prefix says what it is, the
/// checksum refuses slips without asking the database, and only its hash is stored.
/// </summary>
public static class CredentialFormat
{
    public const int BodyChars = 32;
    public const int LengthChars = 3 + 1 + BodyChars + 1 + 8;

    /// <summary>Prefixes that are not of keys: access token, session, client's secret, link in a mail.</summary>
    public const string Token = "cat";
    public const string Session = "css";
    public const string ClientSecret = "ccs";
    public const string Link = "cln";

    private const string BodyAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    private static readonly SearchValues<char> BodyCharacters = SearchValues.Create(BodyAlphabet);

    /// <summary>A new secret; 32 characters of 62 are 190 bits, beyond guessing.</summary>
    public static string Create(string prefix)
    {
        var body = RandomNumberGenerator.GetString(BodyAlphabet, BodyChars);
        return $"{prefix}_{body}_{Checksum(body)}";
    }

    /// <summary>True when the text could be one of these: right prefix, alphabet and checksum.</summary>
    public static bool IsWellFormed(string text, params ReadOnlySpan<string> prefixes) =>
        text.Length == LengthChars
        && text[3] == '_' && text[^9] == '_'
        && prefixes.Contains(text[..3])
        && !text.AsSpan(4, BodyChars).ContainsAnyExcept(BodyCharacters)
        && text[^8..] == Checksum(text[4..^9]);

    /// <summary>What is stored of it. It has 190 random bits, so a plain hash is as good as a slow one.</summary>
    public static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

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
