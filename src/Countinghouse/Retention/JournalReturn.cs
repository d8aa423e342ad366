using Countinghouse.Ingest;
using Countinghouse.Storage;

namespace Countinghouse.Retention;

/// <summary>
/// Puts an archived month back into the journal, batch by batch the same to the byte, so that its events can be looked
/// up, exported and recomputed again. Months go back in the opposite order, the newest first.
/// </summary>
public sealed class JournalReturn(
    Database database, ArchiveStore store, BatchStore batches, JournalMonths months)
{
    private const int BatchesAtOnceMax = 50;

    /// <summary>
    /// Reads a month's folder back; returns how many events. Throws <see cref="InvalidDataException"/> in words when
    /// the folder is not what this database archived, or a later month has to go back first; then nothing is changed.
    /// Cut off, it goes on where it was when it is run again.
    /// </summary>
    public async Task<long> Read(string folder, Action<long> progress, CancellationToken cancellation)
    {
        var manifest = ArchiveManifest.Find(folder)
            ?? throw new InvalidDataException($"'{folder}' has no {ArchiveManifest.FileName}.");
        var archived = (await store.List(manifest.Month, cancellation)).ToDictionary(one => one.Advertiser);
        var work = manifest.Files.Where(file => archived.ContainsKey(file.OrganizationId)).ToList();
        if (work.Count == 0)
        {
            throw new InvalidDataException($"Nothing of {manifest.Month} is archived in this database.");
        }

        foreach (var file in work)
        {
            await Check(folder, file, archived[file.OrganizationId], cancellation);
        }

        if (database.Engine == Engine.Postgres)
        {
            await months.Add(manifest.Month, isAhead: false, cancellation);
        }

        var events = 0L;
        foreach (var file in work)
        {
            events += await Read(Path.Combine(folder, file.File), archived[file.OrganizationId], cancellation);
            progress(events);
        }

        return events;
    }

    private async Task Check(
        string folder, ArchiveFile file, ArchivedMonth month, CancellationToken cancellation)
    {
        var start = await database.Read(
            connection => JournalStart.Read(connection, month.Advertiser, cancellation), cancellation);
        if (start.Through is { } newest && newest > month.Month)
        {
            throw new InvalidDataException(
                $"{newest} of {month.Advertiser} is archived too: months go back newest first, so read that one before "
                + $"{month.Month}.");
        }

        if (file.Hash != Convert.ToHexStringLower(month.Hash) || Path.GetFileName(file.File) != file.File)
        {
            throw new InvalidDataException($"The manifest of {month.Month} is not that of this database.");
        }

        var path = Path.Combine(folder, file.File);
        if (!File.Exists(path))
        {
            throw new InvalidDataException($"'{path}', which the manifest names, is not there.");
        }

        var found = await ArchiveManifest.HashOf(path, cancellation);
        if (!found.AsSpan().SequenceEqual(month.FileHash))
        {
            throw new InvalidDataException($"'{path}' is not the file that was archived: its SHA-256 is another.");
        }
    }

    private async Task<long> Read(string path, ArchivedMonth month, CancellationToken cancellation)
    {
        await using var file = File.OpenRead(path);
        foreach (var some in JournalFile.Read(file, _ => { }).Chunk(BatchesAtOnceMax))
        {
            await batches.Return(month.Advertiser, some, cancellation);
        }

        Faults.Hit("archive_before_return");
        await store.Return(month, cancellation);
        return month.Events;
    }
}
