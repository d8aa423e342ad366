using Countinghouse.Storage;

namespace Countinghouse.Access;

/// <summary>
/// Writes down every ten seconds, and at the end, when credentials were last used: no request waits for it. Forgets
/// what is remembered of credentials when another node changes one.
/// </summary>
public sealed partial class CredentialUseJob(
    CredentialCache credentials,
    CredentialStore store,
    ChangeFeed changes,
    TimeProvider clock,
    ILogger<CredentialUseJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Changes after which a credential is good for something else than before. Making one is none: nobody has asked
    /// for it yet.
    /// </summary>
    private static readonly string[] Concerning =
    [
        "api_key.", "oauth_client.", "access_token.revoke", "session.delete", "member.", "user.", "organization.change",
    ];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Array.ForEach(Concerning, action => changes.On(action, _ => credentials.Changed()));
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
