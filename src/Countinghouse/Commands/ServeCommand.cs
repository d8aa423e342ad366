using System.CommandLine;
using Countinghouse.Commands.Demonstration;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Retention;
using Countinghouse.Storage;
using Countinghouse.Telemetry;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>"serve": brings the database up to date, then answers until it is asked to stop.</summary>
internal static class ServeCommand
{
    private const int DemoScaleMax = 100;

    /// <summary>How long requests under way may take to finish once the server is asked to stop.</summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(5);

    private static readonly Option<bool> NoDemo = new("--no-demo")
    {
        Description = "Leave a fresh database empty",
    };

    private static readonly Option<int> DemoScale = WireArguments.Number(
        "--demo-scale", 1, DemoScaleMax, 1, "Fill a fresh database with so many times the demo's events");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "serve",
            "Answer on HTTP until stopped. A fresh database is filled with a demo first. This is the default command.",
            """
            countinghouse serve
            countinghouse serve --urls http://0.0.0.0:80 --data /var/lib/countinghouse --no-demo
            countinghouse serve --postgres "Host=db;Database=ads;Username=ads;Password=..." --no-demo
            countinghouse serve --config /etc/countinghouse/countinghouse.json --set Http:ConnectionsMax=20000
            """);
        MakeDefaultOf(command);
        return command;
    }

    /// <summary>Gives a command the options and the action of "serve".</summary>
    public static void MakeDefaultOf(Command command)
    {
        command.Options.Add(DatabaseOptions.Urls);
        DatabaseOptions.AddTo(command);
        command.Options.Add(NoDemo);
        command.Options.Add(DemoScale);
        command.SetAction(Run);
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        try
        {
            await Serve(DatabaseOptions.Read(line), line, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Stopped before it was ready: that is what was asked for.
        }

        return 0;
    }

    private static async Task Serve(ServerSettings settings, ParseResult line, CancellationToken cancellation)
    {
        // First of all: putting the server together opens the database.
        await ConfigCommand.Require(settings);
        var isReady = false;
        await using var app = Server.Build(settings, builder =>
        {
            builder.Services.AddOptions<HostOptions>().Configure<IOptions<HttpOptions>>((host, http) =>
                host.ShutdownTimeout = StopTimeout + TimeSpan.FromSeconds(http.Value.DrainSeconds));

            // What keeps the server from starting is told in one line at the end; these would add stack traces.
            builder.Logging
                .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => isReady && level >= LogLevel.Warning)
                .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", level => isReady && level >= LogLevel.Warning)
                .AddFilter("Microsoft.AspNetCore.Server.Kestrel", level => isReady && level >= LogLevel.Warning);
        });

        Addresses.RefuseTaken(settings.Urls);
        await app.Services.GetRequiredService<Migrator>().Migrate(cancellation);
        await app.Services.GetRequiredService<JournalUpgrade>().Run(cancellation);
        await app.Services.GetRequiredService<JournalMonths>().Ensure(TimeProvider.System.GetUtcNow(), cancellation);

        // It changes the configuration, and payouts read theirs when they are used first: after the start.
        await using var demo = line.GetValue(NoDemo)
            ? null
            : await Demo.Open(
                settings,
                app.Services.GetRequiredService<Database>(),
                app.Configuration,
                line.GetValue(DemoScale),
                cancellation);

        await Start(app, cancellation);
        isReady = true;
        await Console.Out.WriteLineAsync($"Countinghouse answers on {string.Join(" and ", app.OwnUrls())}");
        if (demo is not null)
        {
            await Console.Out.WriteLineAsync(demo.Banner());
        }

        await app.WaitForShutdownAsync(cancellation);
    }

    /// <summary>Jobs that have started before a failure are stopped while their database is still open.</summary>
    private static async Task Start(WebApplication app, CancellationToken cancellation)
    {
        try
        {
            await app.StartAsync(cancellation);
        }
        catch
        {
            await app.StopAsync(CancellationToken.None);
            throw;
        }
    }
}
