using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Organizations;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>
/// What a retailer's events of a month come to, the corrections by the month they are about, and what earlier months
/// left below one cent.
/// </summary>
public readonly record struct RetailerGross(
    OrganizationId Retailer, Money Gross, Money CarryIn, IReadOnlyList<(Period Origin, Money Amount)> Corrections);

/// <summary>What an advertiser's month comes to, rollups and events alike.</summary>
public readonly record struct RollupTotals(long Events, Money Charge);

/// <summary>
/// Writes the steps of a close. Each is one transaction that changes nothing when it was done before, so that a close
/// may be run again, or twice at once, or be killed anywhere.
/// </summary>
public sealed partial class CloseStore(
    Database database, ShareBooks books, OrganizationVersions versions, AuditTrail trail, TimeProvider clock)
{
    /// <summary>Advertisers whose heads one transaction locks: ingest waits for no longer than these take.</summary>
    private const int FencedAtOnceMax = 200;

    /// <summary>Before the first batch there is nothing to chain to.</summary>
    private static readonly byte[] Genesis = new byte[32];

    public Task<List<OrganizationId>> Organizations(CancellationToken cancellation) => database.Read(
        connection => connection.Query(ListOrganizations, row => row.Id<OrganizationId>(0), cancellation),
        cancellation);

    public Task Start(Period period, string actor, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var now = Instant.Of(clock.GetUtcNow());
            var started = await connection.Execute(
                InsertSettlement, cancellation, ("period", period), ("now", now), ("actor", actor));
            if (started == 1)
            {
                await trail.Record(
                    connection,
                    default,
                    "settlement.start",
                    SubjectOf(period),
                    null,
                    SettlementListItem.From((await SettlementStore.Find(connection, period, cancellation))!),
                    cancellation);
            }
        },
        cancellation);

    /// <summary>
    /// Keeps new events out of the month, for every advertiser: what is flushed after this is booked on the day of its
    /// receipt. A flush under way holds the head's lock, so when this returns, its events are in.
    /// </summary>
    public async Task FenceAll(
        Period period, IReadOnlyList<OrganizationId> advertisers, CancellationToken cancellation)
    {
        OrganizationId after = default;
        foreach (var chunk in advertisers.Chunk(FencedAtOnceMax))
        {
            var (from, last) = (after, chunk[^1]);
            await Step(
                period,
                async connection =>
                {
                    await connection.Execute(
                        Fence,
                        cancellation,
                        ("genesis", Genesis),
                        ("period", period),
                        ("after", from),
                        ("last", last));
                    await connection.Execute(
                        StartPeriods, cancellation, ("period", period), ("after", from), ("last", last));
                },
                cancellation);
            after = last;
        }
    }

    /// <summary>Writes down what advertisers' months come to, once they were verified.</summary>
    public async Task KeepCounts(
        Period period,
        IReadOnlyList<(OrganizationId Advertiser, RollupTotals Totals)> verified,
        CancellationToken cancellation)
    {
        foreach (var chunk in verified.Chunk(FencedAtOnceMax))
        {
            await Step(
                period,
                async connection =>
                {
                    foreach (var (advertiser, totals) in chunk)
                    {
                        await connection.Execute(
                            RecordCounts,
                            cancellation,
                            ("events", totals.Events),
                            ("charge", totals.Charge),
                            ("org", advertiser),
                            ("period", period));
                    }
                },
                cancellation);
        }
    }

    /// <summary>
    /// What each retailer's events of the month come to, and the corrections that the month takes in; retailers with
    /// neither are left out. Months before are closed, so their carries stand.
    /// </summary>
    public async Task<List<RetailerGross>> Retailers(
        DbConnection connection, Period period, CancellationToken cancellation)
    {
        var charged = await connection.Query(
            SumRetailers,
            row => (Retailer: row.Id<OrganizationId>(0), Gross: new Money(row.GetInt64(1))),
            cancellation,
            ("nobody", default(OrganizationId)),
            ("first", period.FirstDay.FirstHour),
            ("last", period.LastDay.LastHour));
        var corrected = (await connection.Query(
            SumCorrections,
            row => (
                Retailer: row.Id<OrganizationId>(0),
                Origin: Period.FromNumber(row.GetInt32(1)),
                Amount: new Money(row.GetInt64(2))),
            cancellation,
            ("nobody", default(OrganizationId)),
            ("period", period))).ToLookup(one => one.Retailer, one => (one.Origin, one.Amount));
        var carries = (await connection.Query(
            ListCarries,
            row => (Retailer: row.Id<OrganizationId>(0), Carry: new Money(row.GetInt64(1))),
            cancellation,
            ("period", period))).ToDictionary(one => one.Retailer, one => one.Carry);
        var grosses = charged.ToDictionary(one => one.Retailer, one => one.Gross);
        return
        [
            .. grosses.Keys.Union(corrected.Select(group => group.Key)).OrderBy(retailer => retailer.Value)
                .Select(retailer => new RetailerGross(
                    retailer,
                    grosses.GetValueOrDefault(retailer),
                    carries.GetValueOrDefault(retailer),
                    [.. corrected[retailer]])),
        ];
    }

    /// <summary>What the retailers are called.</summary>
    public async Task<Dictionary<OrganizationId, string>> Names(
        DbConnection connection, IEnumerable<OrganizationId> retailers, CancellationToken cancellation) =>
        (await connection.Query(
            ListNames + database.AnyOf("orgs"),
            row => (Retailer: row.Id<OrganizationId>(0), Name: row.GetString(1)),
            cancellation,
            ("orgs", database.ListOf(retailers)))).ToDictionary(one => one.Retailer, one => one.Name);

    /// <summary>What records of earlier months have of a month of origin.</summary>
    public async Task<SharePart> Before(
        DbConnection connection,
        OrganizationId retailer,
        Period origin,
        Period period,
        FeeRate rate,
        CancellationToken cancellation) => (await connection.Query(
            SumParts,
            row => new SharePart(
                origin,
                new Money(row.GetInt64(0)),
                new Cents(row.GetInt64(1)),
                new Cents(row.GetInt64(2)),
                new Cents(row.GetInt64(3)),
                rate),
            cancellation,
            ("org", retailer),
            ("origin", origin),
            ("period", period)))[0];

    /// <summary>
    /// Writes a retailer's month, on the transaction of <paramref name="connection"/>. False: it was written before,
    /// and nothing was changed. The carry is the mark of that: every settled retailer has one, also without a record.
    /// </summary>
    public async Task<bool> Settle(
        DbConnection connection,
        OrganizationId retailer,
        Period period,
        Calculation calculation,
        string actor,
        CancellationToken cancellation)
    {
        var inserted = await connection.Execute(
            InsertCarry, cancellation, ("org", retailer), ("period", period), ("carry", calculation.CarryOut));
        if (inserted == 0)
        {
            return false;
        }

        var share = ShareOf(retailer, period);
        var rows = calculation.Parts.Select(part => Part(retailer, period, part));
        if (calculation.MakesRecord)
        {
            rows = rows.Concat(Record(retailer, share, period, calculation, actor));
        }

        await connection.ExecuteAll(rows, cancellation);

        // A record's lines say what each advertiser owes; without a record the rollups are asked.
        var charged = calculation.MakesRecord
            ? await ShareBooks.ChargedByLines(connection, retailer, share, cancellation)
            : await ShareBooks.Charged(connection, retailer, period, cancellation);
        if (charged.Sum(one => one.Amount.Micros) != (calculation.EventGross + calculation.Adjustments).Micros)
        {
            throw new InvalidOperationException($"Rollups of {period} changed while it was being closed.");
        }

        await books.Settled(connection, retailer, period, calculation, charged, cancellation);
        return true;
    }

    /// <summary>The last step: the month is final, for every advertiser and for the platform, at one moment.</summary>
    public async Task Finish(Period period, CancellationToken cancellation)
    {
        await Step(
            period,
            async connection =>
            {
                var now = Instant.Of(clock.GetUtcNow());
                var closing = await SettlementStore.Find(connection, period, cancellation);
                await connection.Execute(
                    RaiseVersions,
                    cancellation,
                    ("genesis", Genesis),
                    ("period", period),
                    ("first", default(OrganizationId)));
                await connection.Execute(FinishPeriods, cancellation, ("period", period), ("now", now));
                await connection.Execute(FinishSettlement, cancellation, ("period", period), ("now", now));
                await books.Finished(connection, period, cancellation);
                await trail.Record(
                    connection,
                    default,
                    "settlement.close",
                    SubjectOf(period),
                    SettlementListItem.From(closing!),
                    SettlementListItem.From((await SettlementStore.Find(connection, period, cancellation))!),
                    cancellation);
            },
            cancellation);
        versions.AllChanged();
    }

    /// <summary>
    /// Writes down that a retailer's month was settled before the others', on the transaction that does it. Together
    /// they are settled by what closes the month, which is one entry.
    /// </summary>
    public Task RecordOne(
        DbConnection connection,
        OrganizationId retailer,
        Period period,
        Calculation calculation,
        CancellationToken cancellation) => trail.Record(
        connection,
        retailer,
        "settlement.settle_one",
        SubjectOf(period),
        null,
        new
        {
            RevenueShareId = calculation.MakesRecord ? ShareOf(retailer, period) : (ShareId?)null,
            GrossRevenue = calculation.Gross,
            PlatformFee = calculation.Fee,
            RetailerShare = calculation.Share,
        },
        cancellation);

    private static string SubjectOf(Period period) => $"settlement:{period}";

    /// <summary>The id follows from what the record is of; frozen, because stored ids follow from it.</summary>
    public static ShareId ShareOf(OrganizationId retailer, Period period) =>
        new(NamedId.Create($"revenue_share/{retailer}/{period}"));

    private static (string Sql, (string Name, object? Value)[] Values) Part(
        OrganizationId retailer, Period period, SharePart part) => (
        InsertPart,
        [
            ("org", retailer),
            ("period", period),
            ("origin", part.Origin),
            ("pool", part.Pool),
            ("gross", part.Gross),
            ("fee", part.Fee),
            ("part", part.Share),
            ("rate", part.Rate),
        ]);

    /// <summary>The record, its lines, and the beginning of its history.</summary>
    private IEnumerable<(string Sql, (string Name, object? Value)[] Values)> Record(
        OrganizationId retailer, ShareId share, Period period, Calculation made, string actor)
    {
        var now = Instant.Of(clock.GetUtcNow());
        yield return (
            InsertShare,
            [
                ("org", retailer),
                ("share", share),
                ("period", period),
                ("events", made.EventGross),
                ("adjustments", made.Adjustments),
                ("carryIn", made.CarryIn),
                ("carryOut", made.CarryOut),
                ("gross", made.Gross),
                ("fee", made.Fee),
                ("part", made.Share),
                ("rate", made.Rate),
                ("now", now),
            ]);
        yield return (
            InsertLines,
            [
                ("org", retailer),
                ("share", share),
                ("period", period),
                ("first", period.FirstDay.FirstHour),
                ("last", period.LastDay.LastHour),
            ]);
        yield return RevenueShareStore.Transition(
            retailer, share, null, RevenueShareStatusEnum.Calculated, actor, "", now);
    }

    /// <summary>One transaction under the month's lock; it does nothing when the month was closed meanwhile.</summary>
    private Task Step(Period period, Func<DbConnection, Task> work, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            if (await connection.Execute(LockMonth, cancellation, ("period", period)) == 1)
            {
                await work(connection);
            }
        },
        cancellation);
}
