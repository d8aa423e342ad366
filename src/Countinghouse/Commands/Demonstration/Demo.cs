using Countinghouse.Payouts;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Spectre.Console;

namespace Countinghouse.Commands.Demonstration;

/// <summary>Fills a fresh database so that the first call already has something to show.</summary>
internal static class Demo
{
    private const string Purpose = "demo_unfinished";

    private const string AnyOrganization = "SELECT 1 FROM organization LIMIT 1";

    private const string IsThere = "SELECT COUNT(*) FROM organization WHERE org_id = @org";

    private const string StripeKey = $"{PayoutOptions.Section}:{nameof(PayoutOptions.StripeSecretKey)}";

    private const string Mark = """
        INSERT INTO system_secret (purpose, secret, created_at) VALUES (@purpose, @none, @now)
        """;

    private const string Unmark = "DELETE FROM system_secret WHERE purpose = @purpose";

    private const string IsMarked = "SELECT COUNT(*) FROM system_secret WHERE purpose = @purpose";

    /// <summary>
    /// The demo of a database: made now if the database is fresh, read from demo.json if it was made before, null if
    /// the database is somebody's own. Where no key of Stripe's is configured, it pays through a fake one: the
    /// configuration is changed to that.
    /// </summary>
    public static async Task<OpenDemo?> Open(
        ServerSettings settings,
        Database database,
        IConfiguration configuration,
        int scale,
        CancellationToken cancellation)
    {
        var marked = await database.Read(c => c.Number(IsMarked, cancellation, ("purpose", Purpose)), cancellation);
        if (marked > 0)
        {
            throw new CommandException(
                "The demo in this database was interrupted while it was made. Remove the database "
                + "(for SQLite: the data directory) and start again, or start with --no-demo.");
        }

        var isFresh = await database.Read(c => c.Number(AnyOrganization, cancellation), cancellation) is null;
        var made = isFresh ? null : await Find(settings, database, cancellation);
        if (!isFresh && made is null)
        {
            return null;
        }

        var isOwnStripe = configuration[StripeKey] is { Length: > 0 };
        var stripe = isOwnStripe ? null : FakeStripeChild.Start(settings);
        try
        {
            made ??= await Make(settings, database, stripe, scale, cancellation);
            if (stripe is not null && await stripe.IsReady(cancellation))
            {
                foreach (var (name, value) in stripe.Settings)
                {
                    configuration[name] = value;
                }
            }

            return new OpenDemo(made, stripe);
        }
        catch
        {
            await (stripe?.DisposeAsync() ?? default);
            throw;
        }
    }

    /// <summary>
    /// Null when demo.json is another database's, for one folder may serve several: money must never be said to have
    /// moved in somebody's own because a demo was tried beside it.
    /// </summary>
    private static async Task<DemoFile?> Find(
        ServerSettings settings, Database database, CancellationToken cancellation) =>
        DemoFile.Read(settings.DataDirectory) is { } file
        && await database.Read(
            c => c.Number(IsThere, cancellation, ("org", file.Operator.OrganizationId)), cancellation) > 0
            ? file
            : null;

    private static async Task<DemoFile> Make(
        ServerSettings settings,
        Database database,
        FakeStripeChild? stripe,
        int scale,
        CancellationToken cancellation)
    {
        var end = TimeProvider.System.GetUtcNow();
        await database.Write(
            c => c.Execute(
                Mark, cancellation, ("purpose", Purpose), ("none", Array.Empty<byte>()), ("now", Instant.Of(end))),
            cancellation);
        try
        {
            var made = await Fill(settings, end, stripe, scale, cancellation);
            made.Write(settings.DataDirectory);
            await database.Write(c => c.Execute(Unmark, cancellation, ("purpose", Purpose)), cancellation);
            return made;
        }
        catch (OperationCanceledException) when (settings.Postgres is null)
        {
            // Nothing but half a demo is in the file, so the next start may begin afresh.
            await database.DisposeAsync();
            settings.DeleteSqlite();
            if (stripe is not null)
            {
                await stripe.DisposeAsync();
                stripe.DeleteNewBooks();
            }

            throw;
        }
    }

    private static async Task<DemoFile> Fill(
        ServerSettings settings,
        DateTimeOffset end,
        FakeStripeChild? stripe,
        int scale,
        CancellationToken cancellation)
    {
        var clock = new DemoClock(UtcDay.Of(end).AddDays(-DemoPlan.Days).Start());
        await using var product = await Workplace.Open(settings, cancellation, clock);
        var builder = new DemoBuilder(product, clock, scale);
        var baseUrl = settings.Urls.Split(';')[0].TrimEnd('/');
        var what = $"Filling the demo: {DemoPlan.Days} days of events";
        if (Console.IsOutputRedirected)
        {
            // A bar redraws itself, which only a terminal can show.
            await Console.Out.WriteLineAsync(what);
            return await builder.Build(end, baseUrl, _ => { }, Pay, cancellation);
        }

        DemoFile? made = null;
        await AnsiConsole.Progress()
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(async console =>
            {
                var task = console.AddTask(what);
                made = await builder.Build(end, baseUrl, part => task.Value = part * 100, Pay, cancellation);
            });
        return made!;

        // With settings of its own, never with the operator's: a demo must not move real money.
        async Task Pay(IReadOnlyList<OrganizationId> retailers)
        {
            if (stripe is not null && await stripe.IsReady(cancellation))
            {
                await using var paying = await Workplace.Open(
                    settings, cancellation, clock, DemoPayouts.With(stripe.Settings));
                await DemoPayouts.Pay(paying, retailers, cancellation);
            }
        }
    }
}

/// <summary>A demo that is being served.</summary>
internal sealed record OpenDemo(DemoFile File, FakeStripeChild? Stripe) : IAsyncDisposable
{
    public string Banner() => File.Banner(Stripe switch
    {
        null => "",
        { Url: { } url } => $"Payouts go through a fake Stripe; what it really moved: {new Uri(url, "/_/truth")}",
        _ => $"Payouts are not set up: the fake Stripe did not start ({Stripe.Complaint?.TrimEnd('.')}).",
    });

    public ValueTask DisposeAsync() => Stripe?.DisposeAsync() ?? default;
}
