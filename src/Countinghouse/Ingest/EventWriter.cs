using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Campaigns;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// The only writer of events. A request's events are one transaction: dedup, judgement, charge, budget, rollup, totals
/// and the chained batch record, durable before anybody is answered. Per advertiser everything happens under its head
/// row's lock, so budgets are decided one flush at a time on any number of nodes; heads are locked in the order of
/// their ids, so flushes never wait for each other in a circle.
/// </summary>
public sealed partial class EventWriter(
    Database database, CampaignSnapshots snapshots, OwnerStore owners, TimeProvider clock, ILogger<EventWriter> log)
{
    public const int EventsMax = 1_000;

    /// <summary>
    /// A commit whose answer was lost is looked up and, if it did not happen, done again; so often at most.
    /// </summary>
    private const int TriesMax = 3;

    /// <summary>
    /// Records events in their order and answers each. With <paramref name="atomic"/> one refusal refuses all: nothing
    /// is stored, and the answers say which were at fault.
    /// </summary>
    public async Task<EventAnswer[]> Write(
        ArraySegment<SentEvent> events, EventSender sender, bool atomic, CancellationToken cancellation)
    {
        var answers = new EventAnswer[events.Count];
        var byAdvertiser = new SortedDictionary<Guid, List<QueuedEvent>>();
        for (var position = 0; position < events.Count; position++)
        {
            if (await owners.OfCampaign(events[position].Campaign, cancellation) is not { } owner)
            {
                answers[position] = new EventAnswer(EventOutcome.UnknownCampaign, events[position].Id ?? default);
                continue;
            }

            if (!byAdvertiser.TryGetValue(owner.Value, out var own))
            {
                byAdvertiser.Add(owner.Value, own = []);
            }

            own.Add(new QueuedEvent(position, events[position]));
        }

        if (byAdvertiser.Count > 0 && !(atomic && answers.Any(answer => answer.IsRefusal)))
        {
            await Commit(byAdvertiser, sender, atomic, answers, cancellation);
        }

        return answers;
    }

    private async Task Commit(
        SortedDictionary<Guid, List<QueuedEvent>> byAdvertiser,
        EventSender sender,
        bool atomic,
        EventAnswer[] answers,
        CancellationToken cancellation)
    {
        var flushId = Guid.CreateVersion7(clock.GetUtcNow());
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await database.Write(
                    connection =>
                        Flush(connection, flushId, byAdvertiser, sender, atomic, answers, attempt, cancellation),
                    cancellation);
                return;
            }
            catch (Exception error) when (attempt < TriesMax && Database.IsUnavailable(error))
            {
                // The commit may or may not have happened. The next try finds the flush's own batch record if it did.
                LogTriedAgain(attempt, error.Message);
            }
        }
    }

    private async Task<bool> Flush(
        DbConnection connection,
        Guid flushId,
        SortedDictionary<Guid, List<QueuedEvent>> byAdvertiser,
        EventSender sender,
        bool atomic,
        EventAnswer[] answers,
        int attempt,
        CancellationToken cancellation)
    {
        var flushes = new List<AdvertiserFlush>();
        foreach (var (owner, queued) in byAdvertiser)
        {
            var advertiser = new OrganizationId(owner);
            var head = await LockHead(connection, advertiser, cancellation);
            if (attempt > 1 && await IsCommitted(connection, advertiser, flushId, cancellation))
            {
                // The answers of the first try, decided under the same lock, are the true ones.
                return true;
            }

            var flush = await Prepare(connection, advertiser, head, queued, sender, cancellation);
            foreach (var (position, sent) in queued)
            {
                answers[position] = flush.Take(sent);
            }

            flushes.Add(flush);
        }

        if (atomic && answers.Any(answer => answer.IsRefusal))
        {
            return false;
        }

        foreach (var flush in flushes.Where(flush => flush.Events.Count > 0))
        {
            await Store(connection, flushId, flush, cancellation);
        }

        return true;
    }

    private async Task<AdvertiserFlush> Prepare(
        DbConnection connection,
        OrganizationId advertiser,
        IngestHead head,
        List<QueuedEvent> queued,
        EventSender sender,
        CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var snapshot = await snapshots.Get(connection, advertiser, head.ConfigVersion, cancellation);
        var ids = queued.Where(item => item.Sent.Id is not null).Select(item => item.Sent.Id!.Value).Distinct();
        var known = await FindKnown(connection, advertiser, ids, cancellation);
        var campaigns = queued.Select(item => item.Sent.Campaign).Distinct();
        var budgets = await ReadBudgets(connection, advertiser, campaigns, UtcDay.Of(now), cancellation);
        var facts = new JudgementFacts(advertiser, snapshot, budgets, head.FencedThrough, now);
        return new AdvertiserFlush(facts, head, known, sender);
    }

    private async Task Store(
        DbConnection connection, Guid flushId, AdvertiserFlush flush, CancellationToken cancellation)
    {
        var batchNo = flush.Head.BatchNo + 1;
        var hash = EventEncoding.HashBatch(flush.Head.Hash, batchNo, flush.Events);
        await InsertBatch(connection, flushId, flush, batchNo, hash, cancellation);
        if (database.Engine == Engine.Postgres)
        {
            await InsertEventsPostgres(connection, flush.Events, batchNo, cancellation);
        }
        else
        {
            await InsertEventsSqlite(connection, flush.Events, batchNo, cancellation);
        }

        await AddToRollups(connection, flush, batchNo, cancellation);
        await AddToTotals(connection, flush, batchNo, cancellation);
        await AddToBudgets(connection, flush, cancellation);
        var exhausted = flush.Exhausted().ToList();
        foreach (var campaign in exhausted)
        {
            await connection.Execute(
                Exhaust,
                cancellation,
                ("org", flush.Advertiser),
                ("campaign", campaign),
                ("now", Instant.Of(flush.Now)));
        }

        await connection.Execute(
            AdvanceHead,
            cancellation,
            ("org", flush.Advertiser),
            ("batch", batchNo),
            ("hash", hash),
            ("raise", exhausted.Count > 0 ? 1L : 0L));
    }
}
