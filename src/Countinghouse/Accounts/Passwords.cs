using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>What became of holding a password against a hash.</summary>
public enum PasswordCheck
{
    Right = 1,

    /// <summary>Right, and its hash was made by weaker rules than today's.</summary>
    RightButOld = 2,
    Wrong = 3,

    /// <summary>Too many are being checked; nobody has looked at this one.</summary>
    Busy = 4,
}

/// <summary>
/// Makes and checks hashes of passwords with the framework's own hasher. A hash costs a processor a tenth of a second,
/// so there are never more at once than processors, and who would wait long is sent away: a flood of people signing in
/// must not keep events waiting. Never called inside a transaction.
/// </summary>
public sealed class Passwords : IDisposable
{
    public const int LengthCharsMin = 12;
    public const int LengthCharsMax = 128;

    /// <summary>PBKDF2 with HMAC-SHA512, as OWASP advises for it.</summary>
    private const int Iterations = 210_000;

    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(5);

    /// <summary>The hasher passes its user on to nobody.</summary>
    private static readonly object AnyUser = new();

    private readonly PasswordHasher<object> _hasher =
        new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));

    private readonly SemaphoreSlim _turns = new(Environment.ProcessorCount);
    private readonly string _nobodys;

    public Passwords() => _nobodys = _hasher.HashPassword(AnyUser, "nobody has this password");

    /// <summary>What keeps a new password from being taken; null: nothing.</summary>
    public static FieldError? Refuse(string field, string password, MailAddress email) =>
        string.Equals(password.Trim(), email.ToString(), StringComparison.OrdinalIgnoreCase)
            ? new FieldError(field, "must not be the mail address", "invalid")
            : null;

    /// <summary>The hash to store; null when too many are being made.</summary>
    public Task<string?> Hash(string password, CancellationToken cancellation) =>
        InTurn<string?>(() => _hasher.HashPassword(AnyUser, password), null, cancellation);

    /// <summary>Checks a password. Without a hash the same work is done for nothing, and the answer is Wrong.</summary>
    public Task<PasswordCheck> Check(string? hash, string password, CancellationToken cancellation) => InTurn(
        () =>
        {
            var result = _hasher.VerifyHashedPassword(AnyUser, hash ?? _nobodys, password);
            return hash is null ? PasswordCheck.Wrong : result switch
            {
                PasswordVerificationResult.Success => PasswordCheck.Right,
                PasswordVerificationResult.SuccessRehashNeeded => PasswordCheck.RightButOld,
                _ => PasswordCheck.Wrong,
            };
        },
        PasswordCheck.Busy,
        cancellation);

    public void Dispose() => _turns.Dispose();

    private async Task<T> InTurn<T>(Func<T> work, T busy, CancellationToken cancellation)
    {
        if (!await _turns.WaitAsync(WaitMax, cancellation))
        {
            return busy;
        }

        try
        {
            return await Task.Run(work, cancellation);
        }
        finally
        {
            _turns.Release();
        }
    }
}
