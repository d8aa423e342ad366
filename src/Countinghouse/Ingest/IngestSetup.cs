namespace Countinghouse.Ingest;

/// <summary>Puts the slice into the program.</summary>
public static class IngestSetup
{
    public static IServiceCollection AddIngest(this IServiceCollection services) =>
        services.AddSingleton<EventWriter>().AddSingleton<EventReader>().AddSingleton<ClientReader>();
}
