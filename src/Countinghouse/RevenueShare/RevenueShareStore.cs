using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>How a change of status ended.</summary>
public enum ChangeOutcome
{
    Changed = 1,
    NoSuchRecord = 2,

    /// <summary>The record is in a state from which this is not possible; nothing was changed.</summary>
    NotInState = 3,

    /// <summary>The record was changed since the caller read it; nothing was changed.</summary>
    RevisionMoved = 4,

    /// <summary>The record is in a payout that is under way; nothing was changed.</summary>
    BeingPaid = 5,
}

/// <summary>The record as it stands after an attempt to change it; null when there is none.</summary>
public readonly record struct ShareChange(ChangeOutcome Outcome, RevenueShareOut? Record);

/// <summary>Keeps the retailers' records. Settlements make them; here they are read and change their status.</summary>
public sealed class RevenueShareStore(Database database, AuditTrail trail, TimeProvider clock)
{
    private const string Columns = """
        SELECT share_id, period, gross_cents, fee_cents, share_cents, fee_ppm, status, paid_at, stripe_transfer_id,
               metadata, revision, payout_id
        FROM revenue_share WHERE org_id = @org
        """;

    private const string FindOne = Columns + " AND share_id = @share";

    private const string ListAll = Columns + " ORDER BY period DESC LIMIT @size OFFSET @offset";

    private const string CountAll = "SELECT COUNT(*) FROM revenue_share WHERE org_id = @org";

    // One statement, so that the three figures are of one moment. Paid is what payouts moved and did not come back.
    private const string Summarize = """
        SELECT CAST(COALESCE(SUM(share_cents), 0) AS bigint),
               (SELECT CAST(COALESCE(SUM(amount_cents - reversed_cents), 0) AS bigint) FROM payout
                WHERE org_id = @org AND state IN ('SUCCEEDED', 'REVERSED')),
               (SELECT COUNT(*) FROM location WHERE org_id = @org AND is_active)
        FROM revenue_share WHERE org_id = @org
        """;

    // The conditions are what makes two operators at once safe: the second one's finds no row. A record that is in a
    // payout stays as it is until that is over.
    private const string ChangeStatus = """
        UPDATE revenue_share SET status = @to, revision = @next, updated_at = @now
        WHERE org_id = @org AND share_id = @share AND status = @from AND revision = @revision AND payout_id IS NULL
        """;

    private const string SetMetadata = """
        UPDATE revenue_share SET metadata = @metadata, updated_at = @now WHERE org_id = @org AND share_id = @share
        """;

    // Under the row lock that the change of status holds, so no two transitions get one number.
    private const string AddTransition = """
        INSERT INTO share_transition (org_id, share_id, seq, from_status, to_status, actor, reason, at)
        SELECT @org, @share, COALESCE(MAX(seq), 0) + 1, @from, @to, @actor, @reason, @now
        FROM share_transition WHERE org_id = @org AND share_id = @share
        """;

