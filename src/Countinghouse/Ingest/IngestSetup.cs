using Countinghouse.Telemetry;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>Puts the slice into the program.</summary>
public static class IngestSetup
{
    public static IServiceCollection AddIngest(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<IngestOptions>().Bind(configuration.GetSection(IngestOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<IngestOptions>, IngestOptionsValidator>();
        return services
            .AddSingleton<IngestMetrics>()
            .AddSingleton<EventWriter>()
            .AddSingleton<EventFlusher>()
            .AddSingleton<AdvertiserStates>()
            .AddSingleton<IdRunStore>()
            .AddSingleton<EventReader>()
            .AddSingleton<JournalUpgrade>()
            .AddSingleton<ClientReader>()
            .AddSingleton<Rollups>()
            .AddSingleton<RollupCheck>()
            .AddSingleton<RollupReader>()
            .AddSingleton<IdRuns>()
            .AddSingleton<RecentBatches>()
            .AddSingleton<Receipts>()
            .AddSingleton<Verifier>()
            .AddSingleton<BookCheck>(TrailCheck.Check)
            .AddSingleton<IngestGauges>()
            .AddSingleton<GaugeSource>(provider => provider.GetRequiredService<IngestGauges>().Read)
            .AddSingleton<VerificationStore>()
            .AddSingleton<Verifications>()
            .AddSingleton<RollupJob>()
            .AddHostedService(provider => provider.GetRequiredService<RollupJob>())
            .AddHostedService<VerificationJob>();
    }
}
