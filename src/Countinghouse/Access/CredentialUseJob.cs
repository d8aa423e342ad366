using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>
/// Writes down every ten seconds, and at the end, when credentials were last used: no request waits for it.
/// </summary>
public sealed partial class CredentialUseJob(
    CredentialCache credentials, CredentialStore store, TimeProvider clock, ILogger<CredentialUseJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Write();
        }
    }

    private async Task Write()
    {
        var uses = credentials.TakeUses();
        if (uses.Count == 0)
        {
            return;
        }

        try
        {
            await store.RecordUse(uses, CancellationToken.None);
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            // The next use will be noted; a lost note harms nobody.
            LogNotWritten(error.Message);
        }
    }
}
