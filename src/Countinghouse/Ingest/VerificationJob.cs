using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Ingest;

/// <summary>
/// Verifies every night. The verification's id follows from the day, so of any number of nodes one does it.
/// </summary>
public sealed partial class VerificationJob(
    Verifications verifications, IOptions<IngestOptions> options, TimeProvider clock, ILogger<VerificationJob> log)
    : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromMinutes(5);

    /// <summary>The nightly verification of a day; frozen, because nodes must agree on it.</summary>
    public static VerificationId NightOf(UtcDay day) => new(NamedId.Create($"verification/{day}"));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Acting.Begin("job:verification");
        while (options.Value.VerifyAtHourUtc >= 0 && !stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var now = clock.GetUtcNow();
            if (stoppingToken.IsCancellationRequested || now.Hour != options.Value.VerifyAtHourUtc)
            {
                continue;
            }

            try
            {
                await verifications.Run(NightOf(UtcDay.Of(now)), "nightly", _ => { }, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
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
