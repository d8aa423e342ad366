using System.Runtime.ExceptionServices;
using Countinghouse.Access;
using Countinghouse.Ingest;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Importing;

/// <summary>
/// Sends the lines of a file through the one writer of events, several batches at a time, and takes their answers in
/// order: so there is always a line up to which everything is done with, which is stored several times a second. What a
/// killed import had sent beyond it is sent again, and its ids make that harmless.
/// </summary>
internal sealed class Importer(
    EventWriter writer,
    OwnerStore owners,
    ImportProgressStore store,
    ClientReader clients,
    TrafficLists lists,
    TimeProvider clock)
{
    /// <summary>Enough that a flush (12,000 events) is full while the next one is read.</summary>
    private const int BatchesAtOnceMax = 24;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Often = TimeSpan.FromMilliseconds(250);

    // The operator speaks for every shopper: what the log says of times and clients is believed.
    private static readonly EventSender Sender = new(null, IsOperator: true, default);

    /// <summary>
    /// Imports from where the progress is to the end. Throws <see cref="CommandException"/> when the file breaks off;
    /// whatever it throws, the progress is stored.
    /// </summary>
    public async Task Run(
        ImportFile file,
        ImportProgress progress,
        RejectsFile? rejects,
        Action<ImportProgress> report,
        CancellationToken cancellation)
    {
        using var log = file.Read(clients);
        var underWay = new Queue<(Batch Batch, Task<EventAnswer[]> Answers)>();
        var (failure, saved) = ((ExceptionDispatchInfo?)null, clock.GetTimestamp());
        try
        {
            while (log.Position < progress.Position && log.Skip())
            {
                cancellation.ThrowIfCancellationRequested();
            }

            for (var more = true; more || underWay.Count > 0;)
            {
                if (more && underWay.Count < BatchesAtOnceMax)
                {
                    var batch = new Batch();
                    more = await Fill(batch, log, progress.Organization, cancellation);
                    underWay.Enqueue((batch, Send(batch, cancellation)));
                    continue;
                }

                await TakeFirst(underWay, file, progress, rejects);
                if (clock.GetElapsedTime(saved) >= Often)
                {
                    await Save(progress, rejects, cancellation);
                    await lists.Refresh(cancellation);
                    saved = clock.GetTimestamp();
                    report(progress);
                }
            }

            progress.FinishedAt = Instant.Of(clock.GetUtcNow());
        }
        catch (Exception error)
        {
            await Finish(underWay, file, progress, rejects);
            failure = ExceptionDispatchInfo.Capture(
                error is InvalidDataException or IOException ? Broken(file, log, progress) : error);
        }

        await Save(progress, rejects, CancellationToken.None);
        failure?.Throw();
    }

    private static CommandException Broken(ImportFile file, ILogReader log, ImportProgress progress) => new(
        $"'{file.Path}' cannot be read on after line {log.Position}: it is damaged or cut off. The first "
        + $"{progress.Position} lines are done; a whole copy of the file may be imported, and counts them once.");

    /// <summary>Reads lines until the batch is full; false at the end of the log.</summary>
    private async ValueTask<bool> Fill(
        Batch batch, ILogReader log, OrganizationId only, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var more = true;
        while (batch.Lines < EventWriter.EventsMax && (more = log.Read(out var line)))
        {
            if (line.Code is not null)
            {
                batch.Reject(line.Number, line.Code, line.Reason);
            }
            else if (await IsKnown(line.Event.Campaign, only, cancellation))
            {
                batch.Add(line.Number, line.Event);
            }
            else
            {
                var (code, reason) = Words(EventOutcome.UnknownCampaign);
                batch.Reject(line.Number, code, reason);
            }
        }

        batch.Through = log.Position;
        return more;
    }

    private async ValueTask<bool> IsKnown(CampaignId campaign, OrganizationId only, CancellationToken cancellation)
    {
        var owner = await owners.OfCampaign(campaign, cancellation);
        return owner is not null && (only == default || owner == only);
    }

    private async Task<EventAnswer[]> Send(Batch batch, CancellationToken cancellation)
    {
        if (batch.Events.Count == 0)
        {
            return [];
        }

        while (true)
        {
            if (await writer.Write(batch.Events, Sender, atomic: false, cancellation) is { } answers)
            {
                return answers;
            }

            // The queue is full.
            await Task.Delay(Patience, clock, cancellation);
        }
    }

    private static async Task TakeFirst(
        Queue<(Batch Batch, Task<EventAnswer[]> Answers)> underWay,
        ImportFile file,
        ImportProgress progress,
        RejectsFile? rejects)
    {
        var (batch, sent) = underWay.Dequeue();
        var answers = await sent;
        for (var position = 0; position < answers.Length; position++)
        {
            switch (answers[position].Outcome)
            {
                case EventOutcome.Accepted:
                    progress.Accepted++;
                    break;
                case EventOutcome.Duplicate:
                    progress.Duplicates++;
                    break;
                case var outcome:
                    var (code, reason) = Words(outcome);
                    batch.Reject(batch.Numbers[position], code, reason);
                    break;
            }
        }

        foreach (var (line, code, reason) in batch.Rejects.OrderBy(reject => reject.Line))
        {
            progress.Reject(code);
            rejects?.Add(file.Path, line, code, reason);
        }

        progress.Position = batch.Through;
    }

    /// <summary>
    /// After a failure: takes what is still answered in order, so that no more than needed is sent again.
    /// </summary>
    private static async Task Finish(
        Queue<(Batch Batch, Task<EventAnswer[]> Answers)> underWay,
        ImportFile file,
        ImportProgress progress,
        RejectsFile? rejects)
    {
        try
        {
            while (underWay.Count > 0)
            {
                await TakeFirst(underWay, file, progress, rejects);
            }
        }
        catch (Exception)
        {
            // The first failure is the one that is told; the others must not go unobserved.
            await Task.WhenAll(underWay.Select(one => (Task)one.Answers))
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task Save(ImportProgress progress, RejectsFile? rejects, CancellationToken cancellation)
    {
        rejects?.Flush();
        await store.Save(progress, cancellation);
    }

    /// <summary>What the API says, without the path of the item.</summary>
    private static (string Code, string Reason) Words(EventOutcome outcome) => outcome switch
    {
        EventOutcome.UnknownCampaign =>
            ("unknown_campaign", "campaign_id is not a campaign that is open to events"),
        EventOutcome.OfferNotInCampaign => ("unknown_offer", "offer_id is not one of the campaign's offers"),
        EventOutcome.IdReused => ("conflict", "event_id was already used for another event"),
        EventOutcome.Expired =>
            ("expired", $"event_id is older than the {IngestRules.RememberedDays} days that ids are remembered"),
        EventOutcome.TimeOutOfRange => (
            "out_of_range",
            $"occurred_at must be at most {IngestRules.RememberedDays} days ago and {IngestRules.AheadMinutes} minutes "
            + "ahead"),
        EventOutcome.Accepted or EventOutcome.Duplicate => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    /// <summary>Some lines on their way.</summary>
    private sealed class Batch
    {
        private readonly SentEvent[] _events = new SentEvent[EventWriter.EventsMax];
        private int _count;

        public ArraySegment<SentEvent> Events => new(_events, 0, _count);

        /// <summary>Line numbers of the events.</summary>
        public long[] Numbers { get; } = new long[EventWriter.EventsMax];

        public List<(long Line, string Code, string Reason)> Rejects { get; } = [];

        public int Lines => _count + Rejects.Count;

        /// <summary>Where the log was after its last line.</summary>
        public long Through { get; set; }

        public void Add(long number, in SentEvent sent)
        {
            Numbers[_count] = number;
            _events[_count++] = sent;
        }

        public void Reject(long number, string code, string reason) => Rejects.Add((number, code, reason));
    }
}
