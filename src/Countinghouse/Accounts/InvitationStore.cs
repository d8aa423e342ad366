using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Microsoft.Extensions.Options;

namespace Countinghouse.Accounts;

/// <summary>A place in an organization that waits for somebody.</summary>
/// <param name="LinkId">The invitation.</param>
/// <param name="Email">Who is invited.</param>
/// <param name="Role">What they are to be.</param>
/// <param name="CreatedAt">When they were invited.</param>
/// <param name="CreatedBy">By whom.</param>
/// <param name="ExpiresAt">When the invitation ends.</param>
public sealed record Invitation(
    LinkId LinkId, MailAddress Email, MemberRole Role, Instant CreatedAt, string CreatedBy, Instant ExpiresAt);

/// <summary>How an invitation ended.</summary>
public enum InviteOutcome
{
    Invited = 1,
    AlreadyMember = 2,
    TooMany = 3,

    /// <summary>An earlier invitation of the same person is to a role above the caller's own.</summary>
    AboveOwn = 4,
}

/// <summary>How taking an invitation back ended.</summary>
public enum WithdrawOutcome
{
    Withdrawn = 1,
    NotFound = 2,

    /// <summary>It is to a role above the caller's own.</summary>
    AboveOwn = 3,
}

/// <summary>Keeps invitations into organizations.</summary>
public sealed class InvitationStore(
    Database database,
    AuditTrail trail,
    CredentialCache credentials,
    IOptions<AccountOptions> options,
    TimeProvider clock)
{
    /// <summary>Open invitations of an organization.</summary>
    public const int OpenMax = 1_000;

    private const string IsMember = """
        SELECT COUNT(*) FROM membership m JOIN app_user u ON u.user_id = m.user_id
        WHERE m.org_id = @org AND u.email = @email
        """;

    private const string OpenOnes = """
         FROM user_link WHERE org_id = @org AND purpose = 'INVITATION' AND used_at IS NULL AND expires_at > @now
        """;

    private const string CountOpen = "SELECT COUNT(*)" + OpenOnes;

    private const string ListOpen = "SELECT link_id, email, role, created_at, created_by, expires_at" + OpenOnes + """
         ORDER BY created_at, link_id LIMIT @size OFFSET @offset
        """;

    private const string OfPerson = """
        SELECT link_id, role FROM user_link
        WHERE org_id = @org AND email = @email AND purpose = 'INVITATION' AND used_at IS NULL ORDER BY link_id
        """;

    private const string OfId = """
        SELECT link_id, role FROM user_link
        WHERE link_id = @link AND org_id = @org AND purpose = 'INVITATION' AND used_at IS NULL
        """;

    private const string Delete = "DELETE FROM user_link WHERE link_id = @link";

    // Whoever has a password keeps it: a link into an organization is no way to give somebody another.
    private const string PutUser = """
        INSERT INTO app_user (user_id, email, name, password_hash, totp_secret, totp_is_on, totp_last_step,
                              failed_count, locked_until, created_at)
        VALUES (@user, @email, @name, @hash, NULL, FALSE, 0, 0, NULL, @now)
        ON CONFLICT (email) DO UPDATE SET name = excluded.name, password_hash = excluded.password_hash
            WHERE app_user.password_hash IS NULL
        RETURNING user_id
        """;

    private const string InsertMember = """
        INSERT INTO membership (org_id, user_id, role, created_at) VALUES (@org, @user, @role, @now)
        ON CONFLICT (org_id, user_id) DO NOTHING
        """;

    private Instant Now => Instant.Of(clock.GetUtcNow());

    public Task<Paged<Invitation>> List(OrganizationId organization, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var now = Now;
                var total = (int)(await connection.Number(
                    CountOpen, cancellation, ("org", organization), ("now", now)))!.Value;
                var rows = await connection.Query(
                    ListOpen,
                    row => new Invitation(
                        row.Id<LinkId>(0),
                        MailAddress.FromText(row.GetString(1)),
                        MemberRules.Of(RoleWords.Role(row.GetString(2))),
                        new Instant(row.GetInt64(3)),
                        row.GetString(4),
                        new Instant(row.GetInt64(5))),
                    cancellation,
                    ("org", organization),
                    ("now", now),
                    ("size", page.Size),
                    ("offset", page.Offset));
                return new Paged<Invitation>(rows, page, total);
            },
            cancellation);

    /// <summary>
    /// Invites somebody; an earlier invitation of theirs ends. The link's secret is returned this once.
    /// </summary>
    public async Task<(InviteOutcome Outcome, Invitation? Invitation, string Secret)> Invite(
        OrganizationId organization,
        MailAddress email,
        MemberRole role,
        MemberRole ceiling,
        CancellationToken cancellation)
    {
        var now = Now;
        var secret = CredentialFormat.Create(CredentialFormat.Link);
        var invitation = new Invitation(
            new LinkId(Guid.CreateVersion7(clock.GetUtcNow())),
            email,
            role,
            now,
            Acting.Current.Actor,
            now + TimeSpan.FromDays(options.Value.InvitationDays));
        var outcome = await database.Write(
            async connection =>
            {
                if (await connection.Number(IsMember, cancellation, ("org", organization), ("email", email)) > 0)
                {
                    return InviteOutcome.AlreadyMember;
                }

                var earlier = await Lock(
                    connection, OfPerson, cancellation, ("org", organization), ("email", email));
                if (earlier.Exists(one => one.Role > ceiling))
                {
                    return InviteOutcome.AboveOwn;
                }

                foreach (var (link, _) in earlier)
                {
                    await connection.Execute(Delete, cancellation, ("link", link));
                }

                if (await connection.Number(CountOpen, cancellation, ("org", organization), ("now", now))
                    >= OpenMax)
                {
                    return InviteOutcome.TooMany;
                }

                await UserLinks.Put(
                    connection,
                    invitation.LinkId,
                    secret,
                    email,
                    (organization, role),
                    now,
                    invitation.ExpiresAt,
                    cancellation);
                await trail.Record(
                    connection,
                    organization,
                    [
                        .. earlier.Select(one => Deleted(one.Link, one.Role)),
                        new AuditChange(
                            "invitation.create",
                            $"invitation:{invitation.LinkId}",
                            null,
                            new { role, expires_at = invitation.ExpiresAt }),
                    ],
                    cancellation);
                return InviteOutcome.Invited;
            },
            cancellation);
        return (outcome, outcome == InviteOutcome.Invited ? invitation : null, secret);
    }

    /// <summary>Takes an open invitation back.</summary>
    public Task<WithdrawOutcome> Withdraw(
        OrganizationId organization, LinkId link, MemberRole ceiling, CancellationToken cancellation) =>
        database.Write(
            async connection =>
            {
                var found = await Lock(connection, OfId, cancellation, ("link", link), ("org", organization));
                if (found is not [var (_, role)])
                {
                    return WithdrawOutcome.NotFound;
                }

                if (role > ceiling)
                {
                    return WithdrawOutcome.AboveOwn;
                }

                await connection.Execute(Delete, cancellation, ("link", link));
                await trail.Record(connection, organization, [Deleted(link, role)], cancellation);
                return WithdrawOutcome.Withdrawn;
            },
            cancellation);

    private static AuditChange Deleted(LinkId link, MemberRole role) =>
        new("invitation.delete", $"invitation:{link}", new { role }, null);

    private Task<List<(LinkId Link, MemberRole Role)>> Lock(
        DbConnection connection,
        string sql,
        CancellationToken cancellation,
        params (string Name, object? Value)[] parameters) => connection.Query(
        sql + database.ForUpdate,
        row => (row.Id<LinkId>(0), MemberRules.Of(RoleWords.Role(row.GetString(1)))),
        cancellation,
        parameters);

    /// <summary>The invitation whose secret this is; null: none that can still be used.</summary>
    public Task<OpenLink?> Find(string secret, CancellationToken cancellation) =>
        UserLinks.Find(database, secret, UserLinks.Invitation, Now, cancellation);

    /// <summary>Makes somebody a member by an invitation that was found.</summary>
    /// <param name="link">The invitation.</param>
    /// <param name="known">Who it is, if they have a password already.</param>
    /// <param name="comer">Else the name and the password's hash of whoever comes.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<LinkOutcome> Accept(
        OpenLink link, User? known, (string Name, string Hash)? comer, CancellationToken cancellation)
    {
        try
        {
            return await database.Write(Accepting, cancellation);
        }
        finally
        {
            credentials.Changed();
        }

        async Task<LinkOutcome> Accepting(DbConnection connection)
        {
            var now = Now;
            if (!await UserLinks.Lock(connection, link.Id, database.ForUpdate, cancellation))
            {
                return LinkOutcome.NotGood;
            }

            var user = known?.Id ?? await PutNewcomer(connection, link.Email, comer!.Value, now, cancellation);
            if (user is not { } member)
            {
                return LinkOutcome.CameMeanwhile;
            }

            await UserLinks.Use(connection, link.Id, now, cancellation);
            Acting.Begin(Acting.Current with { Actor = $"user:{member}", Credential = $"invitation:{link.Id}" });
            if (known is null)
            {
                await trail.Record(
                    connection, default, "user.create", $"user:{member}", null, new { user_id = member }, cancellation);
            }

            var role = link.Role!.Value;
            var added = await connection.Execute(
                InsertMember,
                cancellation,
                ("org", link.Organization),
                ("user", member),
                ("role", RoleWords.Of(MemberRules.Of(role))),
                ("now", now));
            await trail.Record(
                connection,
                link.Organization!.Value,
                added > 0 ? "member.create" : "invitation.use",
                $"user:{member}",
                null,
                new { role },
                cancellation);
            return LinkOutcome.Used;
        }
    }

    /// <summary>The new person; null when there is one with this address, who has a password.</summary>
    private static async Task<UserId?> PutNewcomer(
        DbConnection connection,
        MailAddress email,
        (string Name, string Hash) comer,
        Instant now,
        CancellationToken cancellation)
    {
        var made = await connection.Query(
            PutUser,
            row => row.Id<UserId>(0),
            cancellation,
            ("user", new UserId(Guid.CreateVersion7(now.ToTime()))),
            ("email", email),
            ("name", comer.Name),
            ("hash", comer.Hash),
            ("now", now));
        return made is [var user] ? user : null;
    }
}
