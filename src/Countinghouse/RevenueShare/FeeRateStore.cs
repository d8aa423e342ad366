using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.RevenueShare;

/// <summary>A fee rate and the month from which it applies, until a later one does.</summary>
public sealed record FeeRateOut
{
    /// <summary>First month it applies to.</summary>
    public required Period EffectiveMonth { get; init; }

    /// <summary>The platform's part of the gross, as a fraction: "0.15" is 15 %.</summary>
    public required FeeRate FeeRate { get; init; }

    /// <summary>When it was set.</summary>
    public required Instant SetAt { get; init; }

    /// <summary>The retailer's name; null: the platform's default.</summary>
    public string? OrganizationName { get; init; }
}

/// <summary>Which rate applies to whom and when.</summary>
/// <param name="history">What was set, the latest month first; the platform's default under the zero id.</param>
/// <param name="first">Before anything was set.</param>
public sealed class FeeRates(ILookup<OrganizationId, (Period Effective, FeeRate Rate)> history, FeeRate first)
{
    /// <summary>A retailer's own rate, if it has one by then, before the platform's default.</summary>
    public FeeRate Of(OrganizationId retailer, Period period) =>
        history[retailer].Concat(history[FeeRateStore.Platform])
            .Where(one => one.Effective <= period).Select(one => one.Rate).FirstOrDefault(first);
}

/// <summary>Keeps fee rates: a history per retailer and one of the platform's default, under the zero id.</summary>
public sealed class FeeRateStore(
    Database database, IOptions<RevenueShareOptions> options, AuditTrail trail, TimeProvider clock)
{
    /// <summary>Whose rates apply to a retailer without its own.</summary>
    public static OrganizationId Platform => default;

    /// <summary>From when the configured first rate applies: before anything could be recorded.</summary>
    private static readonly Period Beginning = Period.FromNumber(1970_01);

    // Two statements and not one, so that of two at once the later knows what it replaces.
    private const string Insert = """
        INSERT INTO fee_rate (org_id, effective_period, fee_ppm, created_at, actor)
        VALUES (@org, @period, @ppm, @now, @actor)
        ON CONFLICT (org_id, effective_period) DO NOTHING
        """;

    private const string Replace = """
        UPDATE fee_rate SET fee_ppm = @ppm, created_at = @now, actor = @actor
        WHERE org_id = @org AND effective_period = @period
        """;

    private const string FindOne = """
        SELECT f.effective_period, f.fee_ppm, f.created_at,
               (SELECT o.name FROM organization o WHERE o.org_id = f.org_id)
        FROM fee_rate f WHERE f.org_id = @org AND f.effective_period = @period
        """;

    private const string ListApplying = """
        SELECT org_id, effective_period, fee_ppm FROM fee_rate
        WHERE effective_period <= @period ORDER BY effective_period DESC
        """;

    private const string ListRates = """
        SELECT f.effective_period, f.fee_ppm, f.created_at, o.name
        FROM fee_rate f LEFT JOIN organization o ON o.org_id = f.org_id
        WHERE f.org_id = @org ORDER BY f.effective_period DESC LIMIT @size OFFSET @offset
        """;

    private const string CountRates = "SELECT COUNT(*) FROM fee_rate WHERE org_id = @org";

    /// <summary>
    /// Writes the configured rate down unless that was done before: a setting edited later must not re-price months
    /// that were sold under the earlier one.
    /// </summary>
    public Task KeepFirst(CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var first = new FeeRateOut
            {
                EffectiveMonth = Beginning,
                FeeRate = options.Value.FirstRate,
                SetAt = Instant.Of(clock.GetUtcNow()),
            };
            if (await Execute(connection, Insert, Platform, first, "configuration", cancellation) == 1)
            {
                await Record(connection, Platform, null, first, cancellation);
            }
        },
        cancellation);

    /// <summary>The rates of all months up to one: those of the past never change, so they may be kept.</summary>
    public async Task<FeeRates> Load(DbConnection connection, Period through, CancellationToken cancellation) => new(
        (await connection.Query(
            ListApplying,
            row => (
                Organization: row.Id<OrganizationId>(0),
                Effective: Period.FromNumber(row.GetInt32(1)),
                Rate: new FeeRate(row.GetInt32(2))),
            cancellation,
            ("period", through))).ToLookup(row => row.Organization, row => (row.Effective, row.Rate)),
        options.Value.FirstRate);

    /// <summary>
    /// Sets a rate from a month on; ask <see cref="RevenueShareRules.MayTakeEffect"/> before. A rate planned for that
    /// month is replaced.
    /// </summary>
    public Task<FeeRateOut> Set(
        OrganizationId organization, Period effective, FeeRate rate, string actor, CancellationToken cancellation)
    {
        var set = new FeeRateOut { EffectiveMonth = effective, FeeRate = rate, SetAt = Instant.Of(clock.GetUtcNow()) };
        return database.Write(
            async connection =>
            {
                FeeRateOut? replaced = null;
                if (await Execute(connection, Insert, organization, set, actor, cancellation) == 0)
                {
                    replaced = await Find(connection, organization, effective, database.ForUpdate, cancellation);
                    await Execute(connection, Replace, organization, set, actor, cancellation);
                }

                var written = (await Find(connection, organization, effective, "", cancellation))!;
                await Record(connection, organization, replaced, written, cancellation);
                return written;
            },
            cancellation);
    }

    private static Task<FeeRateOut?> Find(
        DbConnection connection,
        OrganizationId organization,
        Period effective,
        string lockRow,
        CancellationToken cancellation) => connection.First(
        FindOne + lockRow, Read, cancellation, ("org", organization), ("period", effective));

    /// <summary>The rates set for an organization, or for the platform; the latest month first.</summary>
    public Task<Paged<FeeRateOut>> List(OrganizationId organization, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(CountRates, cancellation, ("org", organization)))!.Value;
                var rows = await connection.Query(
                    ListRates,
                    Read,
                    cancellation,
                    ("org", organization),
                    ("size", page.Size),
                    ("offset", page.Offset));
                return new Paged<FeeRateOut>(rows, page, total);
            },
            cancellation);

    private static Task<int> Execute(
        DbConnection connection,
        string sql,
        OrganizationId organization,
        FeeRateOut rate,
        string actor,
        CancellationToken cancellation) => connection.Execute(
        sql,
        cancellation,
        ("org", organization),
        ("period", rate.EffectiveMonth),
        ("ppm", rate.FeeRate),
        ("now", rate.SetAt),
        ("actor", actor));

    private Task Record(
        DbConnection connection,
        OrganizationId organization,
        FeeRateOut? before,
        FeeRateOut after,
        CancellationToken cancellation) => trail.Record(
        connection, organization, "fee_rate.set", $"fee_rate:{after.EffectiveMonth}", before, after, cancellation);

    private static FeeRateOut Read(DbDataReader row) => new()
    {
        EffectiveMonth = Period.FromNumber(row.GetInt32(0)),
        FeeRate = new FeeRate(row.GetInt32(1)),
        SetAt = new Instant(row.GetInt64(2)),
        OrganizationName = row.TextOrNull(3),
    };
}
