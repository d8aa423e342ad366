namespace Countinghouse.Retention;

/// <summary>Puts the slice into the program.</summary>
public static class RetentionSetup
{
    public static IServiceCollection AddRetention(this IServiceCollection services, IConfiguration configuration) =>
        services.AddSingleton<JournalMonths>();
}
