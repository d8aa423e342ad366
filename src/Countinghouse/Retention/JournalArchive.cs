using System.Data.Common;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;

namespace Countinghouse.Retention;

/// <summary>How archiving a month ended.</summary>
/// <param name="Refusal">Why nothing was done; none when it was.</param>
/// <param name="Manifest">What is in the archive now; null when refused or when the month has no batches.</param>
/// <param name="Oldest">With out of order: the month to archive first.</param>
public sealed record ArchiveResult(
    ArchiveRefusal Refusal, ArchiveManifest? Manifest = null, Period? Oldest = null);

/// <summary>A month of all advertisers that is archived.</summary>
public sealed record ArchivedMonthSum(Period Month, int Advertisers, long Events, Money Charge);

/// <summary>
/// Moves months of the journal into files: written, read back and held against their hashes, rollups held against their
/// events, and only then taken out of the database. Every step may be repeated, and may be cut off.
/// </summary>
public sealed class JournalArchive(
    Database database,
    ArchiveStore store,
    BatchStore batches,
    EventReader events,
    Rollups rollups,
    RollupCheck check,
    SettlementStore settlements,
    Verifications verifications,
    TimeProvider clock)
{
    private const string StoredDays = """
        SELECT campaign_id, day FROM campaign_budget WHERE org_id = @org
        UNION
        SELECT campaign_id, day FROM campaign_day WHERE org_id = @org
        """;

    /// <summary>The months that are archived, oldest first.</summary>
    public async Task<IReadOnlyList<ArchivedMonthSum>> List(CancellationToken cancellation) =>
    [
        .. (await store.List(cancellation)).GroupBy(one => one.Month).Select(month => new ArchivedMonthSum(
            month.Key,
            month.Count(),
            month.Sum(one => one.Events),
            new Money(month.Sum(one => one.Charge.Micros)))),
    ];

    /// <summary>The oldest month with batches in the database; null without any.</summary>
    public async Task<Period?> OldestMonth(CancellationToken cancellation)
    {
        Period? oldest = null;
        foreach (var advertiser in await store.ListWriters(cancellation))
        {
            if (await store.OldestMonth(advertiser, cancellation) is { } month && !(month >= oldest))
            {
                oldest = month;
            }
        }

        return oldest;
    }

    /// <summary>Whether a month may leave the database now.</summary>
    public async Task<ArchiveResult> Decide(Period month, int monthsKept, CancellationToken cancellation)
    {
        var oldest = await OldestMonth(cancellation);
        var refusal = ArchiveRules.Decide(
            month,
            oldest ?? month,
            ArchiveRules.NewestOldEnough(clock.GetUtcNow(), monthsKept),
            await settlements.NextToClose(cancellation),
            await verifications.IsClean(cancellation));
        return new ArchiveResult(refusal, Oldest: oldest);
    }

    /// <summary>
    /// Archives a month of receipt of all advertisers, below a folder of its own. Throws
    /// <see cref="InvalidDataException"/> when something does not add up; then that advertiser's month stays.
    /// </summary>
    /// <param name="month">Must be closed, verified, and the oldest there is.</param>
    /// <param name="directory">Of the archive.</param>
    /// <param name="monthsKept">Whole months that stay beside the current one.</param>
    /// <param name="progress">Called with the number of events written so far.</param>
    /// <param name="cancellation">Stops between advertisers; a later run goes on from there.</param>
    public async Task<ArchiveResult> Archive(
        Period month, string directory, int monthsKept, Action<long> progress, CancellationToken cancellation)
    {
        await rollups.CatchUpAll(cancellation);
        var decided = await Decide(month, monthsKept, cancellation);
        if (decided.Refusal != ArchiveRefusal.None)
        {
            return decided;
        }

        var folder = Directory.CreateDirectory(Path.Combine(directory, month.ToString())).FullName;
        var written = 0L;
        foreach (var advertiser in await store.ListWriters(cancellation))
        {
            written += await Archive(advertiser, month, folder, cancellation);
            progress(written);
        }

        var manifest = await WriteManifest(month, folder, cancellation);
        await DropArchived(month, cancellation);
        return new ArchiveResult(ArchiveRefusal.None, manifest);
    }

    /// <summary>Takes out of the database what is archived up to a month and still there.</summary>
    public async Task DropArchived(Period through, CancellationToken cancellation)
    {
        await batches.DropMonths(through, cancellation);
        foreach (var advertiser in await store.ListWriters(cancellation))
        {
            var start = await database.Read(
                connection => JournalStart.Read(connection, advertiser, cancellation), cancellation);
            if (start.BatchNo > 0)
            {
                await batches.Drop(advertiser, start.BatchNo, cancellation);
            }
        }
    }

    /// <summary>One advertiser; returns how many events were written.</summary>
    private async Task<long> Archive(
        OrganizationId advertiser, Period month, string folder, CancellationToken cancellation)
    {
        var path = Path.Combine(folder, advertiser + ".ndjson.gz");
        var partial = $"{path}.{Guid.CreateVersion7(clock.GetUtcNow()):N}.partial";
        try
        {
            var made = await database.ReadSnapshot(
                connection => Write(connection, advertiser, month, partial, cancellation), cancellation);
            if (made is null)
            {
                return 0;
            }

            Require(made.Month.Hash, ReadBack(partial), advertiser, month);
            var whole = made.Month with
            {
                File = $"{month}/{Path.GetFileName(path)}",
                FileHash = await ArchiveManifest.HashOf(partial, cancellation),
            };
            File.Move(partial, path, overwrite: true);
            Faults.Hit("archive_after_file");
            if (await store.WriteSums(advertiser, month, made.Fold, cancellation))
            {
                Faults.Hit("archive_after_sums");
                await store.Finish(whole, made.Sums, cancellation);
                Faults.Hit("archive_after_finish");
            }

            return whole.Events;
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Writes the file and sums it up; null when the advertiser received nothing in the month.</summary>
    private async Task<Made?> Write(
        DbConnection connection,
        OrganizationId advertiser,
        Period month,
        string path,
        CancellationToken cancellation)
    {
        var start = await JournalStart.Read(connection, advertiser, cancellation);
        var through = await ArchiveStore.LastThrough(connection, advertiser, start, month, cancellation);
        if (through <= start.BatchNo || start.Through >= month)
        {
            return null;
        }

        var sums = await JournalStart.ReadSums(connection, advertiser, cancellation);
        var known = (await events.Placements(connection, advertiser, cancellation)).Take(sums.Placements).ToList();
        var days = await connection.Query(
            StoredDays, row => (row.Id<CampaignId>(0), row.GetInt32(1)), cancellation, ("org", advertiser));
        var faults = new List<Difference>();
        var audit = new JournalAudit(advertiser, start, sums, known, through, days, faults.Add);
        var fold = new JournalFold([.. known]);
        var last = start.CommittedAt;
        await using (var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            using (var writer = new JournalFile.Writer(file, advertiser, month, start, known))
            {
                await events.ForEachStored(
                    connection,
                    advertiser,
                    start.BatchNo,
                    through,
                    batch =>
                    {
                        audit.Add(batch);
                        fold.Add(batch);
                        writer.Add(batch);
                        last = batch.CommittedAt;
                    },
                    cancellation);
            }

            file.Flush(flushToDisk: true);
        }

        await RequireEqual(connection, advertiser, through, fold, faults, cancellation);
        return new Made(
            new ArchivedMonth
            {
                Advertiser = advertiser,
                Month = month,
                FirstBatch = start.BatchNo + 1,
                ThroughBatch = through,
                PreviousHash = start.Hash,
                Hash = audit.Hash,
                CommittedAt = last,
                Events = fold.Events,
                Charge = fold.Charge,
                File = "",
                FileHash = [],
            },
            JournalSums.Of(audit),
            fold);
    }

    /// <summary>Every batch is what its record says, and rollups are what the events come to.</summary>
    private async Task RequireEqual(
        DbConnection connection,
        OrganizationId advertiser,
        long through,
        JournalFold fold,
        List<Difference> faults,
        CancellationToken cancellation)
    {
        foreach (var name in new[] { Rollups.Projection, InvalidReasons.Projection })
        {
            if (await EventReader.ProjectedThrough(connection, advertiser, name, cancellation) < through)
            {
                throw new InvalidDataException(
                    $"What follows from the journal of {advertiser} has not followed it yet. Try again in a minute.");
            }
        }

        foreach (var month in fold.ByKey().Select(pair => Period.FromNumber(pair.Key.Hour / 10_000)).Distinct())
        {
            var compared = await check.Compare(
                connection, advertiser, month.FirstDay.FirstHour, month.LastDay.LastHour, cancellation);
            faults.AddRange(compared.Differences);
        }

        if (faults is [var first, ..])
        {
            throw new InvalidDataException(
                $"The books of {advertiser} differ ({first.Table}, {first.Key}: {first.Figure} is {first.Stored}, "
                + $"expected {first.Expected}), so nothing of it was archived. \"countinghouse verify\" lists all.");
        }
    }

    private static byte[] ReadBack(string path)
    {
        using var file = File.OpenRead(path);
        var hash = JournalStart.OfAll.Hash;
        foreach (var batch in JournalFile.Read(file, _ => { }))
        {
            hash = batch.Hash;
        }

        return hash;
    }

    private static void Require(byte[] expected, byte[] read, OrganizationId advertiser, Period month)
    {
        if (!expected.AsSpan().SequenceEqual(read))
        {
            throw new InvalidDataException(
                $"The file of {month} of {advertiser} does not come to the journal when it is read back; nothing was "
                + "archived.");
        }
    }

    private async Task<ArchiveManifest> WriteManifest(
        Period month, string folder, CancellationToken cancellation)
    {
        var archived = await store.List(month, cancellation);
        var manifest = new ArchiveManifest(
            JournalFile.Format,
            JournalFile.Version,
            month,
            Instant.Of(clock.GetUtcNow()),
            archived.Sum(one => one.Events),
            archived.Sum(one => one.Charge.Micros),
            [
                .. archived.Select(one => new ArchiveFile(
                    one.Advertiser, Path.GetFileName(one.File), Convert.ToHexStringLower(one.FileHash), one.FirstBatch,
                    one.ThroughBatch, Convert.ToHexStringLower(one.PreviousHash), Convert.ToHexStringLower(one.Hash),
                    one.Events, one.Charge.Micros)),
            ]);
        manifest.Write(folder);
        return manifest;
    }

    private sealed record Made(ArchivedMonth Month, JournalSums Sums, JournalFold Fold);
}
