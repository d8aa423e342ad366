using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Runs verifications and writes down what they found; a difference is an alarm and stops every close.
/// </summary>
public sealed partial class Verifications(
    Verifier verifier, VerificationStore store, TimeProvider clock, ILogger<Verifications> log)
{
    /// <summary>Verifies everything. Null when that verification has begun before, here or on another node.</summary>
    public async Task<VerifyResult?> Run(
        VerificationId id, string trigger, Action<long> progress, CancellationToken cancellation)
    {
        if (!await store.Begin(id, trigger, Instant.Of(clock.GetUtcNow()), cancellation))
        {
            return null;
        }

        VerifyResult? result = null;
        try
        {
            result = await verifier.Verify(null, progress, cancellation);
        }
        finally
        {
            await store.End(id, result, Instant.Of(clock.GetUtcNow()), CancellationToken.None);
        }

        if (result.DifferenceCount > 0)
        {
            var first = result.Differences[0];
            LogDifferent(
                result.DifferenceCount, first.Table, first.Key, first.Organization, first.Figure, first.Stored,
                first.Expected);
        }

        return result;
    }

    /// <summary>The same beside a request that does not wait for it.</summary>
    public void Start(VerificationId id, string trigger) => _ = Task.Run(async () =>
    {
        try
        {
            await Run(id, trigger, _ => { }, CancellationToken.None);
        }
        catch (Exception error) when (Database.IsUnavailable(error) || error is InvalidDataException)
        {
            LogFailed(error.Message);
        }
    });

    /// <summary>True unless the last verification found a difference.</summary>
    public async Task<bool> IsClean(CancellationToken cancellation) =>
        await store.Last(cancellation) is not { State: VerificationState.Different };
}
