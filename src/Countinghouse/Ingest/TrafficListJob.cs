using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Loads the lists before the first request, and looks every two seconds, and when another node says so, whether they
/// changed.
/// </summary>
public sealed partial class TrafficListJob(
    TrafficLists lists, ChangeFeed changes, TimeProvider clock, ILogger<TrafficListJob> log)
    : BackgroundService, IHostedLifecycleService
{
    private TaskCompletionSource _changed = New();

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>A node that cannot read its lists must not judge by none.</summary>
    public Task StartingAsync(CancellationToken cancellationToken) => lists.Refresh(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        changes.On("traffic_list.", _ => Interlocked.Exchange(ref _changed, New()).TrySetResult());
        while (!stoppingToken.IsCancellationRequested)
        {
            var changed = Volatile.Read(ref _changed).Task;
            await Task.WhenAny(changed, Task.Delay(Pause, clock, stoppingToken));
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

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
