using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>Keeps the links to a new password.</summary>
public sealed class ResetStore(
    Database database,
    AuditTrail trail,
    CredentialCache credentials,
    IOptions<AccountOptions> options,
    TimeProvider clock)
{
    private const string CountResets = """
        SELECT COUNT(*) FROM user_link WHERE email = @email AND purpose = 'RESET' AND created_at > @since
        """;

    private const string UseResets = """
        UPDATE user_link SET used_at = @now WHERE email = @email AND purpose = 'RESET' AND used_at IS NULL
        """;

    private const string PutPassword = """
        UPDATE app_user SET password_hash = @hash, failed_count = 0, locked_until = NULL WHERE user_id = @user
        """;

    private Instant Now => Instant.Of(clock.GetUtcNow());

    /// <summary>The link whose secret this is; null: none that can still be used.</summary>
    public Task<OpenLink?> Find(string secret, CancellationToken cancellation) =>
        UserLinks.Find(database, secret, UserLinks.Reset, Now, cancellation);

    /// <summary>
    /// A link to a new password for somebody; null when one was made less than a pause ago, so that nobody's mailbox
    /// can be filled by asking.
    /// </summary>
    public Task<string?> Create(User user, TimeSpan pause, CancellationToken cancellation) => database.Write<string?>(
        async connection =>
        {
            var now = Now;
            await UserStore.Find(connection, user.Id, database.ForUpdate, cancellation);
            if (await connection.Number(CountResets, cancellation, ("email", user.Email), ("since", now + -pause)) > 0)
            {
                return null;
            }

            var secret = CredentialFormat.Create(CredentialFormat.Link);
            var link = new LinkId(Guid.CreateVersion7(clock.GetUtcNow()));
            var expires = now + TimeSpan.FromMinutes(options.Value.ResetMinutes);
            await UserLinks.Put(connection, link, secret, user.Email, null, now, expires, cancellation);
            await trail.Record(
                connection,
                default,
                "user.ask_reset",
                $"user:{user.Id}",
                null,
                new { link_id = link, expires_at = expires },
                cancellation);
            return secret;
        },
        cancellation);

    /// <summary>Gives a new password by a link, unlocks the account and ends all its sessions.</summary>
    public async Task<LinkOutcome> Complete(OpenLink link, User user, string hash, CancellationToken cancellation)
    {
        try
        {
            return await database.Write(Completing, cancellation);
        }
        finally
        {
            credentials.Changed();
        }

        async Task<LinkOutcome> Completing(DbConnection connection)
        {
            // The person first, as in Create: two links of one person used at once wait and do not lock crosswise.
            var now = Now;
            await UserStore.Find(connection, user.Id, database.ForUpdate, cancellation);
            if (!await UserLinks.Lock(connection, link.Id, database.ForUpdate, cancellation))
            {
                return LinkOutcome.NotGood;
            }

            // This one and all others.
            await connection.Execute(UseResets, cancellation, ("now", now), ("email", link.Email));
            await connection.Execute(PutPassword, cancellation, ("hash", hash), ("user", user.Id));
            var ended = await SessionStore.EndAll(connection, user.Id, default, cancellation);
            Acting.Begin(Acting.Current with { Actor = $"user:{user.Id}", Credential = $"link:{link.Id}" });
            await trail.Record(
                connection,
                default,
                "user.reset_password",
                $"user:{user.Id}",
                null,
                new { sessions_ended = ended },
                cancellation);
            return LinkOutcome.Used;
        }
    }
}
