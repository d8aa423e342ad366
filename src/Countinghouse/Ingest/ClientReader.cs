using System.Net;

namespace Countinghouse.Ingest;

/// <summary>Turns what is said of a shopper into a <see cref="ClientMark"/>.</summary>
public sealed class ClientReader
{
    public ClientMark Read(string? address, string? agent, bool isPrefetch)
    {
        UInt128 number = 0;
        if (IPAddress.TryParse(address, out var parsed))
        {
            Span<byte> bytes = stackalloc byte[16];
            parsed.MapToIPv6().TryWriteBytes(bytes, out _);
            number = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        }

        return new ClientMark(TrafficRules.Judge(agent, isPrefetch), 0, number);
    }

    /// <summary>The same from UTF-8; empty is unknown.</summary>
    public ClientMark Read(ReadOnlySpan<byte> address, ReadOnlySpan<byte> agent, bool isPrefetch) => Read(
        System.Text.Encoding.UTF8.GetString(address), System.Text.Encoding.UTF8.GetString(agent), isPrefetch);
}
