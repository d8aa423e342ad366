using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Keeps rollups a quarter of a second behind the journal, and stores the ids that memory has no room for. Any node
/// does it for all; two at once do no harm.
/// </summary>
public sealed partial class RollupJob(
    Rollups rollups, IdRuns runs, TimeProvider clock, ILogger<RollupJob> log) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                foreach (var advertiser in await rollups.ListBehind(stoppingToken))
                {
                    await Guard(() => rollups.CatchUp(advertiser, stoppingToken));
                }

                foreach (var lane in runs.Lanes)
                {
                    await Guard(() => runs.Make(lane, stoppingToken));
                }

                await runs.DropForgotten(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogLater(error.Message);
            }
        }
    }

    /// <summary>One advertiser's damaged journal holds up no other's work.</summary>
    private async Task Guard(Func<Task> work)
    {
        try
        {
            await work();
        }
        catch (InvalidDataException error)
        {
            // Reports add what is not rolled up, so they stay right; somebody has to look.
            LogDamaged(error.Message);
        }
    }
}
