using System.CommandLine;
using System.Globalization;
using Countinghouse.Commands.Exporting;
using Countinghouse.Commands.Importing;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Retention;

namespace Countinghouse.Commands;

/// <summary>"import": event logs of any size, through the same rules as events over HTTP.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string[]> Files = new("FILE")
    {
        Description = "NDJSON or CSV with a header line, .gz too; or a month's folder that \"archive\" made",
        Arity = ArgumentArity.OneOrMore,
    };

    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Take events of this organization's campaigns alone, and reject all others");

    private static readonly Option<FileFormat> Format = WireArguments.OptionalChoice(
        "--format",
        "How the files are written [default: what their names say]",
        ("ndjson", FileFormat.Ndjson),
        ("csv", FileFormat.Csv));

    private static readonly Option<string?> Rejects = new("--rejects")
    {
        Description = "List rejected lines in this file, as CSV: file, line, code, reason",
        HelpName = "FILE",
    };

    private static readonly Option<bool> Restart = new("--restart")
    {
        Description = "Begin anew where an earlier import stopped or was done; nothing is counted twice",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "import",
            "Record the events of log files: judged, charged and counted as if they were sent now, with the times and "
                + "clients that the files say. Members or columns: "
                + string.Join(", ", EventDraft.Members.Keys)
                + "; kind and campaign_id are required, times may be up to 35 days back. What is killed goes on where "
                + "it was when it is run again. Exit code 1: lines were rejected. A month's folder of the archive goes "
                + "back into the journal as it was: nothing is judged or charged again.",
            """
            countinghouse import events.ndjson.gz
            countinghouse import january.csv february.csv --rejects rejects.csv
            countinghouse import log.txt --format ndjson --organization CXvDk7dyZhWZ7U5u4E3S9F
            countinghouse import /var/lib/countinghouse/archive/2026-03
            """)
        {
            Files, Organization, Format, Rejects, Restart,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        if (line.GetValue(Organization) is { } organization)
        {
            await Workplace.RequireOrganization(workplace, organization, cancellation);
        }

        if (line.GetRequiredValue(Files) is [var folder] && File.Exists(Path.Combine(folder, ArchiveManifest.FileName)))
        {
            return await ReadBack(workplace, folder, cancellation);
        }

        var files = line.GetRequiredValue(Files).Select(path => ImportFile.Open(path, line.GetValue(Format))).ToList();
        var follow = workplace.GetRequiredService<RollupJob>();
        await follow.StartAsync(CancellationToken.None);
        try
        {
            return await Import(workplace, files, line, cancellation);
        }
        finally
        {
            await follow.StopAsync(CancellationToken.None);
            files.ForEach(file => file.Dispose());
        }
    }

    private static async Task<int> ReadBack(
        ServiceProvider workplace, string folder, CancellationToken cancellation)
    {
        try
        {
            var events = await workplace.GetRequiredService<JournalReturn>().Read(folder, _ => { }, cancellation);
            await Console.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{events:N0} archived events are in the journal again, as they were."));
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(error.Message);
        }
    }

    private static async Task<int> Import(
        ServiceProvider workplace, List<ImportFile> files, ParseResult line, CancellationToken cancellation)
    {
        var store = ActivatorUtilities.CreateInstance<ImportProgressStore>(workplace);
        var importer = ActivatorUtilities.CreateInstance<Importer>(workplace, store);
        var begun = TimeProvider.System.GetTimestamp();
        var work = new List<(ImportFile File, ImportProgress Progress)>();
        foreach (var file in files)
        {
            await file.ComputeHash(cancellation);
            var earlier = line.GetValue(Restart)
                ? null
                : await store.Find(line.GetValue(Organization), file.Hash, cancellation);
            work.Add((file, earlier ?? store.Begin(line.GetValue(Organization), file)));
        }

        var before = work.Sum(one => one.Progress.Lines);
        using (var rejects = line.GetValue(Rejects) is { } path
            ? new RejectsFile(path, append: work.Exists(one => one.Progress.Position > 0))
            : null)
        {
            foreach (var (file, progress) in work)
            {
                await Import(importer, file, progress, rejects, cancellation);
            }
        }

        await workplace.GetRequiredService<Rollups>().CatchUpAll(cancellation);
        await Report(work, before, TimeProvider.System.GetElapsedTime(begun));
        return work.Exists(one => one.Progress.RejectedInAll > 0) ? CommandLine.Failed : 0;
    }

    private static async Task Import(
        Importer importer,
        ImportFile file,
        ImportProgress progress,
        RejectsFile? rejects,
        CancellationToken cancellation)
    {
        if (progress.FinishedAt is { } finished)
        {
            await Console.Error.WriteLineAsync(
                $"'{file.Path}' was imported before, at {finished}; --restart does it again, and lists its "
                + "rejects again.");
            return;
        }

        if (progress.Position > 0)
        {
            var line = progress.Position.ToString("N0", CultureInfo.InvariantCulture);
            await Console.Error.WriteLineAsync(
                $"'{file.Path}' goes on after line {line}. What was sent beyond it before the import stopped counts as "
                + "duplicates now; lines rejected before are listed where they were then.");
        }

        await new ImportView(TimeProvider.System).Show(
            file.Path,
            shown => importer.Run(
                file, progress, rejects, now => shown(file.PartRead, now.Lines), cancellation));
    }

    /// <summary>A row for each number, so that the next program needs no parser.</summary>
    private static async Task Report(
        List<(ImportFile File, ImportProgress Progress)> work, long linesBefore, TimeSpan time)
    {
        var rows = new List<string[]>();
        foreach (var (file, progress) in work)
        {
            Add("read", progress.Lines);
            Add("accepted", progress.Accepted);
            Add("duplicate", progress.Duplicates);
            foreach (var (code, lines) in progress.Rejected)
            {
                Add(code, lines);
            }

            void Add(string outcome, long lines) =>
                rows.Add([file.Path, outcome, lines.ToString(CultureInfo.InvariantCulture)]);
        }

        TextTable.Write(["file", "outcome", "lines"], rows);
        var now = work.Sum(one => one.Progress.Lines) - linesBefore;
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{now:N0} lines in {time.TotalSeconds:N1} s, {now / Math.Max(0.001, time.TotalSeconds):N0} a second: "
            + $"{work.Sum(one => one.Progress.Accepted):N0} accepted, "
            + $"{work.Sum(one => one.Progress.Duplicates):N0} duplicates, "
            + $"{work.Sum(one => one.Progress.RejectedInAll):N0} rejected."));
    }
}
