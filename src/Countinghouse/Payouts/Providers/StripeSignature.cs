using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.Payouts.Providers;

/// <summary>
/// The header that shows that Stripe sent a webhook: "t=seconds,v1=hex,...", an HMAC-SHA256 of "seconds.body"
/// (https://docs.stripe.com/webhooks#verify-manually).
/// </summary>
public static class StripeSignature
{
    public const string Header = "Stripe-Signature";

    /// <summary>Older, or further ahead, is somebody's repetition.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(300);

    public static bool IsValid(string header, ReadOnlySpan<byte> body, string secret, DateTimeOffset now)
    {
        if (secret.Length == 0)
        {
            return false;
        }

        var parts = header.Split(',')
            .Select(part => part.Trim().Split('=', 2)).Where(part => part.Length == 2).ToList();
        var stamp = parts.Find(part => part[0] == "t")?[1];
        if (!long.TryParse(stamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || Math.Abs(now.ToUnixTimeSeconds() - seconds) > Tolerance.Ticks / TimeSpan.TicksPerSecond)
        {
            return false;
        }

        byte[] signed = [.. Encoding.ASCII.GetBytes(stamp + "."), .. body];
        var expected = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed);
        var isValid = false;
        foreach (var part in parts.Where(part => part[0] == "v1"))
        {
            isValid |= CryptographicOperations.FixedTimeEquals(
                expected, part[1].Length == 64 && part[1].All(char.IsAsciiHexDigit)
                    ? Convert.FromHexString(part[1])
                    : []);
        }

        return isValid;
    }
}
