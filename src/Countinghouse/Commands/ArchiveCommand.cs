using System.CommandLine;
using System.Globalization;
using Countinghouse.Primitives;
using Countinghouse.Retention;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>"archive": moves a month of events from the database into files, or shows what was and can be.</summary>
internal static class ArchiveCommand
{
    private static readonly Argument<Period?> Month = new("MONTH")
    {
        Description = "The month in which the events were received, for example 2026-03; without it, what is archived "
            + "is listed",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result =>
        {
            if (result.Tokens is [var token] && Period.TryParse(token.Value, out var month))
            {
                return month;
            }

            result.AddError($"MONTH must be {Period.Expected}.");
            return null;
        },
    };

    private static readonly Option<string?> To = new("--to")
    {
        Description = "Folder of the archive; each month has a folder of its own in it "
            + "[default: Retention:ArchiveDirectory]",
        HelpName = "DIR",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "archive",
            "Move a month of events out of the database into compressed NDJSON files with a manifest of hashes, beside "
                + "a running server: a month that is closed, verified, and at least two whole months old. Every "
                + "report, balance and record stays, and can still be recomputed. \"import DIR/MONTH\" reads a "
                + "month back.",
            """
            countinghouse archive
            countinghouse archive 2026-03 --to /var/lib/countinghouse/archive
            """)
        {
            Month, To,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        return line.GetValue(Month) is { } month
            ? await Archive(workplace, month, line.GetValue(To), cancellation)
            : await List(workplace, cancellation);
    }

    private static async Task<int> Archive(
        ServiceProvider workplace, Period month, string? to, CancellationToken cancellation)
    {
        var configured = workplace.GetRequiredService<IOptions<RetentionOptions>>().Value.ArchiveDirectory;
        var directory = to ?? (configured.Length > 0
            ? configured
            : throw new CommandException(
                "Say where the files go: --to DIR, or the setting Retention:ArchiveDirectory."));
        ArchiveResult result;
        try
        {
            result = await workplace.GetRequiredService<JournalArchive>().Archive(
                month, directory, ArchiveRules.MonthsKeptMin, _ => { }, cancellation);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            throw new CommandException(error.Message);
        }

        if (result.Refusal != ArchiveRefusal.None)
        {
            throw new CommandException($"{month} stays in the database: {Why(result)}");
        }

        var manifest = result.Manifest!;
        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{manifest.Events:N0} events of {manifest.Files.Count:N0} advertisers are in "
            + $"'{Path.Combine(directory, month.ToString())}' and no longer in the database."));
        return 0;
    }

    private static async Task<int> List(ServiceProvider workplace, CancellationToken cancellation)
    {
        var archive = workplace.GetRequiredService<JournalArchive>();
        TextTable.Write(
            ["month", "advertisers", "events", "charged_micros"],
            (await archive.List(cancellation)).Select(month => new[]
            {
                month.Month.ToString(),
                month.Advertisers.ToString(CultureInfo.InvariantCulture),
                month.Events.ToString(CultureInfo.InvariantCulture),
                month.Charge.Micros.ToString(CultureInfo.InvariantCulture),
            }));
        if (await archive.OldestMonth(cancellation) is { } oldest)
        {
            var next = await archive.Decide(oldest, ArchiveRules.MonthsKeptMin, cancellation);
            await Console.Error.WriteLineAsync(next.Refusal == ArchiveRefusal.None
                ? $"{oldest} can be archived."
                : $"The next is {oldest}: {Why(next)}");
        }

        return 0;
    }

    private static string Why(ArchiveResult result) => result.Refusal switch
    {
        ArchiveRefusal.None => "nothing keeps it.",
        ArchiveRefusal.TooYoung =>
            "two whole months stay beside the current one, for event ids are remembered for 35 days.",
        ArchiveRefusal.OutOfOrder => $"months go in order, and {result.Oldest} is still there.",
        ArchiveRefusal.NotClosed => "it is not closed. \"countinghouse close\" closes it.",
        ArchiveRefusal.NotVerified =>
            "the last verification found differences. \"countinghouse verify\" lists them.",
    };
}
