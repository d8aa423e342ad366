using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>Where a run stands. The words are stored; frozen.</summary>
public enum RunState
{
    /// <summary>Somebody has looked; nothing is paid by it unless it is confirmed.</summary>
    [JsonStringEnumMemberName("PREVIEWED")]
    Previewed = 1,

    /// <summary>What was seen is being paid.</summary>
    [JsonStringEnumMemberName("CONFIRMED")]
    Confirmed = 2,

    /// <summary>Nothing will be paid by it.</summary>
    [JsonStringEnumMemberName("CANCELLED")]
    Cancelled = 3,
}

/// <summary>A run of payouts, as it is kept.</summary>
public sealed record PayoutRun(
    PayoutRunId Id,
    RunState State,
    string Fingerprint,
    Cents Minimum,
    Instant CreatedAt,
    string CreatedBy,
    Instant? DecidedAt,
    string? DecidedBy,
    long PayoutCount,
    Cents Amount,
    long SkippedCount);

/// <summary>What a run does with one retailer.</summary>
public sealed record PlanRow(
    OrganizationId Retailer,
    PlanOutcome Outcome,
    Cents Amount,
    string? Provider,
    string Destination,
    IReadOnlyList<PayableShare> Shares,
    string Name);

/// <summary>How a decision on a run ended.</summary>
public enum DecideOutcome
{
    Decided = 1,
    NoSuchRun = 2,

    /// <summary>It was confirmed or cancelled before.</summary>
    NotPreviewed = 3,

    /// <summary>The fingerprint is another run's.</summary>
    OtherFingerprint = 4,

    /// <summary>Whoever asked for the preview may not confirm it.</summary>
    SamePerson = 5,
}

