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

    /// <summary>The one in its place when it came to no result; frozen for the same reason.</summary>
    public static VerificationId SecondOf(UtcDay day) => new(NamedId.Create($"verification/{day}/second"));

    /// <summary>
    /// Verifies, unless it was done today. Whoever had the turn before may have died in the middle: then once more.
    /// </summary>
    public async Task VerifyNight(CancellationToken cancellation)
    {
        var today = UtcDay.Of(clock.GetUtcNow());
        if (await Run(NightOf(today)) is null && !await verifications.HasResult(NightOf(today), cancellation))
        {
            await Run(SecondOf(today));
        }

        Task<VerifyResult?> Run(VerificationId id) => verifications.Run(id, "nightly", _ => { }, cancellation);
    }

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
            if (myTurn.IsCancellationRequested || clock.GetUtcNow().Hour != options.Value.VerifyAtHourUtc)
            {
                continue;
            }

            try
            {
                await VerifyNight(myTurn);
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
