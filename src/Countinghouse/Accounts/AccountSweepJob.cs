using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Accounts;

/// <summary>Deletes sessions and links that have ended, on one node. That they are over does not wait for it.</summary>
public sealed partial class AccountSweepJob(
    Database database, SessionStore sessions, JobTurns turns, TimeProvider clock, ILogger<AccountSweepJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <summary>One round; any number of nodes may do it.</summary>
    public async Task Sweep(CancellationToken cancellation)
    {
        await sessions.Sweep(cancellation);
        await UserLinks.Sweep(database, Instant.Of(clock.GetUtcNow()), cancellation);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        turns.Run("accounts", SweepOften, stoppingToken);

    private async Task SweepOften(CancellationToken myTurn)
    {
        while (!myTurn.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            try
            {
                await Sweep(CancellationToken.None);
            }
            catch (Exception error) when (Database.IsUnavailable(error))
            {
                LogNotCleaned(error.Message);
            }
        }
    }
}
