using System.Data.Common;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Keeps runs of ids: looks ids up in them, writes new ones, drops those no longer remembered.</summary>
public sealed class IdRunStore(Database database, EventReader events)
{
    /// <summary>Name of the projection.</summary>
    public const string Projection = "ids";

    private const string ListRuns = """
        SELECT through_batch, after_batch, id_count, block_bits, undated_count, oldest_ms, newest_ms, ahead_oldest_ms,
               ahead_newest_ms, last_received_at
        FROM id_run WHERE org_id = @org ORDER BY through_batch DESC
        """;

    private const string ReadFilter = "SELECT filter FROM id_run WHERE org_id = @org AND through_batch = @run";

    private const string ReadBlocks = """
        SELECT block_no, entries FROM id_run_block WHERE org_id = @org AND through_batch = @run AND block_no
        """;

    private const string LockProjection = """
        SELECT through_batch FROM projection WHERE org_id = @org AND name = 'ids'
        """;

    private const string AddRun = """
        INSERT INTO id_run (org_id, through_batch, after_batch, id_count, block_bits, undated_count, oldest_ms,
                            newest_ms, ahead_oldest_ms, ahead_newest_ms, last_received_at, filter)
        VALUES (@org, @through, @after, @count, @bits, @undated, @oldest, @newest, @ahead_oldest, @ahead_newest,
                @received, @filter)
        """;

    private const string AddBlock = """
        INSERT INTO id_run_block (org_id, through_batch, block_no, entries) VALUES (@org, @through, @block, @entries)
        """;

    private const string Advance = """
        UPDATE projection SET through_batch = @through WHERE org_id = @org AND name = 'ids'
        """;

    // A node's clock alone decides nothing that cannot be undone: the journal must have come as far too.
    private const string Forgotten = """
        r.last_received_at < @limit AND EXISTS (
            SELECT 1 FROM id_run n WHERE n.org_id = r.org_id AND n.through_batch > r.through_batch
                AND n.last_received_at > r.last_received_at + @remembered)
        """;

    private const string DropBlocks = $"""
        DELETE FROM id_run_block WHERE EXISTS (
            SELECT 1 FROM id_run r WHERE r.org_id = id_run_block.org_id
                AND r.through_batch = id_run_block.through_batch AND {Forgotten})
        """;

    private const string DropRuns = $"DELETE FROM id_run AS r WHERE {Forgotten}";

    /// <summary>What runs an advertiser has, newest first.</summary>
    public Task<List<IdRun>> List(
        DbConnection connection, OrganizationId advertiser, CancellationToken cancellation) => connection.Query(
        ListRuns,
        row => new IdRun(
            row.GetInt64(0),
            row.GetInt64(1),
            row.GetInt32(2),
            row.GetInt32(3),
            new IdTimes(row.GetInt32(4), Span(row, 5), Span(row, 7)),
            new Instant(row.GetInt64(9))),
        cancellation,
        ("org", advertiser));

    /// <summary>
    /// Those of the ids that are in a run, with the event that has each; ids in memory are not asked for.
    /// </summary>
    internal async Task<Dictionary<EventId, (EventPlace Place, JournalEvent Event)>> Find(
        DbConnection connection, AdvertiserState state, IEnumerable<EventId> ids, CancellationToken cancellation)
    {
        var wanted = new Dictionary<(IdRun Run, int Block), List<EventId>>();
        foreach (var id in ids)
        {
            var time = IngestRules.MillisecondsOf(id);
            var hash = state.Ids.HashOf(id);
            foreach (var run in state.Ids.Runs)
            {
                if (run.Times.MayHave(time)
                    && IdFilter.MayHold(await Filter(connection, state, run, cancellation), hash))
                {
                    var key = (run, run.BlockOf(hash));
                    if (!wanted.TryGetValue(key, out var there))
                    {
                        wanted.Add(key, there = []);
                    }

                    there.Add(id);
                }
            }
        }

        if (wanted.Count == 0)
        {
            return [];
        }

        var places = await ReadPlaces(connection, state, wanted, cancellation);
        return await ReadEvents(connection, state, places, cancellation);
    }

    /// <summary>
    /// Makes the run of a full table's batches after the last run. Sorts before it takes the lock; when another node
    /// was quicker, nothing is written.
    /// </summary>
    internal async Task Build(
        OrganizationId advertiser, IdHash hash, FullTable table, CancellationToken cancellation)
    {
        var last = await database.Read(
            connection => EventReader.ProjectedThrough(connection, advertiser, Projection, cancellation), cancellation);
        if (last >= table.Through)
        {
            return;
        }

        var (run, filter, blocks) = new IdRunBuilder(hash, table, last).Finish();
        await database.Write(
            async connection =>
            {
                var after = await connection.Number(
                    LockProjection + database.ForUpdate, cancellation, ("org", advertiser));
                if (after == run.AfterBatch)
                {
                    await Write(connection, advertiser, run, filter, blocks, cancellation);
                }
            },
            cancellation);
    }

    private static IdSpan Span(DbDataReader row, int column) =>
        row.IsDBNull(column) ? IdSpan.None : new IdSpan(row.GetInt64(column), row.GetInt64(column + 1));

