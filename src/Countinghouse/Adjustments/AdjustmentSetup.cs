namespace Countinghouse.Adjustments;

/// <summary>Puts the slice into the program.</summary>
public static class AdjustmentSetup
{
    public static IServiceCollection AddAdjustments(this IServiceCollection services) =>
        services.AddSingleton<AdjustmentStore>();
}
