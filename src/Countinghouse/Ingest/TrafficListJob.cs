using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>Loads the lists before the first request, and looks every two seconds whether they changed.</summary>
public sealed partial class TrafficListJob(TrafficLists lists, TimeProvider clock, ILogger<TrafficListJob> log)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>A node that cannot read its lists must not judge by none.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => lists.Refresh(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await lists.Refresh(CancellationToken.None);
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotRead(error.Message);
            }
        }
    }
}
