using Countinghouse.Ingest;
using Countinghouse.Ledger;
using Countinghouse.Telemetry;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace Countinghouse.RevenueShare;

/// <summary>Puts the slice into the program.</summary>
public static class RevenueShareSetup
{
    public static IServiceCollection AddRevenueShare(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<RevenueShareOptions>, RevenueShareOptionsValidator>();
        services.AddOptions<RevenueShareOptions>()
            .Bind(configuration.GetSection(RevenueShareOptions.Section))
            .ValidateOnStart();
        services.TryAddSingleton<EventReader>();
        services.AddSingleton<FeeRateStore>()
            .AddSingleton<RevenueShareStore>()
            .AddSingleton<ShareListStore>()
            .AddSingleton<ShareDetailStore>()
            .AddSingleton<StatementStore>()
            .AddSingleton<ShareEvents>()
            .AddSingleton<CloseGauges>()
            .AddSingleton<GaugeSource>(provider => provider.GetRequiredService<CloseGauges>().Read)
            .AddSingleton<LedgerStore>()
            .AddSingleton<ShareBooks>()
            .AddSingleton<BookCheck>(ShareBooks.Check)
            .AddSingleton<SettlementStore>()
            .AddSingleton<CloseStore>()
            .AddSingleton<Settlements>();
        services.AddHostedService<SettlementJob>();
        return services;
    }

    public static IEndpointRouteBuilder MapRevenueShare(this IEndpointRouteBuilder routes) =>
        routes.MapShares().MapShareList().MapShareDetails().MapStatements().MapFeeRates().MapSettlements().MapLedger();
}
