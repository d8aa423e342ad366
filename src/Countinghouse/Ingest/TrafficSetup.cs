using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>Puts into the program what finds invalid traffic.</summary>
public static class TrafficSetup
{
    public static IServiceCollection AddTraffic(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<WindowOptions>, WindowOptionsValidator>();
        services.AddOptions<WindowOptions>()
            .Bind(configuration.GetSection(WindowOptions.Section)).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ClientKeyOptions>, ClientKeyOptionsValidator>();
        services.AddOptions<ClientKeyOptions>()
            .Bind(configuration.GetSection(ClientKeyOptions.Section)).ValidateOnStart();
        services.AddSingleton<TrafficListStore>().AddSingleton<TrafficLists>().AddHostedService<TrafficListJob>();
        services.AddSingleton<ClientSecrets>().AddHostedService<ClientSecretJob>();
        return services
            .AddSingleton<ClientKeyErasureJob>()
            .AddHostedService(provider => provider.GetRequiredService<ClientKeyErasureJob>());
    }
}
