using Countinghouse.Storage;

namespace Countinghouse.Organizations;

/// <summary>Looks twice a second what other nodes have changed.</summary>
public sealed class OrganizationVersionJob(OrganizationVersions versions, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await versions.Look(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                // What is known runs out within a second; then reports ask the database, and say what is wrong with it.
            }
        }
    }
}
