namespace Countinghouse.Ingest;

/// <summary>
/// The lists in force on this node. Reading them never waits once they were loaded: <see cref="TrafficListJob"/> does
/// that before the first request and after each change; a command without jobs loads them at their first use.
/// </summary>
public sealed class TrafficLists(TrafficListStore store)
{
    private readonly Lock _loading = new();
    private TrafficListSnapshot? _current;

    public TrafficListSnapshot Current => Volatile.Read(ref _current) ?? LoadOnce();

    /// <summary>Reads the lists again if their version is another. True when it was.</summary>
    public async Task<bool> Refresh(CancellationToken cancellation)
    {
        if (Volatile.Read(ref _current) is { } known && known.Version == await store.Version(cancellation))
        {
            return false;
        }

        var (version, entries) = await store.Read(cancellation);
        Volatile.Write(ref _current, version == 0 ? TrafficListSnapshot.Empty : new(version, entries));
        return true;
    }

    private TrafficListSnapshot LoadOnce()
    {
        lock (_loading)
        {
            if (Volatile.Read(ref _current) is null)
            {
                Task.Run(() => Refresh(CancellationToken.None)).GetAwaiter().GetResult();
            }

            return _current!;
        }
    }
}
