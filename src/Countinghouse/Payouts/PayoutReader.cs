using System.Data.Common;
using Countinghouse.Http;
using Countinghouse.Payouts.Providers;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Payouts;

/// <summary>Which payouts to list.</summary>
/// <param name="Retailer">Only this one's; null: everybody's.</param>
/// <param name="State">Only those in it; null: in any.</param>
/// <param name="Run">Only those that it made; null: of any.</param>
public sealed record PayoutFilter(OrganizationId? Retailer, PayoutState? State = null, PayoutRunId? Run = null);

/// <summary>Reads payouts for people and programs.</summary>
public sealed class PayoutReader(Database database)
{
    private const string Columns = """
        SELECT p.payout_id, p.org_id, p.run_id, p.amount_cents, p.reversed_cents, p.provider, p.destination, p.state,
               p.transfer_id, p.failure, p.created_at, p.due_at, p.settled_at, p.settled_by, o.name
        FROM payout p JOIN organization o ON o.org_id = p.org_id
        """;

    private const string Newest = " ORDER BY p.created_at DESC, p.payout_id DESC LIMIT @size OFFSET @offset";

    private const string CountAll = "SELECT COUNT(*) FROM payout p";

    private const string FindOne = Columns + " WHERE p.org_id = @org AND p.payout_id = @payout";

    private const string InRun = Columns + " WHERE p.run_id = @run ORDER BY p.org_id";

    private const string InBankFile = Columns + """
         WHERE p.run_id = @run AND p.provider = @manual AND p.state = 'SENDING' AND p.due_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM payout_halt)
           AND NOT EXISTS (
               SELECT 1 FROM payout_account c WHERE c.org_id = p.org_id AND c.hold_reason IS NOT NULL)
         ORDER BY p.org_id
        """;

    private const string Items = """
        SELECT i.share_id, r.period, i.share_cents
        FROM payout_item i JOIN revenue_share r ON r.org_id = i.org_id AND r.share_id = i.share_id
        WHERE i.org_id = @org AND i.payout_id = @payout ORDER BY r.period
        """;

    private const string Attempts = """
        SELECT attempt_no, idempotency_key, sends, first_sent_at, last_sent_at, outcome, http_status, error_code,
               request_ref
        FROM payout_attempt WHERE org_id = @org AND payout_id = @payout ORDER BY attempt_no
        """;

    /// <summary>The latest first.</summary>
    public Task<Paged<PayoutOut>> List(PayoutFilter filter, Page page, CancellationToken cancellation)
    {
        var conditions = new List<string>();
        var values = new List<(string, object?)>();
        if (filter.Retailer is { } organization)
        {
            conditions.Add("p.org_id = @org");
            values.Add(("org", organization));
        }

        if (filter.State is { } wanted)
        {
            conditions.Add("p.state = @state");
            values.Add(("state", PayoutWords.Of(wanted)));
        }

        if (filter.Run is { } run)
        {
            conditions.Add("p.run_id = @run");
            values.Add(("run", run));
        }

        var where = conditions.Count > 0 ? " WHERE " + string.Join(" AND ", conditions) : "";
        return database.ReadSnapshot(
            async connection => new Paged<PayoutOut>(
                await connection.Query(
                    Columns + where + Newest,
                    Read,
                    cancellation,
                    [.. values, ("size", page.Size), ("offset", page.Offset)]),
                page,
                (int)(await connection.Number(CountAll + where, cancellation, [.. values]))!.Value),
            cancellation);
    }

    /// <summary>On the caller's transaction.</summary>
    internal static Task<PayoutOut?> Find(
        DbConnection connection, OrganizationId retailer, PayoutId payout, CancellationToken cancellation) =>
        connection.First(FindOne, Read, cancellation, ("org", retailer), ("payout", payout));

    /// <summary>Null when there is no such payout, or when it is another organization's.</summary>
    public Task<PayoutDetailOut?> Find(
        OrganizationId retailer, PayoutId payout, CancellationToken cancellation) => database.ReadSnapshot(
        async connection =>
        {
            var found = await connection.First(FindOne, Read, cancellation, ("org", retailer), ("payout", payout));
            return found is null
                ? null
                : new PayoutDetailOut
                {
                    Payout = found,
                    Items = await connection.Query(
                        Items, ReadItem, cancellation, ("org", retailer), ("payout", payout)),
                    Attempts = await connection.Query(
                        Attempts, ReadAttempt, cancellation, ("org", retailer), ("payout", payout)),
                };
        },
        cancellation);

    /// <summary>A run's payouts, as they stand now.</summary>
    public Task<List<PayoutOut>> OfRun(PayoutRunId run, CancellationToken cancellation) => database.Read(
        connection => connection.Query(InRun, Read, cancellation, ("run", run)), cancellation);

    /// <summary>
    /// A run's payouts that wait for the operator's bank; none of a retailer on hold, and none at all while payouts are
    /// stopped.
    /// </summary>
    public Task<List<PayoutOut>> BankFile(PayoutRunId run, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            InBankFile, Read, cancellation, ("run", run), ("manual", ManualProvider.ProviderName)),
        cancellation);

    private static PayoutOut Read(DbDataReader row) => new()
    {
        PayoutId = row.Id<PayoutId>(0),
        OrganizationId = row.Id<OrganizationId>(1),
        RunId = row.Id<PayoutRunId>(2),
        Amount = new Cents(row.GetInt64(3)),
        ReversedAmount = new Cents(row.GetInt64(4)),
        Provider = row.GetString(5),
        Destination = row.GetString(6),
        State = PayoutWords.State(row.GetString(7)),
        TransferId = row.TextOrNull(8),
        Failure = row.GetString(9),
        CreatedAt = new Instant(row.GetInt64(10)),
        DueAt = row.InstantOrNull(11),
        SettledAt = row.InstantOrNull(12),
        SettledBy = row.TextOrNull(13),
        OrganizationName = row.GetString(14),
    };

    private static PayoutItemOut ReadItem(DbDataReader row) => new()
    {
        ShareId = row.Id<ShareId>(0),
        Month = Period.FromNumber(row.GetInt32(1)),
        Amount = new Cents(row.GetInt64(2)),
    };

    private static PayoutAttemptOut ReadAttempt(DbDataReader row) => new()
    {
        AttemptNo = row.GetInt32(0),
        IdempotencyKey = row.GetString(1),
        Sends = row.GetInt32(2),
        FirstSentAt = new Instant(row.GetInt64(3)),
        LastSentAt = new Instant(row.GetInt64(4)),
        Outcome = PayoutWords.Attempt(row.GetString(5)),
        HttpStatus = (int?)row.NumberOrNull(6),
        ErrorCode = row.GetString(7),
        RequestRef = row.GetString(8),
    };
}
