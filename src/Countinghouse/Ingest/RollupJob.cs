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
                await rollups.CatchUpAll(stoppingToken);
                await runs.MakeWanted(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogLater(error.Message);
            }
            catch (InvalidDataException error)
            {
                // Reports add what is not rolled up, so they stay right; somebody has to look.
                LogDamaged(error.Message);
            }
        }
    }
}
