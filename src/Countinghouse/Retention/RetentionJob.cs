using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Retention;

/// <summary>
/// Makes the coming months' partitions, and archives the months that the settings let go. One node does it; a month
/// archived twice at once is archived once.
/// </summary>
public sealed partial class RetentionJob(
    JournalMonths months,
    JournalArchive archive,
    IOptions<RetentionOptions> options,
    JobTurns turns,
    TimeProvider clock,
    ILogger<RetentionJob> log) : BackgroundService
{
    /// <summary>A node that starts answers first.</summary>
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Pause = TimeSpan.FromHours(6);

    /// <summary>Archives every month that is due, oldest first; returns the last one that was.</summary>
    public async Task<Period?> ArchiveDue(CancellationToken cancellation)
    {
        var kept = options.Value.JournalMonths;
        Period? last = null;
        while (kept > 0 && await archive.OldestMonth(cancellation) is { } oldest)
        {
            var result = await archive.Archive(
                oldest, options.Value.ArchiveDirectory, kept, _ => { }, cancellation);
            if (result.Manifest is not { } manifest)
            {
                return last;
            }

            last = oldest;
            LogArchived(oldest, manifest.Events, manifest.Files.Count);
        }

        return last;
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        turns.Run("retention", KeepInOrder, stoppingToken);

    private async Task KeepInOrder(CancellationToken myTurn)
    {
        Acting.Begin("job:retention");
        for (var pause = FirstPause; ; pause = Pause)
        {
            await Task.Delay(pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (myTurn.IsCancellationRequested)
            {
                return;
            }

            await Try(token => months.Ensure(clock.GetUtcNow(), token), myTurn);
            await Try(ArchiveDue, myTurn);
        }
    }

    /// <summary>What fails is tried again later; it must not take the server down.</summary>
    private async Task Try(Func<CancellationToken, Task> step, CancellationToken stoppingToken)
    {
        try
        {
            await step(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops; the next start goes on where this left off.
        }
        catch (Exception error) when (Database.IsUnavailable(error)
            || error is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            LogFailed(error.Message);
        }
    }
}
