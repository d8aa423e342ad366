using Countinghouse.Storage;

namespace Countinghouse.Credentials;

/// <summary>Deletes access tokens that have ended, every ten minutes; until then they only take up room.</summary>
public sealed partial class TokenSweepJob(AccessTokenStore tokens, TimeProvider clock, ILogger<TokenSweepJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await tokens.Sweep(CancellationToken.None);
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotSwept(error.Message);
            }
        }
    }
}