    public Task<Paged<RevenueShareOut>> List(OrganizationId retailer, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(CountAll, cancellation, ("org", retailer)))!.Value;
                var rows = await connection.Query(
                    ListAll, Read, cancellation, ("org", retailer), ("size", page.Size), ("offset", page.Offset));
                return new Paged<RevenueShareOut>(rows, page, total);
            },
            cancellation);

    /// <summary>Null when there is no such record, or when it is another organization's.</summary>
    public Task<RevenueShareOut?> Find(OrganizationId retailer, ShareId share, CancellationToken cancellation) =>
        database.Read(connection => Find(connection, retailer, share, cancellation), cancellation);

    public Task<RevenueShareSummaryOut> Summary(OrganizationId retailer, CancellationToken cancellation) =>
        database.Read(connection => Summary(connection, retailer, cancellation), cancellation);

    /// <summary>In the caller's snapshot.</summary>
    internal static async Task<RevenueShareSummaryOut> Summary(
        DbConnection connection, OrganizationId retailer, CancellationToken cancellation) =>
        (await connection.First(
            Summarize,
            row => new RevenueShareSummaryOut
            {
                OrganizationId = retailer,
                TotalEarned = new Cents(row.GetInt64(0)),
                TotalPaid = new Cents(row.GetInt64(1)),
                PendingBalance = new Cents(row.GetInt64(0) - row.GetInt64(1)),
                ActiveLocations = row.GetInt32(2),
            },
            cancellation,
            ("org", retailer)))!;

    /// <summary>Does something to the record as it was at <paramref name="revision"/>, once.</summary>
    public Task<ShareChange> Change(
        OrganizationId retailer,
        ShareId share,
        ShareAction action,
        int revision,
        string actor,
        string reason,
        CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var (sources, to) = RevenueShareRules.Change(action);
            var now = Instant.Of(clock.GetUtcNow());
            foreach (var from in sources)
            {
                var changed = await connection.Execute(
                    ChangeStatus,
                    cancellation,
                    ("org", retailer),
                    ("share", share),
                    ("from", Stored(from)),
                    ("to", Stored(to)),
                    ("revision", revision),
                    ("next", RevenueShareRules.RaisesRevision(action) ? revision + 1 : revision),
                    ("now", now));
                if (changed == 1)
                {
                    await RecordTransition(connection, retailer, share, from, to, actor, reason, now, cancellation);
                    var record = await Find(connection, retailer, share, cancellation);
                    await trail.Record(
                        connection,
                        retailer,
                        $"revenue_share.{action.ToString().ToLowerInvariant()}",
                        $"revenue_share:{share}",
                        new { Status = from, Revision = revision },
                        new { Status = to, record!.Revision, Reason = reason },
                        cancellation);
                    return new ShareChange(ChangeOutcome.Changed, record);
                }
            }

            return WhyNot(sources, await Find(connection, retailer, share, cancellation));
        },
        cancellation);

    /// <summary>
    /// Changes the record's notes; null when <paramref name="change"/> refuses or there is no such record.
    /// </summary>
    public Task<RevenueShareOut?> ChangeMetadata(
        OrganizationId retailer,
        ShareId share,
        Func<IReadOnlyDictionary<string, string>, IReadOnlyDictionary<string, string>?> change,
        CancellationToken cancellation) => database.Write(
        async connection =>
        {
            // Under the row's lock: two changes of metadata at once must not lose one of them.
            var stored = await connection.First(
                FindOne + database.ForUpdate, Read, cancellation, ("org", retailer), ("share", share));
            if (stored is null || change(stored.Metadata) is not { } wanted)
            {
                return null;
            }

            await connection.Execute(
                SetMetadata,
                cancellation,
                ("org", retailer),
                ("share", share),
                ("metadata", MetadataMap.Store(wanted)),
                ("now", Instant.Of(clock.GetUtcNow())));
            var changed = stored with { Metadata = wanted };
            await trail.Record(
                connection,
                retailer,
                "revenue_share.change",
                $"revenue_share:{share}",
                stored,
                changed,
                cancellation);
            return changed;
        },
        cancellation);

    /// <summary>Adds to a record's history; null as the state it comes from: it was made.</summary>
    internal static Task<int> RecordTransition(
        DbConnection connection,
        OrganizationId retailer,
        ShareId share,
        RevenueShareStatusEnum? from,
        RevenueShareStatusEnum to,
        string actor,
        string reason,
        Instant now,
        CancellationToken cancellation)
    {
        var (sql, values) = Transition(retailer, share, from, to, actor, reason, now);
        return connection.Execute(sql, cancellation, values);
    }

    /// <summary>The same as a statement, to go with others.</summary>
    internal static (string Sql, (string Name, object? Value)[] Values) Transition(
        OrganizationId retailer,
        ShareId share,
        RevenueShareStatusEnum? from,
        RevenueShareStatusEnum to,
        string actor,
        string reason,
        Instant now) => (
        AddTransition,
        [
            ("org", retailer),
            ("share", share),
            ("from", from is { } known ? Stored(known) : ""),
            ("to", Stored(to)),
            ("actor", actor),
            ("reason", reason),
            ("now", now),
        ]);

    internal static string Stored(RevenueShareStatusEnum status) => status switch
    {
        RevenueShareStatusEnum.Calculated => "CALCULATED",
        RevenueShareStatusEnum.Approved => "APPROVED",
        RevenueShareStatusEnum.Paid => "PAID",
        RevenueShareStatusEnum.Disputed => "DISPUTED",
    };

    internal static RevenueShareStatusEnum Status(string stored) =>
        Enum.Parse<RevenueShareStatusEnum>(stored, ignoreCase: true);

    private static ShareChange WhyNot(IReadOnlyList<RevenueShareStatusEnum> sources, RevenueShareOut? record) =>
        record switch
        {
            null => new ShareChange(ChangeOutcome.NoSuchRecord, null),
            _ when sources.Contains(record.Status) && record.PayoutId is not null =>
                new ShareChange(ChangeOutcome.BeingPaid, record),
            _ when sources.Contains(record.Status) => new ShareChange(ChangeOutcome.RevisionMoved, record),
            _ => new ShareChange(ChangeOutcome.NotInState, record),
        };

    private static Task<RevenueShareOut?> Find(
        DbConnection connection, OrganizationId retailer, ShareId share, CancellationToken cancellation) =>
        connection.First(FindOne, Read, cancellation, ("org", retailer), ("share", share));

    /// <summary>Reads the first columns of a row: those of <see cref="Columns"/>.</summary>
    internal static RevenueShareOut Read(DbDataReader row)
    {
        var period = Period.FromNumber(row.GetInt32(1));
        return new RevenueShareOut
        {
            Id = row.Id<ShareId>(0),
            PeriodStart = period.FirstDay,
            PeriodEnd = period.LastDay,
            GrossRevenue = new Cents(row.GetInt64(2)),
            PlatformFee = new Cents(row.GetInt64(3)),
            RetailerShare = new Cents(row.GetInt64(4)),
            PlatformFeeRate = new FeeRate(row.GetInt32(5)),
            Status = Status(row.GetString(6)),
            PaidAt = row.InstantOrNull(7),
            StripeTransferId = row.GetString(8),
            Metadata = MetadataMap.Load(row.GetString(9)),
            Revision = row.GetInt32(10),
            PayoutId = row.IdOrNull<PayoutId>(11),
        };
    }
}
