using Countinghouse.Access;
using Countinghouse.Accounts;
using Countinghouse.Adjustments;
using Countinghouse.Campaigns;
using Countinghouse.Commands.Configuring;
using Countinghouse.Credentials;
using Countinghouse.Http;
using Countinghouse.Ingest;
using Countinghouse.Organizations;
using Countinghouse.Payouts;
using Countinghouse.Reporting;
using Countinghouse.RateLimits;
using Countinghouse.Retention;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Countinghouse.Telemetry;
using Countinghouse.WebConsole;
using Microsoft.Extensions.Options;

namespace Countinghouse.Commands;

/// <summary>The program put together: what the slices bring, and the path of a request through them.</summary>
public static class Server
{
    public static WebApplication Build(ServerSettings settings, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ContentRootPath = AppContext.BaseDirectory,
            EnvironmentName = Environments.Production,
        });

        // One order of sources for the server and every command, and nothing from variables that are not ours.
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(settings.RequireConfiguration().Root);
        builder.WebHost.UseUrls(settings.Urls.Split(';'));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration();
        builder.AddLog();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);

        // Which node runs which job is worth a line.
        builder.Logging.AddFilter(typeof(NodeSession).FullName, LogLevel.Information);
        builder.Services.AddSingleton(settings);
        AddSlices(builder.Services, builder.Configuration);
        builder.Services.AddHardening();
        builder.Services.AddApiDocument();
        builder.Services.AddConsole();
        configure?.Invoke(builder);
        builder.AddCollectors();

        var app = builder.Build();
        UsePipeline(app);
        MapSlices(app);
        return app;
    }

    /// <summary>Everything but the web: what commands such as "close" need, and what the server needs too.</summary>
    public static void AddSlices(IServiceCollection services, IConfiguration configuration)
    {
        var clock = TimeProvider.System;
        Faults.Move(ref clock);
        services.AddSingleton(clock);
        services.AddSingleton<IValidateOptions<PlaceOptions>, PlaceOptionsValidator>();
        services.AddOptions<PlaceOptions>().Bind(configuration).ValidateOnStart();
        services.AddSingleton(provider => provider.GetRequiredService<ServerSettings>().OpenDatabase());
        services.AddSingleton<Migrator>();
        services.AddSingleton<ChangeFeed>().AddSingleton<JobTurns>();

        // Before all jobs, so that it stops after them: until then their turns are this node's.
        services.AddHostedService<NodeSession>();
        services.AddSingleton<SystemSecrets>();
        services.AddTelemetry(configuration);
        services.AddHttp(configuration);
        services.AddRateLimits(configuration);
        services.AddAccess(configuration);
        services.AddCredentials(configuration);
        services.AddOrganizations();
        services.AddAccounts(configuration);
        services.AddCampaigns();
        services.AddIngest(configuration);
        services.AddTraffic(configuration);
        services.AddReporting();
        services.AddAdjustments();
        services.AddRevenueShare(configuration);
        services.AddPayouts(configuration);
        services.AddRetention(configuration);
    }

    private static void UsePipeline(WebApplication app)
    {
        app.UseTelemetry();
        app.UseForwardedHeaders();
        app.UseInnerServer();
        app.UseRateLimitHeaders();
        app.UseRequestIds();
        app.Use(HttpSetup.KeepPrivate);
        app.Use(Hardening.AddHeaders);
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(status =>
            Problems.ForStatus(status.HttpContext.Response.StatusCode).ExecuteAsync(status.HttpContext));
        app.UseRouting();
        app.UseRequestTimeouts();
        app.UseAuthentication();
        app.UseRateLimits();
        app.UseCors();
        app.Use(AccessSetup.RefuseBadCredential);
        app.Use(AccessSetup.NameActor);
        app.UseAuthorization();
        app.Use(app.Services.GetRequiredService<Idempotency>().Middleware);
        app.UseConsole();
    }

    private static void MapSlices(WebApplication app)
    {
        var api = app.MapGroup(HttpOptions.BasePath).AddEndpointFilter(RequestCheck.Filter);
        api.MapAudit();
        api.MapApiKeys();
        api.MapOwnApiKeys();
        api.MapOAuthClients();
        api.MapOrganizations();
        api.MapCatalog();
        api.MapAccounts();
        api.MapCampaigns();
        api.MapEvents();
        api.MapReceipts();
        api.MapIngestHealth();
        api.MapVerifications();
        api.MapReporting();
        api.MapInvalidTraffic();
        api.MapAdjustments();
        api.MapRevenueShare();
        api.MapPayouts();
        app.MapOAuth();
        app.MapWebhooks();
        app.MapDiscovery();
        app.MapConsole();
    }
}
