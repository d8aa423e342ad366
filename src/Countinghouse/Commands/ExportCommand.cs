using System.CommandLine;
using System.Globalization;
using Countinghouse.Commands.Exporting;
using Countinghouse.Http;
using Countinghouse.Organizations;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"export": what is recorded, as NDJSON or CSV, for other programs.</summary>
internal static class ExportCommand
{
    private const int PageRows = 100;

    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Only what is this organization's; without it, everybody's, one after the other");

    private static readonly Option<UtcDay?> From = WireArguments.Optional<UtcDay>(
        "--from", "DAY", "First UTC day on which it was billed, for example 2026-08-01");

    private static readonly Option<UtcDay?> To = WireArguments.Optional<UtcDay>(
        "--to", "DAY", "Last UTC day on which it was billed");

    private static readonly Option<FileFormat> Format = WireArguments.OptionalChoice(
        "--format",
        "How rows are written [default: what the end of the file's name says, else ndjson]",
        ("ndjson", FileFormat.Ndjson),
        ("csv", FileFormat.Csv));

    private static readonly Option<string?> Output = new("--output")
    {
        Description = "Write to this file instead of standard output; compressed when its name ends in .gz",
        HelpName = "FILE",
    };

    /// <summary>Writes one organization's rows; returns how many.</summary>
    private delegate Task<long> Export(
        OrganizationId organization, DaySpan days, IRowWriter rows, CancellationToken cancellation);

    public static Command Create() => new DocumentedCommand(
        "export",
        "Write events, hourly rollups or revenue-share records as NDJSON or CSV.",
        """
        countinghouse export events --from 2026-08-01 --to 2026-08-31 --output august.ndjson.gz
        countinghouse export rollups --organization CXvDk7dyZhWZ7U5u4E3S9F --format csv
        countinghouse export shares --output shares.csv
        """)
    {
        Create(
            "events",
            "Write every recorded event, in the order of recording, with its verdict and its charge. Columns: "
                + Join(Exporter.EventColumns),
            "countinghouse export events --output events.ndjson.gz",
            Exporter.EventColumns,
            exporter => exporter.Events),
        Create(
            "rollups",
            "Write the hourly sums that reports are made of, up to every event recorded before. Columns: "
                + Join(Exporter.RollupColumns),
            "countinghouse export rollups --from 2026-08-01 --format csv",
            Exporter.RollupColumns,
            exporter => exporter.Rollups),
        Create(
            "shares",
            "Write the revenue-share records of months that have any of the days, oldest first. Columns: "
                + Join(Exporter.ShareColumns),
            "countinghouse export shares --from 2026-07-01 --to 2026-07-31 --format csv",
            Exporter.ShareColumns,
            exporter => exporter.Shares),
    };

    private static DocumentedCommand Create(
        string name, string description, string example, string[] columns, Func<Exporter, Export> choose)
    {
        var command = new DocumentedCommand(name, description, example)
        {
            Organization, From, To, Format, Output,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction((line, cancellation) => Run(line, name, columns, choose, cancellation));
        return command;
    }

    private static async Task<int> Run(
        ParseResult line,
        string name,
        string[] columns,
        Func<Exporter, Export> choose,
        CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var export = choose(ActivatorUtilities.CreateInstance<Exporter>(workplace));
        var path = line.GetValue(Output);
        var format = line.GetValue(Format) is var wanted && wanted != 0 ? wanted : ExportTarget.FormatOf(path);
        var organizations = await Organizations(workplace, line.GetValue(Organization), cancellation);
        using var target = new ExportTarget(path);
        var count = 0L;
        try
        {
            using (IRowWriter rows = format == FileFormat.Csv
                ? new CsvRows(target.Stream, columns)
                : new NdjsonRows(target.Stream, columns))
            {
                foreach (var organization in organizations)
                {
                    count += await export(
                        organization, new DaySpan(line.GetValue(From), line.GetValue(To)), rows, cancellation);
                }
            }

            target.Complete();
        }
        catch (IOException) when (path is null)
        {
            // Whoever read the output has had enough, as "head" does: nobody is left to be told.
            return CommandLine.Failed;
        }
        catch (IOException error)
        {
            throw new CommandException($"The export cannot be written: {error.Message.TrimEnd('.')}.");
        }

        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture, $"Exported {count:N0} {name} of {organizations.Count:N0} organizations."));
        return 0;
    }

    private static async Task<List<OrganizationId>> Organizations(
        ServiceProvider workplace, OrganizationId? only, CancellationToken cancellation)
    {
        if (only is { } one)
        {
            await Workplace.RequireOrganization(workplace, one, cancellation);
            return [one];
        }

        var store = workplace.GetRequiredService<OrganizationStore>();
        var all = new List<OrganizationId>();
        for (var page = new Page(1, PageRows); ; page = page with { Number = page.Number + 1 })
        {
            var some = await store.List(search: null, page, cancellation);
            all.AddRange(some.Data.Select(organization => organization.OrganizationId));
            if (!some.Pagination.HasNext)
            {
                return all;
            }
        }
    }

    private static string Join(string[] columns) => string.Join(", ", columns) + ".";
}
