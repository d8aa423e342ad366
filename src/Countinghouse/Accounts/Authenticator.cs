using System.Security.Cryptography;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.DataProtection;

namespace Countinghouse.Accounts;

/// <summary>How a try to sign in ended.</summary>
public enum SignInOutcome
{
    Good = 1,

    /// <summary>No such person, another password or code, or a locked account: nobody outside learns which.</summary>
    Refused = 2,

    /// <summary>The password is right; the code is still to come.</summary>
    CodeNeeded = 3,

    /// <summary>Too many at once; nothing was looked at.</summary>
    Busy = 4,
}

/// <summary>What a check has found.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="User">Whom it found; only with Good.</param>
/// <param name="Step">The step of the code; null where none is asked for.</param>
/// <param name="NewHash">The password's hash by today's rules; null when the stored one is.</param>
public sealed record SignInCheck(SignInOutcome Outcome, User? User = null, long? Step = null, string? NewHash = null);

/// <summary>
/// Says whether people are who they say they are. Wrong tries are counted after the check and success is written under
/// the same row's lock, so that of any number at once only those count as good that came before the lock.
/// </summary>
public sealed class Authenticator(
    UserStore users, Passwords passwords, IDataProtectionProvider protection, TimeProvider clock)
{
    private readonly IDataProtector _secrets = protection.CreateProtector("Countinghouse.Accounts.Totp");

    /// <summary>Whoever it is, and whatever is wrong, one password is hashed.</summary>
    public async Task<SignInCheck> SignIn(
        MailAddress email, string password, string? code, CancellationToken cancellation)
    {
        var user = await users.Find(email, cancellation);
        var check = await passwords.Check(user?.PasswordHash, password, cancellation);
        if (check == PasswordCheck.Busy)
        {
            return new SignInCheck(SignInOutcome.Busy);
        }

        if (user is null || user.IsLocked(Now))
        {
            return new SignInCheck(SignInOutcome.Refused);
        }

        if (check == PasswordCheck.Wrong)
        {
            return await Refused(user, cancellation);
        }

        long? step = null;
        if (user.TotpIsOn)
        {
            if (code is null)
            {
                return new SignInCheck(SignInOutcome.CodeNeeded);
            }

            step = Match(user, code);
            if (step is null)
            {
                return await Refused(user, cancellation);
            }
        }

        // Should there be no room for it now, the next time will do.
        var hash = check == PasswordCheck.RightButOld ? await passwords.Hash(password, cancellation) : null;
        return new SignInCheck(SignInOutcome.Good, user, step, hash);
    }

    /// <summary>The password of somebody who is signed in; wrong ones count and lock as when signing in.</summary>
    public async Task<PasswordCheck> Confirm(User user, string password, CancellationToken cancellation)
    {
        var check = await passwords.Check(user.PasswordHash, password, cancellation);
        if (check != PasswordCheck.Busy && user.IsLocked(Now))
        {
            return PasswordCheck.Wrong;
        }

        if (check == PasswordCheck.Wrong)
        {
            await users.RecordFailure(user.Id, cancellation);
        }

        return check;
    }

    /// <summary>The secret of an authenticator as it is stored.</summary>
    public string Protect(string secret) => _secrets.Protect(secret);

    /// <summary>The step whose unused code this is; null: it is none.</summary>
    public long? Match(User user, string code)
    {
        try
        {
            return user.TotpSecret is { } secret
                ? Totp.Match(_secrets.Unprotect(secret), code, Now, user.TotpLastStep)
                : null;
        }
        catch (CryptographicException)
        {
            // The key that it was protected with is gone, so no code can be right.
            return null;
        }
    }

    private Instant Now => Instant.Of(clock.GetUtcNow());

    private async Task<SignInCheck> Refused(User user, CancellationToken cancellation)
    {
        await users.RecordFailure(user.Id, cancellation);
        return new SignInCheck(SignInOutcome.Refused);
    }
}
