using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>One reconciliation.</summary>
public sealed record ReconciliationOut
{
    /// <summary>Names it.</summary>
    public required ReconciliationId ReconciliationId { get; init; }

    /// <summary>When it began.</summary>
    public required Instant StartedAt { get; init; }

    /// <summary>Who wanted it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>Transfers made since then were held against payouts.</summary>
    public required Instant Since { get; init; }

    /// <summary>When it ended; null while it runs, or when it was cut off.</summary>
    public Instant? FinishedAt { get; init; }

    /// <summary>Transfers that the provider listed.</summary>
    public required long TransferCount { get; init; }

    /// <summary>Payouts that were held against them.</summary>
    public required long PayoutCount { get; init; }

    /// <summary>What differed, also what was listed before.</summary>
    public required long DifferenceCount { get; init; }

    /// <summary>Why it is incomplete; empty when it is not.</summary>
    public required string Failure { get; init; }
}

/// <summary>Something on which a provider and we disagree.</summary>
public sealed record DifferenceOut
{
    /// <summary>Names it.</summary>
    public required DifferenceId DifferenceId { get; init; }

    /// <summary>How they differ.</summary>
    public required DifferenceKind Kind { get; init; }

    /// <summary>The retailer that was put on hold; null when it is nobody's destination.</summary>
    public OrganizationId? OrganizationId { get; init; }

    /// <summary>The payout it is about; null when no payout is named.</summary>
    public PayoutId? PayoutId { get; init; }

    /// <summary>The provider's transfer.</summary>
    public required string TransferId { get; init; }

    /// <summary>What we say.</summary>
    public required string Ours { get; init; }

    /// <summary>What the provider says.</summary>
    public required string Theirs { get; init; }

    /// <summary>When it was found first.</summary>
    public required Instant FoundAt { get; init; }

    /// <summary>When it was found last.</summary>
    public required Instant LastSeenAt { get; init; }

    /// <summary>When somebody settled it; null: nobody has.</summary>
    public Instant? SettledAt { get; init; }

    /// <summary>Who settled it.</summary>
    public string? SettledBy { get; init; }

    /// <summary>How it was settled; empty until then.</summary>
    public required string Note { get; init; }

    /// <summary>The retailer's name; null when it is nobody's destination.</summary>
    public string? OrganizationName { get; init; }
}

/// <summary>Keeps reconciliations and what they found.</summary>
public sealed class ReconciliationStore(Database database, PayoutAccountStore accounts, AuditTrail trail)
{
    /// <summary>One that has not ended after so long was cut off, and another may take its place.</summary>
    private static readonly TimeSpan CutOff = TimeSpan.FromHours(1);

    private const string Insert = """
        INSERT INTO reconciliation (reconciliation_id, started_at, started_by, since, finished_at, transfer_count,
                                    payout_count, difference_count, failure)
        VALUES (@id, @now, @actor, @since, NULL, 0, 0, 0, '')
        ON CONFLICT (reconciliation_id) DO UPDATE SET started_at = excluded.started_at
        WHERE reconciliation.finished_at IS NULL AND reconciliation.started_at < @stale
        """;

    private const string SetFinished = """
        UPDATE reconciliation SET finished_at = @now, transfer_count = @transfers, payout_count = @payouts,
                                  difference_count = @differences, failure = @failure
        WHERE reconciliation_id = @id
        """;

    private const string ListAll = """
        SELECT reconciliation_id, started_at, started_by, since, finished_at, transfer_count, payout_count,
               difference_count, failure
        FROM reconciliation ORDER BY started_at DESC, reconciliation_id DESC LIMIT @size OFFSET @offset
        """;

    private const string CountAll = "SELECT COUNT(*) FROM reconciliation";

    private const string FindOne = """
        SELECT reconciliation_id, started_at, started_by, since, finished_at, transfer_count, payout_count,
               difference_count, failure
        FROM reconciliation WHERE reconciliation_id = @id
        """;

    private const string InsertDifference = """
        INSERT INTO payout_difference (difference_id, kind, org_id, payout_id, transfer_id, ours, theirs, found_at,
                                       last_seen_at, settled_at, settled_by, note)
        VALUES (@id, @kind, @org, @payout, @transfer, @ours, @theirs, @now, @now, NULL, NULL, '')
        ON CONFLICT (difference_id) DO NOTHING
        """;

    private const string SeeAgain = "UPDATE payout_difference SET last_seen_at = @now WHERE difference_id = @id";

    private const string Differences = """
        SELECT d.difference_id, d.kind, d.org_id, d.payout_id, d.transfer_id, d.ours, d.theirs, d.found_at,
               d.last_seen_at, d.settled_at, d.settled_by, d.note,
               (SELECT o.name FROM organization o WHERE o.org_id = d.org_id)
        FROM payout_difference d
        """;

    private const string Newest = " ORDER BY found_at DESC, difference_id DESC LIMIT @size OFFSET @offset";

    private const string Open = " WHERE settled_at IS NULL";

    private const string CountDifferences = "SELECT COUNT(*) FROM payout_difference";

    private const string FindDifference = Differences + " WHERE difference_id = @id";

    private const string SetSettled = """
        UPDATE payout_difference SET settled_at = @now, settled_by = @actor, note = @note
        WHERE difference_id = @id AND settled_at IS NULL
        """;

