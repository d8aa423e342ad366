using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Countinghouse.Primitives;

namespace Countinghouse.Accounts;

/// <summary>
/// One-time codes of an authenticator (RFC 6238: SHA-1, 30 seconds, 6 digits), by hand because no package with it
/// restores (docs/decisions/0005).
/// </summary>
public static class Totp
{
    public const int Digits = 6;

    private const int SecretBytes = 20;
    private const int StepSeconds = 30;
    private const int CodesCount = 1_000_000;

    /// <summary>Steps a clock may be off, either way.</summary>
    private const int StepsOff = 1;

    private const string Base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// <summary>A new secret, in base32 as authenticators want it.</summary>
    public static string NewSecret()
    {
        var bytes = RandomNumberGenerator.GetBytes(SecretBytes);
        var text = new StringBuilder();
        var (buffer, bits) = (0, 0);
        foreach (var next in bytes)
        {
            buffer = (buffer << 8) | next;
            for (bits += 8; bits >= 5; bits -= 5)
            {
                text.Append(Base32[(buffer >> (bits - 5)) & 31]);
            }

            buffer &= 31;
        }

        return text.ToString();
    }

    /// <summary>The address that authenticators read from a QR code.</summary>
    public static string Uri(string secret, MailAddress email) =>
        $"otpauth://totp/Countinghouse:{System.Uri.EscapeDataString(email.ToString())}?secret={secret}"
        + $"&issuer=Countinghouse&algorithm=SHA1&digits={Digits}&period={StepSeconds}";

    /// <summary>
    /// The step whose code this is, if it is one of now and after <paramref name="lastStep"/>: each code is good once.
    /// </summary>
    public static long? Match(string secret, string code, Instant now, long lastStep)
    {
        var current = StepOf(now);
        long? found = null;
        for (var step = current - StepsOff; step <= current + StepsOff; step++)
        {
            // All are compared, each in constant time.
            var isIt = CryptographicOperations.FixedTimeEquals(
                Encoding.UTF8.GetBytes(Code(secret, step)), Encoding.UTF8.GetBytes(code));
            found = isIt && step > lastStep ? step : found;
        }

        return found;
    }

    public static long StepOf(Instant now) => now.Micros / 1_000_000 / StepSeconds;

    /// <summary>The code of a step.</summary>
    public static string Code(string secret, long step)
    {
        Span<byte> counter = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64BigEndian(counter, step);
#pragma warning disable CA5350 // RFC 6238 and all authenticators have SHA-1; in HMAC it is sound.
        var hash = HMACSHA1.HashData(Decode(secret), counter);
#pragma warning restore CA5350
        var at = hash[^1] & 15;
        var number = BinaryPrimitives.ReadInt32BigEndian(hash.AsSpan(at)) & int.MaxValue;
        return (number % CodesCount).ToString("D" + Digits, CultureInfo.InvariantCulture);
    }

    private static byte[] Decode(string secret)
    {
        var bytes = new List<byte>(SecretBytes);
        var (buffer, bits) = (0, 0);
        foreach (var character in secret)
        {
            buffer = (buffer << 5) | Base32.IndexOf(character, StringComparison.Ordinal);
            bits += 5;
            if (bits >= 8)
            {
                bits -= 8;
                bytes.Add((byte)(buffer >> bits));
            }

            buffer &= (1 << bits) - 1;
        }

        return [.. bytes];
    }
}