    private static long? OrNull(IdSpan span, Func<IdSpan, long> end) => span == IdSpan.None ? null : end(span);

    /// <summary>Drops the runs whose ids are all older than ids are remembered.</summary>
    public Task DropForgotten(Instant now, CancellationToken cancellation)
    {
        const long dayMicros = 86_400_000_000;
        const long remembered = (IngestRules.RememberedDays + 1) * dayMicros;
        var limit = new Instant(now.Micros - remembered);
        return database.Write(
            async connection =>
            {
                await connection.Execute(DropBlocks, cancellation, ("limit", limit), ("remembered", remembered));
                await connection.Execute(DropRuns, cancellation, ("limit", limit), ("remembered", remembered));
            },
            cancellation);
    }

    private static async Task Write(
        DbConnection connection,
        OrganizationId advertiser,
        IdRun run,
        byte[] filter,
        IEnumerable<byte[]> blocks,
        CancellationToken cancellation)
    {
        await connection.Execute(
            AddRun,
            cancellation,
            ("org", advertiser),
            ("through", run.ThroughBatch),
            ("after", run.AfterBatch),
            ("count", run.Count),
            ("bits", run.BlockBits),
            ("undated", run.Times.Undated),
            ("oldest", OrNull(run.Times.Dated, span => span.Oldest)),
            ("newest", OrNull(run.Times.Dated, span => span.Newest)),
            ("ahead_oldest", OrNull(run.Times.Ahead, span => span.Oldest)),
            ("ahead_newest", OrNull(run.Times.Ahead, span => span.Newest)),
            ("received", run.LastReceivedAt),
            ("filter", filter));
        await connection.ExecuteMany(
            AddBlock,
            ["org", "through", "block", "entries"],
            blocks.Select((entries, block) => new object?[] { advertiser, run.ThroughBatch, block, entries }),
            cancellation);
        Faults.Hit("run_after_rows");
        await connection.Execute(Advance, cancellation, ("org", advertiser), ("through", run.ThroughBatch));
        Faults.Hit("run_before_commit");
    }

    private static async ValueTask<byte[]> Filter(
        DbConnection connection, AdvertiserState state, IdRun run, CancellationToken cancellation)
    {
        if (state.Ids.FilterOf(run, state.LastReceivedAt) is { } kept)
        {
            return kept;
        }

        var rows = await connection.Query(
            ReadFilter,
            row => row.Bytes(0),
            cancellation,
            ("org", state.Advertiser),
            ("run", run.ThroughBatch));

        // A run that is gone has only ids that are no longer remembered.
        var filter = rows.Count > 0 ? rows[0] : IdFilter.Create(0);
        state.Ids.Keep(run, filter, state.LastReceivedAt);
        return filter;
    }

    private async Task<Dictionary<EventId, List<EventPlace>>> ReadPlaces(
        DbConnection connection,
        AdvertiserState state,
        Dictionary<(IdRun Run, int Block), List<EventId>> wanted,
        CancellationToken cancellation)
    {
        var places = new Dictionary<EventId, List<EventPlace>>();
        foreach (var ofRun in wanted.GroupBy(pair => pair.Key.Run))
        {
            await connection.ForEach(
                ReadBlocks + database.AnyOf("blocks"),
                row =>
                {
                    var entries = row.Bytes(1);
                    foreach (var id in wanted[(ofRun.Key, row.GetInt32(0))])
                    {
                        if (!places.TryGetValue(id, out var there))
                        {
                            places.Add(id, there = []);
                        }

                        ofRun.Key.Find(entries, state.Ids.HashOf(id), there);
                    }
                },
                cancellation,
                ("org", state.Advertiser),
                ("run", ofRun.Key.ThroughBatch),
                ("blocks", database.ListOf(ofRun.Select(pair => (long)pair.Key.Block))));
        }

        return places;
    }

    /// <summary>Holds each place against the event there: a run keeps only a part of the id.</summary>
    private async Task<Dictionary<EventId, (EventPlace Place, JournalEvent Event)>> ReadEvents(
        DbConnection connection,
        AdvertiserState state,
        Dictionary<EventId, List<EventPlace>> places,
        CancellationToken cancellation)
    {
        var found = new Dictionary<EventId, (EventPlace, JournalEvent)>();
        var ordinals = places.SelectMany(pair => pair.Value).ToLookup(place => place.BatchNo, place => place.Ordinal);
        if (ordinals.Count == 0)
        {
            return found;
        }

        foreach (var batch in await events.Find(
            connection, state.Advertiser, ordinals.Select(one => one.Key), cancellation))
        {
            var wanted = ordinals[batch.BatchNo].ToHashSet();
            var reader = new JournalReader(batch.Payload);
            for (var ordinal = 0; reader.Read(out var item); ordinal++)
            {
                if (wanted.Contains(ordinal) && places.ContainsKey(item.Id))
                {
                    found[item.Id] = (new EventPlace(batch.BatchNo, ordinal), item);
                }
            }
        }

        return found;
    }
}
