using System.Data.Common;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>A person, as stored.</summary>
/// <param name="Id">The person.</param>
/// <param name="Email">Signs in with it.</param>
/// <param name="Name">As people read it.</param>
/// <param name="PasswordHash">Null: has none yet, so cannot sign in.</param>
/// <param name="TotpSecret">Of the authenticator, protected; null without one.</param>
/// <param name="TotpIsOn">False: the authenticator was not confirmed yet, and no code is asked for.</param>
/// <param name="TotpLastStep">The step of the last code that was used; that one and earlier ones are used up.</param>
/// <param name="LockedUntil">After too many wrong tries; null: not locked.</param>
public sealed record User(
    UserId Id,
    MailAddress Email,
    string Name,
    string? PasswordHash,
    string? TotpSecret,
    bool TotpIsOn,
    long TotpLastStep,
    Instant? LockedUntil)
{
    public bool IsLocked(Instant now) => LockedUntil > now;
}

/// <summary>
/// Keeps people: their passwords, authenticators and locks. What is changed for good is the trail's; a counted failure
/// is not, or anybody could fill the trail, but the lock that follows from it is.
/// </summary>
public sealed class UserStore(
    Database database, AuditTrail trail, IOptions<AccountOptions> options, TimeProvider clock)
{
    private const string Columns = """
        SELECT user_id, email, name, password_hash, totp_secret, totp_is_on, totp_last_step, locked_until FROM app_user
        """;

    private const string FindByEmail = Columns + " WHERE email = @email";

    private const string FindById = Columns + " WHERE user_id = @user";

    // Relative, and only while not locked: any number of wrong tries at once count one each, and none moves the end of
    // a lock.
    private const string CountFailure = """
        UPDATE app_user
        SET failed_count = CASE WHEN failed_count + 1 >= @max THEN 0 ELSE failed_count + 1 END,
            locked_until = CASE WHEN failed_count + 1 >= @max THEN @until ELSE NULL END
        WHERE user_id = @user AND (locked_until IS NULL OR locked_until <= @now)
        RETURNING locked_until
        """;

    private const string ChangePassword = """
        UPDATE app_user SET password_hash = @hash, failed_count = 0, locked_until = NULL
        WHERE user_id = @user AND password_hash = @known
        """;

    private const string PutTotp = """
        UPDATE app_user SET totp_secret = @secret, totp_last_step = 0 WHERE user_id = @user AND NOT totp_is_on
        """;

    // Only the authenticator that was looked at, not one that was set up since.
    private const string TurnTotpOn = """
        UPDATE app_user SET totp_is_on = TRUE, totp_last_step = @step
        WHERE user_id = @user AND NOT totp_is_on AND totp_secret = @secret
        """;

    private const string TurnTotpOff = """
        UPDATE app_user SET totp_is_on = FALSE, totp_secret = NULL, totp_last_step = 0
        WHERE user_id = @user AND totp_is_on
        """;

    public Task<User?> Find(MailAddress email, CancellationToken cancellation) => database.Read(
        connection => connection.First(FindByEmail, Read, cancellation, ("email", email)), cancellation);

    public Task<User?> Find(UserId user, CancellationToken cancellation) =>
        database.Read(connection => Find(connection, user, "", cancellation), cancellation);

    /// <summary>Notes a wrong password or code; too many of them in a row lock the account.</summary>
    public Task RecordFailure(UserId user, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            var now = Instant.Of(clock.GetUtcNow());
            var counted = await connection.Query(
                CountFailure,
                row => row.InstantOrNull(0),
                cancellation,
                ("max", options.Value.FailuresMax),
                ("until", now + TimeSpan.FromMinutes(options.Value.LockMinutes)),
                ("user", user),
                ("now", now));
            if (counted is [{ } until])
            {
                await Record(connection, "user.lock", user, null, new { locked_until = until }, cancellation);
            }
        },
        cancellation);

    /// <summary>
    /// Gives a new password for the one that was checked, and ends all sessions but one; false when somebody else was
    /// faster.
    /// </summary>
    public Task<bool> SetPassword(
        User known, string hash, SessionId kept, CancellationToken cancellation) => database.Write(
        async connection =>
        {
            if (await connection.Execute(
                ChangePassword, cancellation, ("hash", hash), ("user", known.Id), ("known", known.PasswordHash)) == 0)
            {
                return false;
            }

            var ended = await SessionStore.EndAll(connection, known.Id, kept, cancellation);
            await Record(
                connection, "user.change_password", known.Id, null, new { sessions_ended = ended }, cancellation);
            return true;
        },
        cancellation);

    /// <summary>Keeps the secret of an authenticator that is to be confirmed; false when one is on already.</summary>
    public Task<bool> SetUpTotp(UserId user, string secret, CancellationToken cancellation) => Change(
        PutTotp, "user.set_up_totp", user, new { totp = "set_up" }, cancellation, ("secret", secret));

    /// <summary>From now on codes are asked for; false when the authenticator is no longer the one known.</summary>
    public Task<bool> TurnOnTotp(User known, long step, CancellationToken cancellation) => Change(
        TurnTotpOn,
        "user.turn_on_totp",
        known.Id,
        new { totp = "on" },
        cancellation,
        ("step", step),
        ("secret", known.TotpSecret));

    /// <summary>From now on no code is asked for; false when none was.</summary>
    public Task<bool> TurnOffTotp(UserId user, CancellationToken cancellation) => Change(
        TurnTotpOff, "user.turn_off_totp", user, new { totp = "off" }, cancellation);

    /// <summary>On the caller's transaction, with the row locked if <paramref name="lockRow"/> says how.</summary>
    internal static Task<User?> Find(
        DbConnection connection, UserId user, string lockRow, CancellationToken cancellation) =>
        connection.First(FindById + lockRow, Read, cancellation, ("user", user));

    private Task<bool> Change(
        string sql,
        string action,
        UserId user,
        object after,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters) => database.Write(
        async connection =>
        {
            if (await connection.Execute(sql, cancellation, [("user", user), .. parameters]) == 0)
            {
                return false;
            }

            await Record(connection, action, user, null, after, cancellation);
            return true;
        },
        cancellation);

    private Task Record(
        DbConnection connection,
        string action,
        UserId user,
        object? before,
        object? after,
        CancellationToken cancellation) =>
        trail.Record(connection, default, action, $"user:{user}", before, after, cancellation);

    private static User Read(DbDataReader row) => new(
        row.Id<UserId>(0),
        MailAddress.FromText(row.GetString(1)),
        row.GetString(2),
        row.TextOrNull(3),
        row.TextOrNull(4),
        row.GetBoolean(5),
        row.GetInt64(6),
        row.InstantOrNull(7));
}
