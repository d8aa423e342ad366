using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Moves ids out of this node's memory into stored runs, and notices the runs that other nodes made.</summary>
public sealed class IdRuns(
    Database database, EventWriter writer, AdvertiserStates states, IdRunStore store, TimeProvider clock)
{
    private DateTimeOffset _dropAfter = DateTimeOffset.MinValue;

    /// <summary>The advertisers that this node has in memory.</summary>
    internal IEnumerable<AdvertiserLane> Lanes => writer.Lanes;

    /// <summary>Makes the run that an advertiser's memory wants, if any.</summary>
    internal async Task Make(AdvertiserLane lane, CancellationToken cancellation)
    {
        if (await Wanted(lane, cancellation) is { } table)
        {
            await store.Build(lane.Advertiser, states.Hash, table, cancellation);
            await Use(lane, cancellation);
        }
    }

    /// <summary>Once an hour, drops runs whose ids are no longer remembered.</summary>
    public async Task DropForgotten(CancellationToken cancellation)
    {
        if (clock.GetUtcNow() is var now && now >= _dropAfter)
        {
            await store.DropForgotten(Instant.Of(now), cancellation);
            _dropAfter = now.AddHours(1);
        }
    }

    private static async Task<FullTable?> Wanted(AdvertiserLane lane, CancellationToken cancellation)
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
