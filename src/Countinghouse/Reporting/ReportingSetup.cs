namespace Countinghouse.Reporting;

/// <summary>Puts the slice into the program.</summary>
public static class ReportingSetup
{
    public static IServiceCollection AddReporting(this IServiceCollection services) => services
        .AddSingleton<ReportRows>()
        .AddSingleton<KeptAnswers>()
        .AddSingleton<CampaignListReport>()
        .AddSingleton<CampaignOverviewReport>()
        .AddSingleton<PerformanceReport>()
        .AddSingleton<CampaignSummaryReport>()
        .AddSingleton<SeriesReport>()
        .AddSingleton<InvalidTrafficReport>();
}
