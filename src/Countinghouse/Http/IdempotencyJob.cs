using Countinghouse.Storage;

namespace Countinghouse.Http;

/// <summary>Frees keys that could not be freed at once, and deletes answers that are older than promised.</summary>
public sealed partial class IdempotencyJob(IdempotencyStore store, TimeProvider clock, ILogger<IdempotencyJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await store.CleanUp(CancellationToken.None);
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotCleaned(error.Message);
            }
        }
    }
}
