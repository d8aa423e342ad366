using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>An event with where it lies and what it was about.</summary>
public sealed record FoundEvent(
    OrganizationId Advertiser,
    JournalEvent Event,
    Placement Placement,
    StoredBatch Batch,
    int Ruleset,
    ShareId? Share);

/// <summary>Finds single events by their ids, for those whom they concern.</summary>
public sealed class Receipts(
    Database database,
    EventWriter writer,
    AdvertiserStates states,
    IdRunStore runs,
    EventReader events)
{
    /// <summary>
    /// An id past the days that ids are remembered is looked for in so many batches after the time inside it; it came
    /// in moments after that.
    /// </summary>
    private const int OldBatchesMax = 2_000;

    private const string AdvertisersOf = """
        SELECT DISTINCT org_id FROM placement WHERE retailer_org_id = @org ORDER BY org_id
        """;

    private const string BatchesSince = """
        SELECT batch_no FROM ingest_batch WHERE org_id = @org AND committed_at >= @since
        ORDER BY committed_at, batch_no LIMIT @most
        """;

    // The record into which the retailer's events of a month went; there is none before the month is closed.
    private const string ShareOf = "SELECT share_id FROM revenue_share WHERE org_id = @org AND period = @period";

    /// <summary>
    /// The event, when it is one of the organization's campaigns' or about one of its offers; else null.
    /// </summary>
    public async Task<FoundEvent?> Find(
        OrganizationId organization, EventId id, CancellationToken cancellation)
    {
        await states.Prepare(cancellation);
        var others = await database.Read(
            connection => connection.Query(
                AdvertisersOf, row => row.Id<OrganizationId>(0), cancellation, ("org", organization)),
            cancellation);
        foreach (var advertiser in others.Prepend(organization).Distinct())
        {
            if (await FindAt(advertiser, id, cancellation) is { } found
                && (advertiser == organization || found.Placement.Retailer == organization))
            {
                return found;
            }
        }

        return null;
    }

    private async Task<FoundEvent?> FindAt(
        OrganizationId advertiser, EventId id, CancellationToken cancellation)
    {
        var lane = writer.LaneOf(advertiser);
        await lane.Lock.WaitAsync(cancellation);
        try
        {
            return await database.ReadSnapshot(
                connection => Find(connection, lane, id, cancellation), cancellation);
        }
        catch
        {
            // What was half read is not to be decided by.
            lane.State = null;
            throw;
        }
        finally
        {
            lane.Lock.Release();
        }
    }

    private async Task<FoundEvent?> Find(
        DbConnection connection, AdvertiserLane lane, EventId id, CancellationToken cancellation)
    {
        if (await AdvertiserStates.ReadHead(connection, lane.Advertiser, "", cancellation) is not { } head)
        {
            return null;
        }

        var state = await states.BringUp(connection, lane.Advertiser, lane.State, head, cancellation);
        lane.State = state;
        if (state.Ids.TryFind(id, out var place, out _))
        {
            return await Read(connection, state, id, [place.BatchNo], cancellation);
        }

        var stored = await runs.Find(connection, state, [id], cancellation);
        if (stored.TryGetValue(id, out var there))
        {
            return await Read(connection, state, id, [there.Place.BatchNo], cancellation);
        }

        return IngestRules.MillisecondsOf(id) is { } made && IngestRules.IsExpired(made, state.LastReceivedAt)
            ? await Read(
                connection, state, id, await Since(connection, lane.Advertiser, made, cancellation), cancellation)
            : null;
    }

    private static Task<List<long>> Since(
        DbConnection connection, OrganizationId advertiser, long milliseconds, CancellationToken cancellation)
    {
        const long microsPerMilli = 1_000;
        const long fiveMinutesMillis = IngestRules.AheadMinutes * 60_000;
        return connection.Query(
            BatchesSince,
            row => row.GetInt64(0),
            cancellation,
            ("org", advertiser),
            ("since", new Instant((milliseconds - fiveMinutesMillis) * microsPerMilli)),
            ("most", OldBatchesMax));
    }

    private async Task<FoundEvent?> Read(
        DbConnection connection,
        AdvertiserState state,
        EventId id,
        IEnumerable<long> batches,
        CancellationToken cancellation)
    {
        const int atOnce = 20;
        foreach (var some in batches.Chunk(atOnce))
        {
            foreach (var batch in await events.Find(connection, state.Advertiser, some, cancellation))
            {
                if (Scan(state, id, batch) is { } found)
                {
                    return found with { Share = await Share(connection, found, cancellation) };
                }
            }
        }

        return null;
    }

    private static FoundEvent? Scan(AdvertiserState state, EventId id, StoredBatch batch)
    {
        var reader = new JournalReader(batch.Payload);
        while (reader.Read(out var item))
        {
            if (item.Id == id)
            {
                return new FoundEvent(
                    state.Advertiser, item, state.Placements[item.Placement], batch, reader.Ruleset, null);
            }
        }

        return null;
    }

    private static async Task<ShareId?> Share(
        DbConnection connection, FoundEvent found, CancellationToken cancellation)
    {
        if (found.Placement.Retailer is not { } retailer || found.Event.Charge(found.Placement) == Money.Zero)
        {
            return null;
        }

        var rows = await connection.Query(
            ShareOf,
            row => row.Id<ShareId>(0),
            cancellation,
            ("org", retailer),
            ("period", UtcDay.Of(found.Event.BilledAt(found.Batch.CommittedAt).ToTime()).Period));
        return rows.Count > 0 ? rows[0] : null;
    }
}
