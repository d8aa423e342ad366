using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Organizations;

/// <summary>
/// Looks twice a second what other nodes have changed, and forgets at once what they say they have. Flushes of events
/// say nothing: there are too many of them, and whoever says something waits for all others who do.
/// </summary>
public sealed class OrganizationVersionJob(OrganizationVersions versions, ChangeFeed changes, TimeProvider clock)
    : BackgroundService
{
    private static readonly string[] Concerning = ["campaign.", "adjustment.", "organization."];

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(400);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Array.ForEach(Concerning, action => changes.On(action, Forget));
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

    private void Forget(Guid? organization)
    {
        if (organization is { } changed)
        {
            versions.Changed(new OrganizationId(changed));
        }
        else
        {
            versions.AllChanged();
        }
    }
}
