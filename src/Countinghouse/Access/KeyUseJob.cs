using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>Writes down every ten seconds, and at the end, when keys were last used: no request waits for it.</summary>
public sealed partial class KeyUseJob(ApiKeyCache keys, ApiKeyStore store, TimeProvider clock, ILogger<KeyUseJob> log)
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
        var uses = keys.TakeUses();
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
            // The next use of the key will be noted; a lost note harms nobody.
            LogNotWritten(error.Message);
        }
    }
}
