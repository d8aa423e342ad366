using Countinghouse.Audit;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.RevenueShare;

/// <summary>
/// Closes each month by itself once its 72 hours for late events are over. One node does it; a close done twice at
/// once is done once.
/// </summary>
public sealed partial class SettlementJob(
    Settlements settlements,
    FeeRateStore rates,
    IOptions<RevenueShareOptions> options,
    JobTurns turns,
    TimeProvider clock,
    ILogger<SettlementJob> log) : BackgroundService
{
    /// <summary>How the trail names this job.</summary>
    public const string Actor = "job:settlement";

    /// <summary>A node that starts answers first, then looks whether a month is due.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);

    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Acting.Begin(Actor);
        await Try(rates.KeepFirst, stoppingToken);
        if (options.Value.CloseAutomatically)
        {
            await turns.Run("closing", CloseEachMonth, stoppingToken);
        }
    }

    private async Task CloseEachMonth(CancellationToken myTurn)
    {
        var pause = FirstPause;
        while (true)
        {
            await Task.Delay(pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (myTurn.IsCancellationRequested)
            {
                return;
            }

            await Try(token => settlements.CloseDue(Actor, token), myTurn);
            pause = Pause;
        }
    }

    /// <summary>A failure is tried again an hour later; it must not take the server down.</summary>
    private async Task Try(Func<CancellationToken, Task> step, CancellationToken stoppingToken)
    {
        try
        {
            await step(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; the next start goes on where this left off.
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            LogUnavailable(error.Message);
        }
        catch (Exception error)
        {
            LogFailed(error);
        }
    }
}
