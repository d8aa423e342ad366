using System.Collections;
using System.Diagnostics;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Countinghouse.Telemetry;

/// <summary>
/// Puts the slice into the program. What is not configured is not loaded: a server that tells nobody starts as fast as
/// one that could not.
/// </summary>
public static class TelemetrySetup
{
    private const string EndpointVariable = "OTEL_EXPORTER_OTLP_ENDPOINT";
    private const string NameVariable = "OTEL_SERVICE_NAME";
    private const string SamplerVariable = "OTEL_TRACES_SAMPLER";
    private const string ScrapePath = "/metrics";

    /// <summary>
    /// The framework's meters, the driver's, and ours. Names with a star take in what is added later.
    /// </summary>
    private static readonly string[] Meters =
    [
        "Countinghouse.*", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel", "System.Runtime",
        "System.Net.Http", "Npgsql",
    ];

    /// <summary>What spans may not carry: who asked, from where, and what was in the address.</summary>
    private static readonly string[] Private =
    [
        "user_agent.original", "client.address", "network.peer.address", "network.peer.port", "url.path", "url.query",
        "server.address", "server.port",
    ];

    /// <summary>The log, on standard output.</summary>
    public static void AddLog(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(TelemetryOptions.Section);
        builder.Logging.ClearProviders();
        if (section[nameof(TelemetryOptions.LogFormat)] == "json")
        {
            builder.Logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }
        else
        {
            builder.Logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.IncludeScopes = true;
            });
        }
    }

    /// <summary>The settings, which every command knows.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<TelemetryOptions>, TelemetryOptionsValidator>();
        services.AddOptions<TelemetryOptions>().Bind(configuration.GetSection(TelemetryOptions.Section))
            .ValidateOnStart();
        return services;
    }

    /// <summary>Whoever collects, by the settings; the addresses to listen on must be known.</summary>
    public static void AddCollectors(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection(TelemetryOptions.Section);

        // OpenTelemetry's own variables are known by their full names.
        builder.Configuration.AddInMemoryCollection(Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(variable => ((string)variable.Key).StartsWith("OTEL_", StringComparison.Ordinal))
            .Select(variable => KeyValuePair.Create((string)variable.Key, (string?)variable.Value)));
        var toCollector = IsSet(section[nameof(TelemetryOptions.OtlpEndpoint)])
            || IsSet(builder.Configuration[EndpointVariable]);
        if (toCollector || IsSet(section[nameof(TelemetryOptions.PrometheusUrl)]))
        {
            // What is wrong with the settings is told at the start, with all else that is.
            var options = Read(section);
            if (new TelemetryOptionsValidator().Validate(null, options).Succeeded)
            {
                Collect(builder, options, toCollector);
            }
        }
    }

    /// <summary>The figures for Prometheus, at an address where there is nothing else; before everything.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        if (app.Services.GetService<GaugeJob>() is not null
            && Read(app.Configuration.GetSection(TelemetryOptions.Section)).Prometheus is { } url)
        {
            Serve(app, url.Port);
        }
    }

    /// <summary>The addresses that are to be told to users: all but the one for Prometheus.</summary>
    public static IEnumerable<string> OwnUrls(this WebApplication app)
    {
        var hidden = Read(app.Configuration.GetSection(TelemetryOptions.Section)).Prometheus;
        return app.Urls.Where(url => hidden is null || new Uri(url).Port != hidden.Port);
    }

    private static bool IsSet(string? value) => !string.IsNullOrEmpty(value);

    /// <summary>Before anything is validated: what cannot be read counts as not set; the start tells.</summary>
    private static TelemetryOptions Read(IConfigurationSection section)
    {
        try
        {
            return section.Get<TelemetryOptions>() ?? new TelemetryOptions();
        }
        catch (InvalidOperationException)
        {
            return new TelemetryOptions();
        }
    }

    private static void Collect(WebApplicationBuilder builder, TelemetryOptions options, bool toCollector)
    {
        builder.Services.AddSingleton<GaugeJob>()
            .AddHostedService(provider => provider.GetRequiredService<GaugeJob>());
        var telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(
            builder.Configuration[NameVariable] is { Length: > 0 } name ? name : "countinghouse",
            serviceVersion: typeof(TelemetrySetup).Assembly.GetName().Version?.ToString(3),
            serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}"));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddMeter(Meters);
            if (options.Prometheus is { } url)
            {
                metrics.AddPrometheusExporter();
                var others = builder.WebHost.GetSetting(WebHostDefaults.ServerUrlsKey);
                builder.WebHost.UseUrls([.. (others ?? "").Split(';'), url.GetLeftPart(UriPartial.Authority)]);
            }
        });
        if (toCollector)
        {
            Send(builder, telemetry, options);
        }
    }

    private static void Send(WebApplicationBuilder builder, OpenTelemetryBuilder telemetry, TelemetryOptions options)
    {
        telemetry.WithTracing(tracing =>
        {
            tracing.AddSource(Tracing.SourceName, "Npgsql", "System.Net.Http").AddAspNetCoreInstrumentation(requests =>
            {
                requests.Filter = context =>
                    !context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal);
                requests.EnrichWithHttpResponse = (activity, _) => HidePrivate(activity);
            });
            if (!IsSet(builder.Configuration[SamplerVariable]))
            {
                tracing.SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(options.TraceRatio)));
            }
        });
        telemetry.WithLogging(configureBuilder: null, configureOptions: logs => logs.IncludeScopes = true);
        if (options.Otlp is { } collector)
        {
            var protocol = options.OtlpProtocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
            telemetry.UseOtlpExporter(protocol, collector);
        }
        else
        {
            telemetry.UseOtlpExporter();
        }
    }

    private static void HidePrivate(Activity activity)
    {
        foreach (var name in Private)
        {
            activity.SetTag(name, null);
        }
    }

    private static void Serve(WebApplication app, int port)
    {
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            context => context.Connection.LocalPort == port && context.Request.Path == ScrapePath);
        app.Use((context, next) =>
        {
            if (context.Connection.LocalPort != port)
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