    /// <summary>False when one of that id is done, or under way.</summary>
    public Task<bool> Begin(
        ReconciliationId id, Instant since, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var begun = await connection.Execute(
                    Insert,
                    cancellation,
                    ("id", id),
                    ("now", now),
                    ("actor", actor),
                    ("since", since),
                    ("stale", now + -CutOff));
                if (begun == 1)
                {
                    await trail.Record(
                        connection,
                        default,
                        "reconciliation.start",
                        $"reconciliation:{id}",
                        null,
                        await connection.First(FindOne, ReadOne, cancellation, ("id", id)),
                        cancellation);
                }

                return begun == 1;
            },
            cancellation);

    public Task Finish(
        ReconciliationId id,
        long transfers,
        long payouts,
        long differences,
        string failure,
        Instant now,
        CancellationToken cancellation) => database.Write(
        connection => connection.Execute(
            SetFinished,
            cancellation,
            ("id", id),
            ("now", now),
            ("transfers", transfers),
            ("payouts", payouts),
            ("differences", differences),
            ("failure", failure)),
        cancellation);

    /// <summary>Lists a difference and puts the retailer on hold, at once. False when it was listed before.</summary>
    public Task<bool> Add(Mismatch found, string actor, Instant now, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var added = await connection.Execute(
                    InsertDifference,
                    cancellation,
                    ("id", found.Id),
                    ("kind", PayoutWords.Of(found.Kind)),
                    ("org", found.Retailer),
                    ("payout", found.Payout),
                    ("transfer", found.TransferId),
                    ("ours", found.Ours),
                    ("theirs", found.Theirs),
                    ("now", now)) == 1;
                if (!added)
                {
                    await connection.Execute(SeeAgain, cancellation, ("id", found.Id), ("now", now));
                    return false;
                }

                if (found.Retailer is { } retailer)
                {
                    await accounts.Hold(
                        connection,
                        retailer,
                        $"Reconciliation found a difference: {found.Id}.",
                        actor,
                        now,
                        cancellation);
                }

                var difference = await connection.First(
                    FindDifference, ReadDifference, cancellation, ("id", found.Id));
                await Record(connection, "find", null, difference!, cancellation);
                return true;
            },
            cancellation);

    public Task<Paged<ReconciliationOut>> List(Page page, CancellationToken cancellation) =>
        List(ListAll, CountAll, ReadOne, page, cancellation);

    public Task<ReconciliationOut?> Find(ReconciliationId id, CancellationToken cancellation) => database.Read(
        connection => connection.First(FindOne, ReadOne, cancellation, ("id", id)), cancellation);

    /// <summary>What was found, the latest first.</summary>
    public Task<Paged<DifferenceOut>> ListDifferences(bool openOnly, Page page, CancellationToken cancellation)
    {
        var which = openOnly ? Open : "";
        return List(Differences + which + Newest, CountDifferences + which, ReadDifference, page, cancellation);
    }

    /// <summary>
    /// Notes how a difference was settled. The retailer stays on hold until that is lifted. Null when there is no such
    /// difference; false when it was settled before.
    /// </summary>
    public Task<(DifferenceOut? Difference, bool IsNew)> Settle(
        DifferenceId id, string note, string actor, Instant now, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var before = await connection.First(
                FindDifference + database.ForUpdate, ReadDifference, cancellation, ("id", id));
            var isNew = await connection.Execute(
                SetSettled, cancellation, ("id", id), ("now", now), ("actor", actor), ("note", note)) == 1;
            var after = await connection.First(FindDifference, ReadDifference, cancellation, ("id", id));
            if (isNew)
            {
                await Record(connection, "settle", before, after!, cancellation);
            }

            return (after, isNew);
        },
        cancellation);

    /// <summary>In the chain of the retailer that it is about, where its hold is too; else in the platform's.</summary>
    private Task Record(
        DbConnection connection,
        string verb,
        DifferenceOut? before,
        DifferenceOut after,
        CancellationToken cancellation) => trail.Record(
        connection,
        after.OrganizationId ?? default,
        $"payout_difference.{verb}",
        $"payout_difference:{after.DifferenceId}",
        before,
        after,
        cancellation);

    private Task<Paged<T>> List<T>(
        string list, string count, Func<DbDataReader, T> read, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection => new Paged<T>(
                await connection.Query(list, read, cancellation, ("size", page.Size), ("offset", page.Offset)),
                page,
                (int)(await connection.Number(count, cancellation))!.Value),
            cancellation);

    private static ReconciliationOut ReadOne(DbDataReader row) => new()
    {
        ReconciliationId = row.Id<ReconciliationId>(0),
        StartedAt = new Instant(row.GetInt64(1)),
        StartedBy = row.GetString(2),
        Since = new Instant(row.GetInt64(3)),
        FinishedAt = row.InstantOrNull(4),
        TransferCount = row.GetInt64(5),
        PayoutCount = row.GetInt64(6),
        DifferenceCount = row.GetInt64(7),
        Failure = row.GetString(8),
    };

    private static DifferenceOut ReadDifference(DbDataReader row) => new()
    {
        DifferenceId = row.Id<DifferenceId>(0),
        Kind = PayoutWords.Difference(row.GetString(1)),
        OrganizationId = row.IdOrNull<OrganizationId>(2),
        PayoutId = row.IdOrNull<PayoutId>(3),
        TransferId = row.GetString(4),
        Ours = row.GetString(5),
        Theirs = row.GetString(6),
        FoundAt = new Instant(row.GetInt64(7)),
        LastSeenAt = new Instant(row.GetInt64(8)),
        SettledAt = row.InstantOrNull(9),
        SettledBy = row.TextOrNull(10),
        Note = row.GetString(11),
        OrganizationName = row.TextOrNull(12),
    };
}
