using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Has the day's secret ready before the first request, tomorrow's an hour before midnight, and deletes the old ones
/// once an hour.
/// </summary>
public sealed partial class ClientSecretJob(ClientSecrets secrets, TimeProvider clock, ILogger<ClientSecretJob> log)
    : BackgroundService, IHostedLifecycleService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    private DateTimeOffset _forgetAt = DateTimeOffset.MinValue;

    public Task StartingAsync(CancellationToken cancellationToken) => secrets.Prepare(cancellationToken);

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await secrets.Prepare(CancellationToken.None);
                await ForgetOncePerHour();
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotPrepared(error.Message);
            }

            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ForgetOncePerHour()
    {
        var now = clock.GetUtcNow();
        if (now < _forgetAt)
        {
            return;
        }

        await secrets.Forget(CancellationToken.None);
        _forgetAt = now.AddHours(1);
    }
}
