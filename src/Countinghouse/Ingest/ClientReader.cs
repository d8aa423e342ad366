using System.Net;
using System.Text;

namespace Countinghouse.Ingest;

/// <summary>
/// Turns what is said of a shopper into a <see cref="ClientMark"/>, and forgets the rest: an address or agent is kept
/// nowhere but in two small tables in memory. Called for every event, from any number of threads: allocates nothing for
/// agents seen lately.
/// </summary>
public sealed class ClientReader(ClientSecrets secrets, TrafficLists lists)
{
    /// <summary>Texts of up to so many bytes are converted on the stack.</summary>
    private const int StackBytes = 1_024;

    private readonly KnownAgents _agents = new();

    /// <summary>
    /// To be awaited before reading, where many read at once: reading itself may wait with its thread.
    /// </summary>
    public ValueTask Prepare(CancellationToken cancellation) => secrets.UntilReady(cancellation);

    /// <param name="address">UTF-8; an address that cannot be read counts as unknown.</param>
    /// <param name="agent">UTF-8; empty when unknown.</param>
    /// <param name="isPrefetch">The headers said that nobody looks at it yet.</param>
    public ClientMark Read(ReadOnlySpan<byte> address, ReadOnlySpan<byte> agent, bool isPrefetch)
    {
        var number = ClientAddress.TryParse(address, out var parsed) ? parsed : 0;
        return Read(number, agent, isPrefetch);
    }

    public ClientMark Read(UInt128 address, ReadOnlySpan<byte> agent, bool isPrefetch)
    {
        var known = _agents.Find(agent, lists.Current);
        var network = ClientAddress.Shorten(address);

        // All whose address is unknown would be one client per browser, and their clicks repetitions.
        var key = network == 0 ? 0 : secrets.Current().Of(network, known);
        return new ClientMark(isPrefetch ? EventReason.Prefetch : known.Verdict, key, address);
    }

    public ClientMark Read(string? address, string? agent, bool isPrefetch)
    {
        Span<byte> bytes = stackalloc byte[ClientAddress.BytesMax];
        var length = Encoding.UTF8.TryGetBytes(address ?? "", bytes, out var written) ? written : 0;
        return Read(ClientAddress.TryParse(bytes[..length], out var number) ? number : 0, agent, isPrefetch);
    }

    /// <summary>The shopper at the other end of the connection, or of the trusted proxy's.</summary>
    public ClientMark Read(IPAddress? address, string? agent, bool isPrefetch) =>
        Read(ClientAddress.Of(address), agent, isPrefetch);

    private ClientMark Read(UInt128 address, string? agent, bool isPrefetch)
    {
        agent ??= "";
        Span<byte> bytes = stackalloc byte[StackBytes];
        return Encoding.UTF8.TryGetBytes(agent, bytes, out var length)
            ? Read(address, bytes[..length], isPrefetch)
            : Read(address, Encoding.UTF8.GetBytes(agent).AsSpan(), isPrefetch);
    }
}
