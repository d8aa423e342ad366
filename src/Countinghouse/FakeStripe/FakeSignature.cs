using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.FakeStripe;

/// <summary>What the Stripe-Signature header of a webhook says.</summary>
public static class FakeSignature
{
    /// <summary>"t=UNIX,v1=HEX": HMAC-SHA256 of the time, a dot and the body under the secret.</summary>
    public static string Make(string secret, ReadOnlySpan<byte> body, DateTimeOffset time)
    {
        var seconds = time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        byte[] signed = [.. Encoding.ASCII.GetBytes(seconds + "."), .. body];
        var mark = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), signed);
        return $"t={seconds},v1={Convert.ToHexStringLower(mark)}";
    }
}
