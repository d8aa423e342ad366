namespace Countinghouse.Campaigns;

/// <summary>Puts the slice into the program.</summary>
public static class CampaignsSetup
{
    public static IServiceCollection AddCampaigns(this IServiceCollection services) => services
        .AddSingleton<CampaignStore>()
        .AddSingleton<CampaignHistory>()
        .AddSingleton<CampaignSnapshots>()
        .AddSingleton<CampaignScheduleJob>()
        .AddHostedService(provider => provider.GetRequiredService<CampaignScheduleJob>());
}
