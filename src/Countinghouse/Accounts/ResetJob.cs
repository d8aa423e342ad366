using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Accounts;

/// <summary>Sends links to those who asked for a new password and have an account, a few at once.</summary>
public sealed partial class ResetJob(
    ResetRequests requests, UserStore users, ResetStore resets, Mailer mailer, ILogger<ResetJob> log)
    : BackgroundService
{
    private const int AtOnceMax = 4;

    /// <summary>Nobody gets a second mail sooner, however often somebody asks.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, AtOnceMax).Select(_ => Work(stoppingToken)));

    private async Task Work(CancellationToken stoppingToken)
    {
        Acting.Begin(new Acting("anonymous", "", ""));
        try
        {
            await foreach (var email in requests.All(stoppingToken))
            {
                await Offer(email, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; whoever still waits asks again.
        }
    }

    private async Task Offer(MailAddress email, CancellationToken cancellation)
    {
        try
        {
            if (await users.Find(email, cancellation) is { PasswordHash: not null } user
                && await resets.Create(user, Pause, cancellation) is { } secret)
            {
                await mailer.SendReset(email, mailer.LinkTo(ResetEndpoints.Page, secret), cancellation);
            }
        }
        catch (Exception error) when (Database.IsUnavailable(error))
        {
            LogNotOffered(error.Message);
        }
    }
}
