using Countinghouse.Audit;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>
/// Carries out confirmed runs, takes payouts through their protocol, asks about what providers told, reconciles once a
/// day. Any number of nodes may run it.
/// </summary>
public sealed partial class PayoutJob(
    PayoutRunStore runs,
    PayoutWorker worker,
    WebhookInbox inbox,
    Reconciliation reconciliation,
    IOptions<PayoutOptions> options,
    TimeProvider clock,
    ILogger<PayoutJob> log) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Acting.Begin(SharePayments.Actor);
        var pause = TimeSpan.FromSeconds(options.Value.PauseSeconds);
        while (options.Value.Work)
        {
            await Task.Delay(pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (stoppingToken.IsCancellationRequested)
            {
                return;
            }

            await Try(runs.Reserve, stoppingToken);
            await Try(worker.RunDue, stoppingToken);
            await Try(inbox.Work, stoppingToken);
            await Try(reconciliation.RunDaily, stoppingToken);
        }
    }

    /// <summary>What fails is tried again in the next round; it must not take the server down.</summary>
    private async Task Try<T>(Func<CancellationToken, Task<T>> step, CancellationToken stoppingToken)
    {
        try
        {
            await step(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; whoever comes next goes on with what is written.
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            LogUnavailable(error.Message);
        }
        catch (Exception error)
        {
            LogStepFailed(error);
        }
    }
}
