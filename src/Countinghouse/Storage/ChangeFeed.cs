using System.Collections.Concurrent;

namespace Countinghouse.Storage;

/// <summary>
/// What other nodes say they have changed, as soon as it is committed, so that what this node remembers of it is
/// forgotten at once. It is haste and no promise: whoever listens also looks by itself, within five seconds. Only
/// PostgreSQL can tell (LISTEN and NOTIFY, by <see cref="NodeSession"/>); on SQLite nobody ever calls.
/// </summary>
public sealed class ChangeFeed
{
    /// <summary>Nodes of different versions talk over it: frozen.</summary>
    public const string Channel = "countinghouse_change";

    private const string Notify = "SELECT pg_notify('countinghouse_change', @what)";

    private readonly ConcurrentQueue<(string Prefix, Action<Guid?> Changed)> _listeners = new();

    /// <summary>
    /// What is told: it is delivered when the transaction commits, and not at all when it does not. The same words
    /// twice in a transaction are told once.
    /// </summary>
    /// <param name="action">thing.verb.</param>
    /// <param name="owner">The organization whose thing it is; the zero id: the platform's.</param>
    public static (string Sql, (string, object?)[] Parameters) Telling(string action, Guid owner) =>
        (Notify, [("what", $"{action} {owner}")]);

    /// <summary>
    /// Calls back after each change whose action begins so, this node's own too. Given null, anything may have been
    /// changed by anybody: nothing was heard for a while. It must neither wait nor throw.
    /// </summary>
    public void On(string prefix, Action<Guid?> changed) => _listeners.Enqueue((prefix, changed));

    /// <summary>Something that another node told; what is no "thing.verb ID" is nobody's.</summary>
    internal void Heard(string what)
    {
        var end = what.IndexOf(' ', StringComparison.Ordinal);
        if (end > 0 && Guid.TryParse(what.AsSpan(end + 1), out var owner))
        {
            foreach (var (prefix, changed) in _listeners)
            {
                if (what.StartsWith(prefix, StringComparison.Ordinal))
                {
                    changed(owner);
                }
            }
        }
    }

    /// <summary>From now on changes are heard; what was changed before is not known.</summary>
    internal void BeginsToHear()
    {
        foreach (var (_, changed) in _listeners)
        {
            changed(null);
        }
    }
}
