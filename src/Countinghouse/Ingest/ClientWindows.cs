namespace Countinghouse.Ingest;

public sealed class WindowOptions
{
    public long ImpressionMicros => 60_000_000;

    public long LongestMicros => 86_400_000_000;
}

#pragma warning disable CA1822
internal sealed class ClientWindows
{
    public EventReason Judge(EventKind kind, ulong client, ulong ad, long occurredAtMicros) => EventReason.None;

    public void Add(EventKind kind, ulong client, ulong ad, long occurredAtMicros, long receivedAtMicros)
    {
    }

    public void Expire(long receivedNowMicros)
    {
    }
}
