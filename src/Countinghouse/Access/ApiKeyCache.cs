using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Claims;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.RateLimits;
using Microsoft.Extensions.Caching.Memory;

namespace Countinghouse.Access;

/// <summary>
/// Answers "whose key is this?" from memory. An entry lives three seconds, so that a key revoked on any node is refused
/// on every node well within five; unknown keys are remembered too, so that guessing costs the database nothing.
/// </summary>
public sealed class ApiKeyCache(ApiKeyStore store, TimeProvider clock) : IDisposable
{
    public const int EntriesMax = 100_000;

    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(3);

    private readonly MemoryCache _entries = new(new MemoryCacheOptions { SizeLimit = EntriesMax });

    private ConcurrentDictionary<KeyId, (OrganizationId Organization, Instant At)> _used = new();

    /// <summary>
    /// The caller a key stands for, and the claims that go with it; null when the key is not good now.
    /// </summary>
    public async ValueTask<KnownKey?> Find(string key, CancellationToken cancellation)
    {
        if (!ApiKeyFormat.IsWellFormed(key))
        {
            return null;
        }

        var hash = ApiKeyFormat.Hash(key);
        var name = Convert.ToBase64String(hash);
        if (!_entries.TryGetValue(name, out KnownKey? known))
        {
            var stored = await store.Find(hash, cancellation);
            known = stored is { IsActive: true } ? KnownKey.From(stored) : null;
            _entries.Set(
                name, known, new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Lifetime, Size = 1 });
        }

        var now = Instant.Of(clock.GetUtcNow());
        if (known is null || known.ExpiresAt <= now)
        {
            return null;
        }

        _used[known.Caller.Key] = (known.Caller.Organization, now);
        return known;
    }

    /// <summary>The uses since the last call, which from now on are the taker's to write down.</summary>
    public IReadOnlyList<(OrganizationId Organization, KeyId Key, Instant At)> TakeUses() =>
        [.. Interlocked.Exchange(ref _used, new()).Select(use => (use.Value.Organization, use.Key, use.Value.At))];

    public void Dispose() => _entries.Dispose();
}

/// <summary>A key that is good until it expires, with everything a request needs of it made ready.</summary>
public sealed record KnownKey(Caller Caller, ClaimsPrincipal Principal, Instant? ExpiresAt)
{
    public static KnownKey From(ApiKey key)
    {
        var caller = new Caller(key.Organization, key.OrganizationIsOperator, key.Kind, key.Id, key.Role);
        var identity = new ClaimsIdentity(
            [
                new Claim(CallerClaims.Subject, caller.Actor),
                new Claim(RateLimitClaims.Publishable, key.Kind == KeyKind.Cpk ? "true" : "false"),
                new Claim(RateLimitClaims.PerMinute, key.RateLimitPerMinute.ToString(CultureInfo.InvariantCulture)),
                new Claim(RateLimitClaims.PerDay, key.RateLimitPerDay.ToString(CultureInfo.InvariantCulture)),
            ],
            authenticationType: ApiKeyHandler.Scheme);
        return new KnownKey(caller, new ClaimsPrincipal(identity), key.ExpiresAt);
    }
}
