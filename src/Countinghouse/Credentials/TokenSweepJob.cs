using Countinghouse.Storage;

namespace Countinghouse.Credentials;

/// <summary>
/// Deletes access tokens that have ended, every ten minutes, on one node; until then they only take up room.
/// </summary>
public sealed partial class TokenSweepJob(
    AccessTokenStore tokens, JobTurns turns, TimeProvider clock, ILogger<TokenSweepJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(10);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        turns.Run("tokens", Sweep, stoppingToken);

    private async Task Sweep(CancellationToken myTurn)
    {
        while (!myTurn.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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
