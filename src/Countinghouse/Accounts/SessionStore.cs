using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>A signed-in browser.</summary>
/// <param name="Id">The session.</param>
/// <param name="CreatedAt">When it was signed in.</param>
/// <param name="LastSeenAt">When it was used last, to within some seconds.</param>
/// <param name="ExpiresAt">When it ends, however busy it is.</param>
public sealed record Session(SessionId Id, Instant CreatedAt, Instant LastSeenAt, Instant ExpiresAt);

/// <summary>Keeps sessions: a row is a signed-in browser, and signing out deletes it.</summary>
public sealed class SessionStore(
    Database database,
    AuditTrail trail,
    CredentialCache credentials,
    IOptions<AccessOptions> options,
    TimeProvider clock)
{
    /// <summary>Browsers of one person; when there are more, the oldest are signed out.</summary>
    public const int SessionsMax = 50;

    private const string Columns = "SELECT session_id, created_at, last_seen_at, expires_at FROM user_session";

    private const string FindOne = Columns + " WHERE session_id = @session";

    private const string ListGood = Columns + """
         WHERE user_id = @user AND expires_at > @now AND last_seen_at > @idle ORDER BY created_at DESC, session_id DESC
        """;

    private const string NoteSuccess = """
        UPDATE app_user
        SET failed_count = 0, locked_until = NULL, password_hash = @hash, totp_last_step = @step
        WHERE user_id = @user
        """;

    private const string Insert = """
        INSERT INTO user_session (session_id, hash, user_id, created_at, last_seen_at, expires_at)
        VALUES (@session, @hash, @user, @now, @now, @expires)
        """;

    private const string DeleteByHash = "DELETE FROM user_session WHERE hash = @hash RETURNING session_id";

    private const string DeleteOldest = """
        DELETE FROM user_session WHERE user_id = @user AND session_id NOT IN (
            SELECT session_id FROM user_session WHERE user_id = @user
            ORDER BY created_at DESC, session_id DESC LIMIT @max)
        """;

    private const string DeleteOne = "DELETE FROM user_session WHERE session_id = @session AND user_id = @user";

    private const string DeleteOthers = "DELETE FROM user_session WHERE user_id = @user AND session_id <> @kept";

    private const string DeleteEnded = "DELETE FROM user_session WHERE expires_at <= @now OR last_seen_at <= @idle";

    public Task<Session?> Find(SessionId session, CancellationToken cancellation) => database.Read(
        connection => connection.First(FindOne, Read, cancellation, ("session", session)), cancellation);

    /// <summary>Those that are still good, newest first.</summary>
    public Task<List<Session>> List(UserId user, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            ListGood, Read, cancellation, ("user", user), ("now", Now), ("idle", IdleSince)),
        cancellation);

    /// <summary>
    /// Signs in whoever was checked, unless that no longer holds: the account was locked meanwhile, the password
    /// changed, or the code used. The cookie's secret is returned this once.
    /// </summary>
    /// <param name="good">What the check has found.</param>
    /// <param name="replaced">The cookie that the browser came with; its session ends. Null: none.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(Session Session, string Secret)?> Begin(
        SignInCheck good, string? replaced, CancellationToken cancellation)
    {
        var now = Now;
        var session = new Session(
            new SessionId(Guid.CreateVersion7(clock.GetUtcNow())),
            now,
            now,
            now + TimeSpan.FromHours(options.Value.SessionHours));
        var secret = CredentialFormat.Create(CredentialFormat.Session);
        var seen = good.User!;
        var ended = 0;
        var begun = await database.Write(
            async connection =>
            {
                // Under the row's lock, so that of two tries with one code, or a try and a lock, one comes first.
                var user = await UserStore.Find(connection, seen.Id, database.ForUpdate, cancellation);
                if (user is null || user.PasswordHash != seen.PasswordHash || user.IsLocked(now)
                    || user.TotpIsOn != good.Step is not null || good.Step <= user.TotpLastStep)
                {
                    return false;
                }

                await connection.Execute(
                    NoteSuccess,
                    cancellation,
                    ("hash", good.NewHash ?? user.PasswordHash),
                    ("step", good.Step ?? user.TotpLastStep),
                    ("user", user.Id));
                await connection.Execute(
                    Insert,
                    cancellation,
                    ("session", session.Id),
                    ("hash", CredentialFormat.Hash(secret)),
                    ("user", user.Id),
                    ("now", now),
                    ("expires", session.ExpiresAt));
                ended = await connection.Execute(DeleteOldest, cancellation, ("user", user.Id), ("max", SessionsMax));
                var old = replaced is null ? [] : await connection.Query(
                    DeleteByHash,
                    row => row.Id<SessionId>(0),
                    cancellation,
                    ("hash", CredentialFormat.Hash(replaced)));
                ended += old.Count;
                await trail.Record(
                    connection,
                    default,
                    "session.create",
                    $"session:{session.Id}",
                    null,
                    new { user_id = user.Id, replaces = old is [var one] ? one.ToString() : null },
                    cancellation);
                return true;
            },
            cancellation);
        if (ended > 0)
        {
            credentials.Changed();
        }

        return begun ? (session, secret) : null;
    }

    /// <summary>Signs one browser of a person out; false when the person has no such session.</summary>
    public Task<bool> End(UserId user, SessionId session, CancellationToken cancellation) => Ending(
        async connection =>
        {
            if (await connection.Execute(DeleteOne, cancellation, ("session", session), ("user", user)) == 0)
            {
                return false;
            }

            await trail.Record(
                connection,
                default,
                "session.delete",
                $"session:{session}",
                new { user_id = user },
                null,
                cancellation);
            return true;
        },
        cancellation);

    /// <summary>Signs a person out everywhere.</summary>
    public Task EndAll(UserId user, CancellationToken cancellation) => Ending(
        async connection =>
        {
            var ended = await EndAll(connection, user, default, cancellation);
            await trail.Record(
                connection,
                default,
                "session.delete_all",
                $"user:{user}",
                new { sessions = ended },
                null,
                cancellation);
            return true;
        },
        cancellation);

    /// <summary>Forgets sessions that have ended by themselves.</summary>
    public Task Sweep(CancellationToken cancellation) => database.Write(
        connection => connection.Execute(DeleteEnded, cancellation, ("now", Now), ("idle", IdleSince)), cancellation);

    /// <summary>On the caller's transaction; the number of sessions that ended.</summary>
    internal static Task<int> EndAll(
        DbConnection connection, UserId user, SessionId kept, CancellationToken cancellation) =>
        connection.Execute(DeleteOthers, cancellation, ("user", user), ("kept", kept));

    private Instant Now => Instant.Of(clock.GetUtcNow());

    private Instant IdleSince => Now + TimeSpan.FromMinutes(-options.Value.SessionIdleMinutes);

    private async Task<bool> Ending(Func<DbConnection, Task<bool>> work, CancellationToken cancellation)
    {
        try
        {
            return await database.Write(work, cancellation);
        }
        finally
        {
            credentials.Changed();
        }
    }

    private static Session Read(DbDataReader row) => new(
        row.Id<SessionId>(0),
        new Instant(row.GetInt64(1)),
        new Instant(row.GetInt64(2)),
        new Instant(row.GetInt64(3)));
}
