using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Retention;
using Countinghouse.Storage;

namespace Countinghouse.Commands;

/// <summary>The slices on a database, without the web: what every command but "serve" works with.</summary>
internal static class Workplace
{
    /// <summary>Opens the database that the options name, brought to this program's schema. Dispose of it.</summary>
    /// <param name="settings">Which database.</param>
    /// <param name="cancellation">Ends the wait for another program's migration.</param>
    /// <param name="clock">The time to work at instead of the real one; the demo's moves.</param>
    /// <param name="also">Settings that go before all others.</param>
    public static Task<ServiceProvider> Open(
        ServerSettings settings,
        CancellationToken cancellation,
        TimeProvider? clock = null,
        IEnumerable<KeyValuePair<string, string?>>? also = null)
    {
        // Here and not behind an await, which would keep it from the caller: whatever the command changes is the
        // terminal's doing.
        Acting.Begin("terminal");
        return OpenNamed(settings, clock, also, cancellation);
    }

    private static async Task<ServiceProvider> OpenNamed(
        ServerSettings settings,
        TimeProvider? clock,
        IEnumerable<KeyValuePair<string, string?>>? also,
        CancellationToken cancellation)
    {
        var provider = Build(settings, clock, also);
        try
        {
            settings.RequireConfiguration().Require(provider);
            if (!settings.DatabaseExists)
            {
                throw new CommandException(
                    $"There is no database in '{settings.DataDirectory}': serve from it once, or choose another with "
                    + "--data.");
            }

            await provider.GetRequiredService<Migrator>().Migrate(cancellation);
            await provider.GetRequiredService<JournalUpgrade>().Run(cancellation);
            await provider.GetRequiredService<JournalMonths>().Ensure(TimeProvider.System.GetUtcNow(), cancellation);
            return provider;
        }
        catch
        {
            await provider.DisposeAsync();
            throw;
        }
    }

    /// <summary>The same on a database as it is: brought to no schema, and not asked whether it may be used.</summary>
    public static ServiceProvider OpenAsItIs(ServerSettings settings) => Build(settings, clock: null, also: null);

    private static ServiceProvider Build(
        ServerSettings settings, TimeProvider? clock, IEnumerable<KeyValuePair<string, string?>>? also)
    {
        var services = new ServiceCollection();
        services.AddSingleton(settings);
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Warning).AddSimpleConsole());

        // Standard output is for results alone.
        services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        var root = new ConfigurationBuilder()
            .AddConfiguration(settings.RequireConfiguration().Root)
            .AddInMemoryCollection(also ?? [])
            .Build();
        services.AddSingleton<IConfiguration>(root);
        Server.AddSlices(services, root);
        if (clock is not null)
        {
            services.AddSingleton(clock);
        }

        return services.BuildServiceProvider();
    }

    /// <summary>Recomputes every figure, with a bar at the terminal; writes nothing down.</summary>
    public static async Task<VerifyResult> Verify(ServiceProvider workplace, CancellationToken cancellation)
    {
        var verifier = workplace.GetRequiredService<Verifier>();
        var total = await verifier.CountAll(cancellation);
        return await ProgressBar.Show("Verifying", total, progress => verifier.Verify(null, progress, cancellation));
    }

    public static async Task RequireOrganization(
        ServiceProvider workplace, OrganizationId organization, CancellationToken cancellation)
    {
        if (!await workplace.GetRequiredService<OwnerStore>().Exists(organization, cancellation))
        {
            throw new CommandException($"There is no organization {organization} in this database.");
        }
    }
}
