using System.Threading.Channels;
using Countinghouse.Primitives;

namespace Countinghouse.Accounts;

/// <summary>
/// Those who asked for a new password. They are seen to after their answer, so that neither its words nor its time tell
/// whether there is an account.
/// </summary>
public sealed class ResetRequests
{
    public const int WaitingMax = 1_000;

    private readonly Channel<MailAddress> _waiting = Channel.CreateBounded<MailAddress>(WaitingMax);

    /// <summary>False when too many wait.</summary>
    public bool TryAdd(MailAddress email) => _waiting.Writer.TryWrite(email);

    public IAsyncEnumerable<MailAddress> All(CancellationToken cancellation) =>
        _waiting.Reader.ReadAllAsync(cancellation);
}
