using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.Extensions.Caching.Memory;

namespace Countinghouse.Access;

/// <summary>
/// Answers "whose credential is this?" from memory. An entry lives three seconds, so that what is revoked or changed on
/// any node holds on every node well within five, whatever is heard of it (<see cref="CredentialUseJob"/>), and at once
/// on the node that changed it; unknown credentials are remembered too, so that guessing costs the database nothing.
/// </summary>
public sealed class CredentialCache(CredentialStore store, TimeProvider clock) : IDisposable
{
    public const int EntriesMax = 100_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    /// <summary>What nobody asks for gives its memory back; it was no good long before.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromMinutes(1);

    private readonly MemoryCache _entries = new(new MemoryCacheOptions { SizeLimit = EntriesMax });

    private ConcurrentDictionary<(CredentialKind Kind, Guid Id), Instant> _used = new();
    private int _changes;

    /// <summary>The caller of an API key; null when the key is not good now.</summary>
    public ValueTask<KnownCaller?> Key(string key, CancellationToken cancellation) =>
        ApiKeyFormat.IsWellFormed(key) ? Find(key, store.Key, cancellation) : default;

    /// <summary>The caller of an access token; null when it is not good now.</summary>
    public ValueTask<KnownCaller?> Token(string token, CancellationToken cancellation) =>
        CredentialFormat.IsWellFormed(token, CredentialFormat.Token) ? Find(token, store.Token, cancellation) : default;

    /// <summary>The caller of a session's cookie; null when it is not good now.</summary>
    public ValueTask<KnownCaller?> Session(string session, CancellationToken cancellation) =>
        CredentialFormat.IsWellFormed(session, CredentialFormat.Session)
            ? Find(session, store.Session, cancellation)
            : default;

    /// <summary>
    /// To be called after a credential, role or membership was changed: on this node the change holds from now on.
    /// </summary>
    public void Changed()
    {
        Interlocked.Increment(ref _changes);
        _entries.Clear();
    }

    /// <summary>The uses since the last call, which from now on are the taker's to write down.</summary>
    public IReadOnlyList<(CredentialKind Kind, Guid Id, Instant At)> TakeUses() =>
        [.. Interlocked.Exchange(ref _used, new()).Select(use => (use.Key.Kind, use.Key.Id, use.Value))];

    public void Dispose() => _entries.Dispose();

    private async ValueTask<KnownCaller?> Find(
        string secret, Func<byte[], CancellationToken, Task<FoundCredential?>> find, CancellationToken cancellation)
    {
        var hash = CredentialFormat.Hash(secret);
        var name = Convert.ToBase64String(hash);
        if (!_entries.TryGetValue(name, out Entry? entry) || clock.GetElapsedTime(entry!.ReadAt) > Lifetime)
        {
            var changes = Volatile.Read(ref _changes);
            var began = clock.GetTimestamp();
            var found = await find(hash, cancellation);
            entry = new Entry(found is null ? null : KnownCaller.From(found), began);

            // What was read before a change must not be believed after it.
            if (changes == Volatile.Read(ref _changes))
            {
                _entries.Set(
                    name, entry, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = KeptFor, Size = 1 });
            }
        }

        var known = entry.Known;
        var now = Instant.Of(clock.GetUtcNow());
        if (known is null || known.EndsAt <= now)
        {
            return null;
        }

        var caller = known.Caller;
        _used[(caller.Kind, caller.Client is { } client ? client.Value : caller.CredentialId)] = now;
        return known;
    }

    /// <param name="Known">Null: nobody's.</param>
    /// <param name="ReadAt">Timestamp from before it was read.</param>
    private sealed record Entry(KnownCaller? Known, long ReadAt);
}

/// <summary>A caller whose credential is good until it ends, with all that a request needs of it made ready.</summary>
public sealed record KnownCaller(Caller Caller, ClaimsPrincipal Principal, Instant? EndsAt)
{
    public static KnownCaller From(FoundCredential found)
    {
        var caller = found.Caller;
        var identity = new ClaimsIdentity(
            [
                // Counted by key, by client or by person: a new token or session is not a new allowance.
                new Claim(CallerClaims.Subject, SubjectOf(caller)),

                // What an anti-forgery token is bound to.
                new Claim(ClaimTypes.NameIdentifier, caller.Credential),
                new Claim(RateLimitClaims.Publishable, caller.Kind == CredentialKind.Cpk ? "true" : "false"),
                new Claim(RateLimitClaims.PerMinute, found.PerMinute.ToString(CultureInfo.InvariantCulture)),
                new Claim(RateLimitClaims.PerDay, found.PerDay.ToString(CultureInfo.InvariantCulture)),
            ],
            authenticationType: CredentialHandler.Scheme);
        return new KnownCaller(caller, new ClaimsPrincipal(identity), found.EndsAt);
    }

    private static string SubjectOf(Caller caller) => caller.Kind switch
    {
        CredentialKind.Csb or CredentialKind.Csu or CredentialKind.Cpk => caller.Credential,
        CredentialKind.Token or CredentialKind.Session => caller.Actor,
    };
}
