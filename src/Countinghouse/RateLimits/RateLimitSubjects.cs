using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Countinghouse.RateLimits;

/// <summary>
/// Turns who is counted into 16 bytes under the system's secret: what is kept in memory and in the database can be
/// compared, and no address or credential can be read out of it.
/// </summary>
public sealed class RateLimitSubjects
{
    public const string SecretPurpose = "rate_limit";

    /// <summary>Credentials whose hash is remembered; when there are more, remembering begins anew.</summary>
    private const int RememberedMax = 50_000;

    /// <summary>The network that one IPv6 customer has; the 64 bits after it are theirs to change at will.</summary>
    private const int Ipv6NetworkBytes = 8;

    private readonly ConcurrentDictionary<string, UInt128> _credentials = new(StringComparer.Ordinal);
    private byte[]? _secret;

    private enum Kind : byte
    {
        Credential = 1,
        Ipv4 = 4,
        Ipv6 = 6,

        /// <summary>A peer without an address, such as a Unix socket.</summary>
        Local = 9,

        /// <summary>Added to an address's kind: what it tries to sign in with is counted apart.</summary>
        Attempts = 16,
    }

    /// <summary>Called once, before the first request.</summary>
    public void Use(byte[] secret) => _secret = secret;

    public UInt128 OfCredential(string credential)
    {
        if (_credentials.TryGetValue(credential, out var known))
        {
            return known;
        }

        if (_credentials.Count >= RememberedMax)
        {
            _credentials.Clear();
        }

        return _credentials[credential] = Hash(Kind.Credential, Encoding.UTF8.GetBytes(credential));
    }

    public UInt128 OfAddress(IPAddress? address) => OfAddress(address, 0);

    /// <summary>The same address as one that tries to sign in.</summary>
    public UInt128 OfAttempts(IPAddress? address) => OfAddress(address, Kind.Attempts);

    private UInt128 OfAddress(IPAddress? address, Kind apart)
    {
        if (address is null)
        {
            return Hash(Kind.Local | apart, []);
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? Hash(Kind.Ipv6 | apart, bytes[..Ipv6NetworkBytes])
            : Hash(Kind.Ipv4 | apart, bytes[..length]);
    }

    private UInt128 Hash(Kind kind, ReadOnlySpan<byte> value)
    {
        var secret = _secret ?? throw new InvalidOperationException("The rate limits' secret is not loaded yet.");
        Span<byte> input = value.Length < 128 ? stackalloc byte[value.Length + 1] : new byte[value.Length + 1];
        input[0] = (byte)kind;
        value.CopyTo(input[1..]);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(secret, input, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }
}
