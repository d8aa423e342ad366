using Countinghouse.Primitives;
using Countinghouse.Storage;
using Spectre.Console;

namespace Countinghouse.Commands.Demonstration;

/// <summary>Fills a fresh database so that the first call already has something to show.</summary>
internal static class Demo
{
    private const string Purpose = "demo_unfinished";

    private const string AnyOrganization = "SELECT 1 FROM organization LIMIT 1";

    private const string Mark = """
        INSERT INTO system_secret (purpose, secret, created_at) VALUES (@purpose, @none, @now)
        """;

    private const string Unmark = "DELETE FROM system_secret WHERE purpose = @purpose";

    private const string IsMarked = "SELECT COUNT(*) FROM system_secret WHERE purpose = @purpose";

    /// <summary>
    /// The demo of a database: made now if the database is fresh, read from demo.json if it was made before, null if
    /// the database is somebody's own.
    /// </summary>
    public static async Task<DemoFile?> EnsureFilled(
        ServerSettings settings, Database database, int scale, CancellationToken cancellation)
    {
        var marked = await database.Read(c => c.Number(IsMarked, cancellation, ("purpose", Purpose)), cancellation);
        if (marked > 0)
        {
            throw new CommandException(
                "The demo in this database was interrupted while it was made. Remove the database "
                + "(for SQLite: the data directory) and start again, or start with --no-demo.");
        }

        if (await database.Read(c => c.Number(AnyOrganization, cancellation), cancellation) is not null)
        {
            return DemoFile.Read(settings.DataDirectory);
        }

        var end = TimeProvider.System.GetUtcNow();
        var clock = new DemoClock(UtcDay.Of(end).AddDays(-DemoPlan.Days).Start());
        await database.Write(
            c => c.Execute(
                Mark, cancellation, ("purpose", Purpose), ("none", Array.Empty<byte>()), ("now", Instant.Of(end))),
            cancellation);
        try
        {
            var made = await Fill(settings, clock, end, scale, cancellation);
            made.Write(settings.DataDirectory);
            await database.Write(c => c.Execute(Unmark, cancellation, ("purpose", Purpose)), cancellation);
            return made;
        }
        catch (OperationCanceledException) when (settings.Postgres is null)
        {
            // Nothing but half a demo is in the file, so the next start may begin afresh.
            await database.DisposeAsync();
            settings.DeleteSqlite();
            throw;
        }
    }

    private static async Task<DemoFile> Fill(
        ServerSettings settings, DemoClock clock, DateTimeOffset end, int scale, CancellationToken cancellation)
    {
        await using var product = await Workplace.Open(settings, cancellation, clock);
        var builder = new DemoBuilder(product, clock, scale);
        var baseUrl = settings.Urls.Split(';')[0].TrimEnd('/');
        var what = $"Filling the demo: {DemoPlan.Days} days of events";
        if (Console.IsOutputRedirected)
        {
            // A bar redraws itself, which only a terminal can show.
            await Console.Out.WriteLineAsync(what);
            return await builder.Build(end, baseUrl, _ => { }, cancellation);
        }

        DemoFile? made = null;
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(async console =>
            {
                var task = console.AddTask(what);
                made = await builder.Build(end, baseUrl, part => task.Value = part * 100, cancellation);
            });
        return made!;
    }
}
