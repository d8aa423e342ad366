using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Ingest;

/// <summary>
/// Runs verifications and writes down what they found; a difference is an alarm and stops every close.
/// </summary>
public sealed partial class Verifications(
    Verifier verifier, VerificationStore store, TimeProvider clock, ILogger<Verifications> log)
{
    /// <summary>1: one that was asked for is under way.</summary>
    private int _asked;

    /// <summary>Verifies everything. Null when that verification has begun before, here or on another node.</summary>
    public async Task<VerifyResult?> Run(
        VerificationId id, string trigger, Action<long> progress, CancellationToken cancellation)
    {
        var hasBegun = await store.Begin(id, trigger, Instant.Of(clock.GetUtcNow()), cancellation);
        return hasBegun ? await Finish(id, progress, cancellation) : null;
    }

    /// <summary>
    /// The same beside a request that does not wait for it: when this returns, it has begun. False when this node is
    /// still busy with another that was asked for.
    /// </summary>
    public async Task<bool> TryStart(VerificationId id, string trigger, CancellationToken cancellation)
    {
        if (Interlocked.CompareExchange(ref _asked, 1, 0) != 0)
        {
            return false;
        }

        try
        {
            await store.Begin(id, trigger, Instant.Of(clock.GetUtcNow()), cancellation);
        }
        catch
        {
            Volatile.Write(ref _asked, 0);
            throw;
        }

        _ = Task.Run(() => FinishAsked(id), CancellationToken.None);
        return true;
    }

    /// <summary>True when that verification has come to its end; false while it has not, or was cut off.</summary>
    public async Task<bool> HasResult(VerificationId id, CancellationToken cancellation) =>
        await store.Find(id, cancellation)
            is { State: VerificationState.Clean or VerificationState.Different };

    /// <summary>True unless the last verification found a difference.</summary>
    public async Task<bool> IsClean(CancellationToken cancellation) =>
        await store.Last(cancellation) is not { State: VerificationState.Different };

    private async Task<VerifyResult> Finish(
        VerificationId id, Action<long> progress, CancellationToken cancellation)
    {
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

    private async Task FinishAsked(VerificationId id)
    {
        try
        {
            await Finish(id, _ => { }, CancellationToken.None);
        }
        catch (Exception error) when (Database.IsUnavailable(error) || error is InvalidDataException)
        {
            LogFailed(error.Message);
        }
        finally
        {
            Volatile.Write(ref _asked, 0);
        }
    }
}
