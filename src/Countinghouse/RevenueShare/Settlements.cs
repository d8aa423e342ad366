using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.RevenueShare;

/// <summary>How a close ended.</summary>
public enum CloseOutcome
{
    Closed = 1,

    /// <summary>It was closed before; nothing was changed.</summary>
    AlreadyClosed = 2,

    /// <summary>A dry run: this is what closing would make; nothing was written.</summary>
    Previewed = 3,

    /// <summary>Its 72 hours for late events are not over.</summary>
    TooEarly = 4,

    /// <summary>An earlier month is still open.</summary>
    OutOfOrder = 5,

    /// <summary>It lies before the first month that can still be closed.</summary>
    BeforeFirst = 6,

    /// <summary>Rollups and events differ; nothing was settled, and the log says where.</summary>
    DoesNotAddUp = 7,

    /// <summary>One retailer's record is made; the month is fenced and not closed yet.</summary>
    SettledOne = 8,
}

/// <summary>How a close ended, and what there is to show.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Settlement">The month, when it is closed or was previewed.</param>
/// <param name="Preview">
/// What a dry run would make, or was made for one, by retailer; those below one cent are left out.
/// </param>
/// <param name="First">With out of order and before first: the month to be closed first.</param>
public sealed record CloseResult(
    CloseOutcome Outcome,
    Settlement? Settlement = null,
    IReadOnlyList<RetailerShare>? Preview = null,
    Period? First = null)
{
    /// <summary>True when the month is closed, now or before, or was previewed as asked.</summary>
    public bool Succeeded => Outcome is CloseOutcome.Closed or CloseOutcome.AlreadyClosed or CloseOutcome.Previewed
        or CloseOutcome.SettledOne;
}

/// <summary>The month to close next.</summary>
/// <param name="Period">Null while no event was recorded.</param>
/// <param name="State">Null without a month.</param>
/// <param name="Blocks">What would refuse to close it now.</param>
public sealed record NextSettlement(Period? Period, SettlementState? State, IReadOnlyList<CloseBlock> Blocks);

