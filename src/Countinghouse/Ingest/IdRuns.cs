using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Moves ids out of this node's memory into stored runs, and notices the runs that other nodes made.</summary>
public sealed class IdRuns(
    Database database, EventWriter writer, AdvertiserStates states, IdRunStore store, TimeProvider clock)
{
    private DateTimeOffset _dropAfter = DateTimeOffset.MinValue;

    /// <summary>One round over the advertisers that this node has in memory.</summary>
    public async Task MakeWanted(CancellationToken cancellation)
    {
        foreach (var lane in writer.Lanes)
        {
            if (await Wanted(lane, cancellation) is { } through)
            {
                await store.Build(lane.Advertiser, states.Hash, through, cancellation);
                await Use(lane, cancellation);
            }
        }

        if (clock.GetUtcNow() is var now && now >= _dropAfter)
        {
            await store.DropForgotten(Instant.Of(now), cancellation);
            _dropAfter = now.AddHours(1);
        }
    }

    private static async Task<long?> Wanted(AdvertiserLane lane, CancellationToken cancellation)
    {
        await lane.Lock.WaitAsync(cancellation);
        try
        {
            return lane.State?.Ids.RunWanted;
        }
        finally
        {
            lane.Lock.Release();
        }
    }

    /// <summary>Takes over the runs there are now, whoever made them, and forgets the ids in them.</summary>
    private async Task Use(AdvertiserLane lane, CancellationToken cancellation)
    {
        var (list, through) = await database.ReadSnapshot(
            async connection => (
                await store.List(connection, lane.Advertiser, cancellation),
                await EventReader.ProjectedThrough(connection, lane.Advertiser, IdRunStore.Projection, cancellation)),
            cancellation);
        await lane.Lock.WaitAsync(cancellation);
        try
        {
            lane.State?.Ids.Use(list, through);
        }
        finally
        {
            lane.Lock.Release();
        }
    }
}