/// <summary>Plans runs, and makes their payouts once they are confirmed.</summary>
public sealed partial class PayoutRunStore(
    Database database, PayoutStore payouts, IOptions<PayoutOptions> options, AuditTrail trail, TimeProvider clock)
{
    /// <summary>Retailers whose payouts are made in one go of the worker.</summary>
    private const int ReservedMax = 1_000;

    /// <summary>
    /// Writes down what paying now would do: each retailer's approved records, summed. Nothing else is changed.
    /// </summary>
    /// <param name="only">A retailer; null for all.</param>
    /// <param name="actor">Who wants to see it.</param>
    /// <param name="cancellation">Ends the work.</param>
    public async Task<PayoutRun> Preview(OrganizationId? only, string actor, CancellationToken cancellation)
    {
        var id = new PayoutRunId(Guid.CreateVersion7(clock.GetUtcNow()));
        return await database.Write(
            async connection =>
            {
                var rows = await Plan(connection, only, cancellation);
                await connection.Execute(
                    InsertRun,
                    cancellation,
                    ("run", id),
                    ("fingerprint", FingerprintOf(rows)),
                    ("minimum", options.Value.Minimum),
                    ("now", Instant.Of(clock.GetUtcNow())),
                    ("actor", actor));
                await connection.ExecuteMany(
                    InsertPlan,
                    ["run", "org", "outcome", "amount", "provider", "destination", "records"],
                    rows.Select(row => new object?[]
                    {
                        id, row.Retailer, PayoutWords.Of(row.Outcome), row.Amount, row.Provider, row.Destination,
                        Write(row.Shares),
                    }),
                    cancellation);
                var run = (await Find(connection, id, cancellation))!;
                await Record(connection, "preview", null, run, cancellation);
                return run;
            },
            cancellation);
    }

    public Task<PayoutRun?> Find(PayoutRunId run, CancellationToken cancellation) =>
        database.Read(connection => Find(connection, run, cancellation), cancellation);

    public Task<Paged<PayoutRun>> List(Page page, CancellationToken cancellation) => database.ReadSnapshot(
        async connection => new Paged<PayoutRun>(
            await connection.Query(
                ListRuns, ReadRun, cancellation, ("size", page.Size), ("offset", page.Offset)),
            page,
            (int)(await connection.Number(CountRuns, cancellation))!.Value),
        cancellation);

    /// <summary>What the run does with each retailer.</summary>
    public Task<Paged<PlanRow>> ListRows(PayoutRunId run, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection => new Paged<PlanRow>(
                await connection.Query(
                    ListPlan,
                    ReadPlan,
                    cancellation,
                    ("run", run),
                    ("size", page.Size),
                    ("offset", page.Offset)),
                page,
                (int)(await connection.Number(CountPlan, cancellation, ("run", run)))!.Value),
            cancellation);

    /// <summary>
    /// Confirms what was seen. Its payouts are made by <see cref="Reserve(CancellationToken)"/>, now or by the worker:
    /// a run that is confirmed is carried out, whatever happens to this process.
    /// </summary>
    public Task<DecideOutcome> Confirm(
        PayoutRunId run, string fingerprint, string actor, CancellationToken cancellation) =>
        Decide(run, RunState.Confirmed, fingerprint, actor, cancellation);

    /// <summary>Nothing will be paid by the run.</summary>
    public Task<DecideOutcome> Cancel(PayoutRunId run, string actor, CancellationToken cancellation) =>
        Decide(run, RunState.Cancelled, null, actor, cancellation);

    /// <summary>Makes the payouts of confirmed runs that are not made yet. Returns how many were looked at.</summary>
    public async Task<int> Reserve(CancellationToken cancellation)
    {
        var left = await database.Read(
            connection => connection.Query(
                ListLeft,
                row => (Run: row.Id<PayoutRunId>(0), Retailer: row.Id<OrganizationId>(1)),
                cancellation,
                ("limit", ReservedMax)),
            cancellation);
        foreach (var (run, retailer) in left)
        {
            await database.Write(connection => Reserve(connection, run, retailer, cancellation), cancellation);
            Faults.Hit("payout_after_reserve");
        }

        return left.Count;
    }

    private async Task Reserve(
        DbConnection connection, PayoutRunId run, OrganizationId retailer, CancellationToken cancellation)
    {
        var row = await connection.First(
            OnePlan + database.ForUpdate, ReadPlan, cancellation, ("run", run), ("org", retailer));
        if (row is null)
        {
            return;
        }

        var now = Instant.Of(clock.GetUtcNow());
        var id = new PayoutId(NamedId.Create($"payout/{run.Value:D}/{retailer.Value:D}"));
        var account = await PayoutAccountStore.Find(connection, retailer, database.ForUpdate, cancellation);
        var payable = await connection.Query(
            StillPayable + database.ForUpdate, ReadShare, cancellation, ("org", retailer));
        var isAsSeen = account is { HoldReason: null } && account.Provider == row.Provider
            && account.Destination == row.Destination && row.Shares.All(payable.Contains);
        if (isAsSeen)
        {
            foreach (var share in row.Shares)
            {
                if (!await SharePayments.Reserve(connection, retailer, share, id, now, cancellation))
                {
                    throw new InvalidOperationException($"Record {share.Share} changed under its lock.");
                }
            }

            var payout = new Payout
            {
                Organization = retailer,
                Id = id,
                Amount = row.Amount,
                Provider = row.Provider!,
                Destination = row.Destination,
                State = PayoutState.Ready,
                Version = 1,
            };
            await payouts.Add(connection, payout, run, row.Shares, now, cancellation);
        }

        await connection.Execute(
            SetOutcome,
            cancellation,
            ("run", run),
            ("org", retailer),
            ("outcome", PayoutWords.Of(isAsSeen ? PlanOutcome.Reserved : PlanOutcome.Changed)));
        if (isAsSeen)
        {
            await payouts.RecordMade(connection, retailer, id, cancellation);
            return;
        }

        await trail.Record(
            connection,
            retailer,
            "payout_run.skip",
            SubjectOf(run),
            PlanRowOut.From(row),
            PlanRowOut.From(row with { Outcome = PlanOutcome.Changed }),
            cancellation);
    }

    private async Task<List<PlanRow>> Plan(
        DbConnection connection, OrganizationId? only, CancellationToken cancellation)
    {
        var found = await connection.Query(
            Candidates + (only is null ? "" : OfOne) + InOrder,
            row => (
                Retailer: row.Id<OrganizationId>(0),
                Share: new PayableShare(row.Id<ShareId>(1), row.GetInt32(2), new Cents(row.GetInt64(3))),
                Provider: row.TextOrNull(4),
                Destination: row.TextOrNull(5) ?? "",
                IsOnHold: row.TextOrNull(6) is not null,
                Name: row.GetString(7)),
            cancellation,
            only is { } retailer ? [("org", retailer)] : []);
        return
        [
            .. found.GroupBy(row => row.Retailer).Select(rows =>
            {
                var first = rows.First();
                var sum = new Cents(rows.Sum(row => row.Share.Amount.Value));
                return new PlanRow(
                    rows.Key,
                    PayoutRules.Plan(
                        new Payable(rows.Count(), sum, first.IsOnHold, first.Provider is not null),
                        options.Value.Minimum),
                    sum,
                    first.Provider,
                    first.Destination,
                    [.. rows.Select(row => row.Share)],
                    first.Name);
            }),
        ];
    }

    private Task<DecideOutcome> Decide(
        PayoutRunId run, RunState state, string? fingerprint, string actor, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var seen = await Find(connection, run, cancellation);
                var outcome = seen switch
                {
                    null => DecideOutcome.NoSuchRun,
                    { State: not RunState.Previewed } => DecideOutcome.NotPreviewed,
                    _ when fingerprint is not null && fingerprint != seen.Fingerprint => DecideOutcome.OtherFingerprint,
                    _ when state == RunState.Confirmed && options.Value.SecondPerson && seen.CreatedBy == actor =>
                        DecideOutcome.SamePerson,
                    _ => DecideOutcome.Decided,
                };
                if (outcome != DecideOutcome.Decided)
                {
                    return outcome;
                }

                var decided = await connection.Execute(
                    DecideRun,
                    cancellation,
                    ("run", run),
                    ("state", PayoutWords.Of(state)),
                    ("now", Instant.Of(clock.GetUtcNow())),
                    ("actor", actor));
                if (decided == 0)
                {
                    return DecideOutcome.NotPreviewed;
                }

                await Record(
                    connection,
                    state == RunState.Confirmed ? "confirm" : "cancel",
                    seen,
                    (await Find(connection, run, cancellation))!,
                    cancellation);
                return DecideOutcome.Decided;
            },
            cancellation);

    private static Task<PayoutRun?> Find(
        DbConnection connection, PayoutRunId run, CancellationToken cancellation) =>
        connection.First(FindRun, ReadRun, cancellation, ("run", run));

    /// <summary>A run is the platform's own, whoever is paid by it.</summary>
    private Task Record(
        DbConnection connection, string verb, PayoutRun? before, PayoutRun after, CancellationToken cancellation) =>
        trail.Record(
            connection,
            default,
            $"payout_run.{verb}",
            SubjectOf(after.Id),
            before is null ? null : PayoutRunOut.From(before),
            PayoutRunOut.From(after),
            cancellation);

    private static string SubjectOf(PayoutRunId run) => $"payout_run:{run}";

    /// <summary>SHA-256 over everything that would be paid, in lower-case hexadecimal digits.</summary>
    private static string FingerprintOf(IEnumerable<PlanRow> rows)
    {
        var text = new StringBuilder();
        foreach (var row in rows.Where(row => row.Outcome == PlanOutcome.Planned))
        {
            text.Append(
                CultureInfo.InvariantCulture,
                $"{row.Retailer} {row.Amount.Value} {row.Provider} {row.Destination} {Write(row.Shares)}\n");
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string Write(IEnumerable<PayableShare> shares) => JsonSerializer.Serialize(
        shares.Select(share => new object[] { share.Share.ToString(), share.Revision, share.Amount.Value }));

    private static List<PayableShare> ReadShares(string text) =>
    [
        .. JsonDocument.Parse(text).RootElement.EnumerateArray().Select(item => new PayableShare(
            ShortUuid.TryParse(item[0].GetString()!, out var id)
                ? new ShareId(id)
                : throw new InvalidOperationException("A plan names something that is no record."),
            item[1].GetInt32(),
            new Cents(item[2].GetInt64()))),
    ];

    private static PayableShare ReadShare(DbDataReader row) =>
        new(row.Id<ShareId>(0), row.GetInt32(1), new Cents(row.GetInt64(2)));

    private static PlanRow ReadPlan(DbDataReader row) => new(
        row.Id<OrganizationId>(0),
        PayoutWords.Plan(row.GetString(1)),
        new Cents(row.GetInt64(2)),
        row.TextOrNull(3),
        row.GetString(4),
        ReadShares(row.GetString(5)),
        row.GetString(6));

    private static PayoutRun ReadRun(DbDataReader row) => new(
        row.Id<PayoutRunId>(0),
        Enum.Parse<RunState>(row.GetString(1), ignoreCase: true),
        row.GetString(2),
        new Cents(row.GetInt64(3)),
        new Instant(row.GetInt64(4)),
        row.GetString(5),
        row.InstantOrNull(6),
        row.TextOrNull(7),
        row.GetInt64(8),
        new Cents(row.GetInt64(9)),
        row.GetInt64(10));
}