/// <summary>
/// Closes months: fence, verify, settle retailer by retailer, finish. Every step may be repeated, so a close that was
/// killed is finished by running it again, and two at once do no harm.
/// </summary>
public sealed partial class Settlements(
    Database database,
    SettlementStore store,
    CloseStore steps,
    FeeRateStore rates,
    Rollups rollups,
    RollupCheck check,
    Verifications verifications,
    TimeProvider clock,
    ILogger<Settlements> log)
{
    /// <summary>Advertisers that are verified side by side; each has its month in memory while it is.</summary>
    private const int VerifiedAtOnceMax = 4;

    /// <summary>Retailers that are settled side by side; more commits share a write to the disk.</summary>
    private const int SettledAtOnceMax = 12;

    /// <summary>Closes a month, or with <paramref name="dryRun"/> works out what closing it would make.</summary>
    public Task<CloseResult> Close(Period period, string actor, bool dryRun, CancellationToken cancellation) =>
        Close(period, null, actor, dryRun, cancellation);

    /// <summary>
    /// The same for one retailer: its record is made, the month stays fenced, and closing it makes the others'.
    /// </summary>
    /// <param name="period">The month; months are closed in order.</param>
    /// <param name="only">The retailer; null for all.</param>
    /// <param name="actor">Who asks, for the records' history.</param>
    /// <param name="dryRun">True: nothing is written.</param>
    /// <param name="cancellation">Stops between steps; a later run goes on from there.</param>
    public async Task<CloseResult> Close(
        Period period, OrganizationId? only, string actor, bool dryRun, CancellationToken cancellation)
    {
        if (await store.Find(period, cancellation) is { State: SettlementState.Closed } closed)
        {
            return new CloseResult(CloseOutcome.AlreadyClosed, closed);
        }

        await rollups.CatchUpAll(cancellation);
        if (await Refuse(period, cancellation) is { } refused)
        {
            return refused;
        }

        var advertisers = await steps.Organizations(cancellation);
        if (dryRun)
        {
            return await Verify(period, advertisers, cancellation) is { } compared
                ? await Show(CloseOutcome.Previewed, period, only, compared, cancellation)
                : new CloseResult(CloseOutcome.DoesNotAddUp);
        }

        await rates.KeepFirst(cancellation);
        await steps.Start(period, actor, cancellation);
        Faults.Hit("close_after_start");
        await steps.FenceAll(period, advertisers, cancellation);
        Faults.Hit("close_after_fence");

        // Whatever got in before the fence is rolled up before anything is compared.
        await rollups.CatchUpAll(cancellation);

        // Until the fence stood, events of an earlier month could still come in and make that one the first.
        if (await Refuse(period, cancellation) is { } overtaken)
        {
            return overtaken;
        }

        if (await Verify(period, advertisers, cancellation) is not { } verified)
        {
            return new CloseResult(CloseOutcome.DoesNotAddUp);
        }

        Faults.Hit("close_after_verify");
        await steps.KeepCounts(period, verified, cancellation);
        Faults.Hit("close_after_counts");
        await Settle(period, only, actor, cancellation);
        Faults.Hit("close_after_settle");
        if (only is not null)
        {
            return await Show(CloseOutcome.SettledOne, period, only, verified, cancellation);
        }

        await steps.Finish(period, cancellation);
        Faults.Hit("close_after_finish");
        LogClosed(period, verified.Count);
        return new CloseResult(CloseOutcome.Closed, await store.Find(period, cancellation));
    }

    /// <summary>
    /// Closes every month that is due, in order. Returns how the last attempt ended; null when nothing was due.
    /// </summary>
    public async Task<CloseOutcome?> CloseDue(string actor, CancellationToken cancellation)
    {
        await rollups.CatchUpAll(cancellation);
        CloseOutcome? last = null;
        while (last is null or CloseOutcome.Closed or CloseOutcome.AlreadyClosed)
        {
            if (await store.NextToClose(cancellation) is not { } next
                || !RevenueShareRules.IsDue(next, clock.GetUtcNow()))
            {
                return last;
            }

            last = (await Close(next, actor, dryRun: false, cancellation)).Outcome;
        }

        return last;
    }

    /// <summary>
    /// The month to close next, and what closing it would be refused for now, as far as that is known without reading
    /// events.
    /// </summary>
    public async Task<NextSettlement> Next(CancellationToken cancellation)
    {
        var next = await store.NextToClose(cancellation);
        var blocks = RevenueShareRules.Blocks(
            next, clock.GetUtcNow(), await verifications.IsClean(cancellation));
        var state = next is { } period
            ? (await store.Find(period, cancellation))?.State ?? SettlementState.Open
            : (SettlementState?)null;
        return new NextSettlement(next, state, blocks);
    }

    private async Task<CloseResult?> Refuse(Period period, CancellationToken cancellation)
    {
        var next = await store.NextToClose(cancellation);
        return RevenueShareRules.Decide(period, next, clock.GetUtcNow()) switch
        {
            CloseDecision.Close => null,
            CloseDecision.TooEarly => new CloseResult(CloseOutcome.TooEarly),

            // Another node has closed it in the meantime.
            CloseDecision.BeforeFirst when await store.Find(period, cancellation) is { ClosedAt: not null } closed =>
                new CloseResult(CloseOutcome.AlreadyClosed, closed),
            CloseDecision.BeforeFirst => new CloseResult(CloseOutcome.BeforeFirst, First: next),
            CloseDecision.OutOfOrder => new CloseResult(CloseOutcome.OutOfOrder, First: next),
        };
    }

    /// <summary>Holds rollups against events, advertiser by advertiser; null when any differ, all logged.</summary>
    private async Task<List<(OrganizationId Advertiser, RollupTotals Totals)>?> Verify(
        Period period, List<OrganizationId> advertisers, CancellationToken cancellation)
    {
        if (!await verifications.IsClean(cancellation))
        {
            LogNotClean(period);
            return null;
        }

        var verified = new RollupTotals?[advertisers.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, advertisers.Count),
            AtOnce(VerifiedAtOnceMax, cancellation),
            async (number, token) => verified[number] = await Verify(period, advertisers[number], token));
        return verified.Contains(null) ? null : [.. advertisers.Zip(verified, (one, totals) => (one, totals!.Value))];
    }

    /// <summary>Null when the advertiser's rollups are not what its events come to.</summary>
    private async Task<RollupTotals?> Verify(Period period, OrganizationId advertiser, CancellationToken cancellation)
    {
        var compared = await database.ReadSnapshot(
            connection => check.Compare(
                connection, advertiser, period.FirstDay.FirstHour, period.LastDay.LastHour, cancellation),
            cancellation);
        if (compared.Differences is not [var first, ..])
        {
            return new RollupTotals(compared.Events, compared.Charge);
        }

        LogDoesNotAddUp(
            period, advertiser, compared.Differences.Count, first.Key, first.Figure, first.Stored, first.Expected);
        return null;
    }

    private async Task Settle(
        Period period, OrganizationId? only, string actor, CancellationToken cancellation)
    {
        // The month is fenced: its rollups cannot change between this sum and the retailers' transactions.
        var (retailers, known) = await database.Read(
            async connection => (
                await steps.Retailers(connection, period, cancellation),
                await rates.Load(connection, period, cancellation)),
            cancellation);
        await Parallel.ForEachAsync(
            retailers.Where(one => only is null || one.Retailer == only),
            AtOnce(SettledAtOnceMax, cancellation),
            async (earned, token) => await database.Write(
                async connection =>
                {
                    var made = await Calculate(connection, earned, period, known, token);
                    var isNew = await steps.Settle(connection, earned.Retailer, period, made, actor, token);
                    if (isNew && only is not null)
                    {
                        await steps.RecordOne(connection, earned.Retailer, period, made, token);
                    }
                },
                token));
    }

    /// <summary>Organizations side by side: while the database works on one, the program works on another.</summary>
    private static ParallelOptions AtOnce(int most, CancellationToken cancellation) =>
        new() { MaxDegreeOfParallelism = most, CancellationToken = cancellation };

    /// <summary>What the month's records are, or would be; worked out anew, which always gives the same.</summary>
    private async Task<CloseResult> Show(
        CloseOutcome outcome,
        Period period,
        OrganizationId? only,
        List<(OrganizationId Advertiser, RollupTotals Totals)> verified,
        CancellationToken cancellation)
    {
        var shares = new List<RetailerShare>();
        await database.ReadSnapshot(
            async connection =>
            {
                var retailers = await steps.Retailers(connection, period, cancellation);
                var names = await steps.Names(connection, retailers.Select(one => one.Retailer), cancellation);
                var known = await rates.Load(connection, period, cancellation);
                foreach (var earned in retailers.Where(one => only is null || one.Retailer == only))
                {
                    var made = await Calculate(connection, earned, period, known, cancellation);
                    if (made.MakesRecord)
                    {
                        shares.Add(new RetailerShare(
                            earned.Retailer,
                            CloseStore.ShareOf(earned.Retailer, period),
                            made.Gross,
                            made.Fee,
                            made.Share,
                            made.Rate,
                            names[earned.Retailer]));
                    }
                }

                return true;
            },
            cancellation);

        var begun = await store.Find(period, cancellation);
        var preview = new Settlement(
            period,
            begun?.State ?? SettlementState.Open,
            begun?.StartedAt,
            null,
            verified.Sum(one => one.Totals.Events),
            new Money(verified.Sum(one => one.Totals.Charge.Micros)),
            new SettlementTotals(
                shares.Count,
                new Cents(shares.Sum(share => share.Gross.Value)),
                new Cents(shares.Sum(share => share.Fee.Value)),
                new Cents(shares.Sum(share => share.RetailerPart.Value))));
        return new CloseResult(outcome, preview, shares);
    }

    private async Task<Calculation> Calculate(
        System.Data.Common.DbConnection connection,
        RetailerGross earned,
        Period period,
        FeeRates known,
        CancellationToken cancellation)
    {
        var corrections = new List<Correction>(earned.Corrections.Count);
        foreach (var (origin, amount) in earned.Corrections)
        {
            var rate = known.Of(earned.Retailer, origin);
            corrections.Add(new Correction(
                origin,
                amount,
                rate,
                await steps.Before(connection, earned.Retailer, origin, period, rate, cancellation)));
        }

        return RevenueShareRules.Calculate(
            period, earned.Gross, earned.CarryIn, known.Of(earned.Retailer, period), corrections);
    }
}
