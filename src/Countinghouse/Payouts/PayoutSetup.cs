using Countinghouse.Ingest;
using Countinghouse.Payouts.Providers;
using Countinghouse.Telemetry;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>Puts the slice into the program.</summary>
public static class PayoutSetup
{
    public static IServiceCollection AddPayouts(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<IValidateOptions<PayoutOptions>, PayoutOptionsValidator>();
        services.AddOptions<PayoutOptions>().Bind(configuration.GetSection(PayoutOptions.Section)).ValidateOnStart();

        // The connections of a pool are renewed now and then, so that a provider that moves is found again.
        services.AddSingleton<IPayoutProvider>(provider => new StripeProvider(
            new HttpMessageInvoker(new SocketsHttpHandler
            {
                AllowAutoRedirect = false,
                UseCookies = false,
                PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            }),
            provider.GetRequiredService<IOptions<PayoutOptions>>()));
        services.AddSingleton<IPayoutProvider, ManualProvider>();
        services.AddSingleton<PayoutBooks>()
            .AddSingleton<BookCheck>(PayoutBooks.Check)
            .AddSingleton<PayoutGauges>()
            .AddSingleton<GaugeSource>(provider => provider.GetRequiredService<PayoutGauges>().Read)
            .AddSingleton<PayoutAccountStore>()
            .AddSingleton<PayoutDestinations>()
            .AddSingleton<PayoutStore>()
            .AddSingleton<PayoutRunStore>()
            .AddSingleton<PayoutReader>()
            .AddSingleton<PayoutOutlookStore>()
            .AddSingleton<PayoutDecisions>()
            .AddSingleton<PayoutWorker>()
            .AddSingleton<WebhookInbox>()
            .AddSingleton<ReconciliationStore>()
            .AddSingleton<Reconciliation>();
        services.AddHostedService<PayoutJob>();
        return services;
    }

    public static IEndpointRouteBuilder MapPayouts(this IEndpointRouteBuilder routes) =>
        routes.MapPayoutRuns().MapPayoutList().MapPayoutAccounts().MapPayoutOutlook().MapReconciliations();
}
