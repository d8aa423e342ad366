using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>
/// Verifies every night, on one node. The verification's id follows from the day, so that it is done once whatever
/// becomes of the node.
/// </summary>
public sealed partial class VerificationJob(
    Verifications verifications,
    IOptions<IngestOptions> options,
    JobTurns turns,
    TimeProvider clock,
    ILogger<VerificationJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <summary>The nightly verification of a day; frozen, because nodes must agree on it.</summary>
    public static VerificationId NightOf(UtcDay day) => new(NamedId.Create($"verification/{day}"));

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        options.Value.VerifyAtHourUtc >= 0
            ? turns.Run("verification", VerifyEachNight, stoppingToken)
            : Task.CompletedTask;

    private async Task VerifyEachNight(CancellationToken myTurn)
    {
        Acting.Begin("job:verification");
        while (!myTurn.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, myTurn).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = clock.GetUtcNow();
            if (myTurn.IsCancellationRequested || now.Hour != options.Value.VerifyAtHourUtc)
            {
                continue;
            }

            try
            {
                await verifications.Run(NightOf(UtcDay.Of(now)), "nightly", _ => { }, myTurn);
            }
            catch (OperationCanceledException) when (myTurn.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (Database.IsUnavailable(error) || error is InvalidDataException)
            {
                LogFailed(error.Message);
            }
        }
    }
}
