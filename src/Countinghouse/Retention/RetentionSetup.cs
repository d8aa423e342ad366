using Countinghouse.Telemetry;
using Microsoft.Extensions.Options;

namespace Countinghouse.Retention;

/// <summary>Puts the slice into the program.</summary>
public static class RetentionSetup
{
    public static IServiceCollection AddRetention(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddOptions<RetentionOptions>().Bind(configuration.GetSection(RetentionOptions.Section))
            .ValidateOnStart();
        services.AddSingleton<IValidateOptions<RetentionOptions>, RetentionOptionsValidator>();
        return services
            .AddSingleton<JournalMonths>()
            .AddSingleton<GaugeSource>(provider => provider.GetRequiredService<JournalMonths>().Read)
            .AddSingleton<ArchiveStore>()
            .AddSingleton<BatchStore>()
            .AddSingleton<JournalArchive>()
            .AddSingleton<JournalReturn>()
            .AddSingleton<RetentionJob>()
            .AddHostedService(provider => provider.GetRequiredService<RetentionJob>());
    }
}
