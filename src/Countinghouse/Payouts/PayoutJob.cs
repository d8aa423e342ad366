using Countinghouse.Audit;
using Countinghouse.RevenueShare;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>
/// Carries out confirmed runs, takes payouts through their protocol, asks about what providers told, reconciles once a
/// day. One node does it, of those that may (Payouts:Work); that no money moves twice does not depend on that.
/// </summary>
public sealed partial class PayoutJob(
    PayoutRunStore runs,
    PayoutWorker worker,
    WebhookInbox inbox,
    Reconciliation reconciliation,
    IOptions<PayoutOptions> options,
    JobTurns turns,
    TimeProvider clock,
    ILogger<PayoutJob> log) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.Work ? turns.Run("payouts", Pay, stoppingToken) : Task.CompletedTask;

    private async Task Pay(CancellationToken myTurn)
    {
        Acting.Begin(SharePayments.Actor);
        var pause = TimeSpan.FromSeconds(options.Value.PauseSeconds);
        while (true)
        {
            await Task.Delay(pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (myTurn.IsCancellationRequested)
            {
                return;
            }

            await Try(runs.Reserve, myTurn);
            await Try(worker.RunDue, myTurn);
            await Try(inbox.Work, myTurn);
            await Try(reconciliation.RunDaily, myTurn);
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
