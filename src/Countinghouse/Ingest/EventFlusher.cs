using System.Data.Common;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Telemetry;

namespace Countinghouse.Ingest;

/// <summary>
/// The only writer of events. A flush is one transaction under the head's row lock: dedup, judgement, charge, budgets,
/// the chained batch with the events packed in it; answered when it is durable. Heads are locked in the order of their
/// ids, so that flushes never wait for each other in a circle. The proof is in docs/decisions/0006-journal.md.
/// </summary>
public sealed partial class EventFlusher(
    Database database,
    AdvertiserStates states,
    IdRunStore runs,
    TrafficLists lists,
    OrganizationVersions versions,
    RecentBatches recent,
    TimeProvider clock,
    IngestMetrics metrics,
    ILogger<EventFlusher> log)
{
    /// <summary>
    /// A commit whose answer was lost is looked up and, if it did not happen, done again; so often at most.
    /// </summary>
    private const int TriesMax = 3;

    /// <summary>The first takes seconds where much is remembered; the next read what came during it.</summary>
    private const int LoadRounds = 3;

    /// <summary>
    /// What was spent on a day is kept for so many days after, for clocks that step back over midnight.
    /// </summary>
    private const int DaysKept = 7;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Decides and writes; the caller holds the lanes' locks and gave them in the order of their ids.
    /// </summary>
    internal async Task Flush(List<(AdvertiserLane Lane, List<EventPart> Parts)> work)
    {
        using var activity = Tracing.Source.StartActivity("ingest.flush");
        activity?.SetTag("advertisers", work.Count);
        var began = clock.GetTimestamp();
        var flushId = Guid.CreateVersion7(clock.GetUtcNow());
        for (var attempt = 1; ; attempt++)
        {
            var flushed = new List<(AdvertiserLane Lane, AdvertiserFlush Flush, StoredBatch Batch)>();
            try
            {
                await states.Prepare(CancellationToken.None);
                foreach (var (lane, _) in work)
                {
                    await Load(lane);
                }

                await database.Write(connection => Write(connection, flushId, work, attempt, flushed), default);
                Faults.Hit("after_commit");
                activity?.SetTag("events", flushed.Sum(one => one.Flush.Count));
                foreach (var (lane, flush, batch) in flushed)
                {
                    flush.Committed(batch.Hash);
                    recent.Add(lane.Advertiser, batch);
                    versions.Changed(lane.Advertiser);
                }

                metrics.Flushed(work, flushed.ConvertAll(one => one.Flush), began);
                Faults.Hit("before_answer");
                work.ForEach(one => one.Parts.ForEach(part => part.Succeed()));
                return;
            }
            catch (Exception error)
            {
                // Whatever was decided is gone; what the next flush needs is read anew. It may be committed all the
                // same.
                work.ForEach(one => one.Lane.State = null);
                work.ForEach(one => versions.Changed(one.Lane.Advertiser));
                if (attempt == TriesMax || !Database.IsUnavailable(error))
                {
                    work.ForEach(one => one.Parts.ForEach(part => part.Fail(error)));
                    return;
                }

                // The commit may or may not have happened: the next try finds the flush's own batch if it did.
                LogTriedAgain(attempt, error.Message);
                await Task.Delay(Pause, clock);
            }
        }
    }

    private async Task<bool> Write(
        DbConnection connection,
        Guid flushId,
        List<(AdvertiserLane Lane, List<EventPart> Parts)> work,
        int attempt,
        List<(AdvertiserLane Lane, AdvertiserFlush Flush, StoredBatch Batch)> flushed)
    {
        var decided = new List<(AdvertiserLane Lane, AdvertiserFlush Flush)>();
        foreach (var (lane, parts) in work)
        {
            Faults.Hit("before_lock");
            var head = await HeadOf(connection, lane.Advertiser, database.ForUpdate);
            Faults.Hit("after_lock");
            var mayBeCommitted = attempt > 1;
            Faults.Break("no_flush_lookup", ref mayBeCommitted, false);
            if (mayBeCommitted && await IsCommitted(connection, lane.Advertiser, flushId))
            {
                // The answers of the earlier try, decided under the same lock, are the true ones.
                return true;
            }

            Faults.Do("no_lock", () => lane.State?.Believe(head));
            lane.State = await states.BringUp(connection, lane.Advertiser, lane.State, head, default);
            decided.Add((lane, await Prepare(connection, lane, parts, head)));
        }

        // Of several advertisers' parts of one request, each refuses for all, before anything is taken.
        var refused = false;
        for (var at = 0; at < work.Count && work.Count > 1; at++)
        {
            refused |= decided[at].Flush.RefuseAny(work[at].Parts[0]);
        }

        for (var at = 0; at < work.Count && !refused; at++)
        {
            decided[at].Flush.TakeAll(work[at].Parts);
        }

        foreach (var (lane, flush) in decided.Where(one => one.Flush.Count > 0))
        {
            flushed.Add((lane, flush, await Store(connection, flushId, flush)));
            Faults.Hit("after_insert");
        }

        Faults.Do("ack_before_commit", () => work.ForEach(one => one.Parts.ForEach(part => part.Succeed())));
        Faults.Hit("before_commit");
        return true;
    }

    private async Task<AdvertiserFlush> Prepare(
        DbConnection connection, AdvertiserLane lane, List<EventPart> parts, IngestHead head)
    {
        var state = lane.State!;
        var now = IngestRules.TimeOfFlush(Instant.Of(clock.GetUtcNow()), state.LastReceivedAt);
        state.Windows.Expire(now.Micros);
        lane.Journal.Clear();
        if (UtcDay.Of(now.ToTime()) is var today && today.Number != head.Day)
        {
            await TurnDay(connection, lane.Advertiser, head.Day, today);
            await states.ReadTerms(connection, state, head with { Day = today.Number }, default);
        }

        var fencedThrough = head.FencedThrough;
        Faults.Break("no_fence", ref fencedThrough, Period.FromNumber(200001));
        var stored = await FindStored(connection, state, parts);
        return new AdvertiserFlush(
            state, lane.Journal, new FlushFacts(now, fencedThrough, lists.Current, stored));
    }

    private static async Task<IngestHead> HeadOf(DbConnection connection, OrganizationId advertiser, string locking) =>
        await AdvertiserStates.ReadHead(connection, advertiser, locking, default)
        ?? throw new InvalidDataException("An organization has no ingest head.");

    /// <summary>
    /// What a node knows of an advertiser after a start is read before the lock is taken: others go on writing, and
    /// only what they wrote in the last, short round is read under it.
    /// </summary>
    private async Task Load(AdvertiserLane lane)
    {
        for (var round = lane.State is null ? 0 : LoadRounds; round < LoadRounds; round++)
        {
            lane.State = await database.ReadSnapshot(
                async connection => await states.BringUp(
                    connection, lane.Advertiser, lane.State, await HeadOf(connection, lane.Advertiser, ""), default),
                default);
        }
    }

    /// <summary>The ids that memory cannot decide, with the events they belong to.</summary>
    private async Task<IReadOnlyDictionary<EventId, EventIdentity>> FindStored(
        DbConnection connection, AdvertiserState state, List<EventPart> parts)
    {
        var asked = new List<EventId>();
        if (state.Ids.Runs.Count > 0)
        {
            foreach (var part in parts)
            {
                var events = part.Request.Events.AsSpan();
                foreach (var position in part.Positions)
                {
                    if (events[position].Id is { } id && state.Ids.MayBeStored(id))
                    {
                        asked.Add(id);
                    }
                }
            }
        }

        if (asked.Count == 0)
        {
            return NothingStored;
        }

        var found = await runs.Find(connection, state, asked.Distinct(), default);
        return found.ToDictionary(
            pair => pair.Key,
            pair => pair.Value.Event.Identity(state.Placements[pair.Value.Event.Placement]));
    }

    private async Task<StoredBatch> Store(DbConnection connection, Guid flushId, AdvertiserFlush flush)
    {
        var advertiser = flush.Advertiser;
        var batch = flush.Batch();
        var exhausted = flush.Exhausted().ToList();
        await AddPlacements(connection, flush, advertiser);
        await connection.ExecuteAll(
            [
                BatchStatement(flushId, advertiser, batch),
                .. BudgetStatements(flush, advertiser),
                .. exhausted.Select(campaign => ExhaustStatement(flush, advertiser, campaign.Id)),
                HeadStatement(flush, advertiser, batch.Hash, exhausted.Count > 0),
            ],
            default);
        return batch;
    }

    private static readonly Dictionary<EventId, EventIdentity> NothingStored = [];
}
