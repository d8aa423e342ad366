using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Accounts;

/// <summary>A person of an organization.</summary>
/// <param name="UserId">The person.</param>
/// <param name="Email">Their mail address.</param>
/// <param name="Name">Their name.</param>
/// <param name="Role">What they may do here.</param>
/// <param name="HasTotp">True when they sign in with one-time codes.</param>
/// <param name="CreatedAt">Since when they are a member.</param>
public sealed record Member(
    UserId UserId, MailAddress Email, string Name, MemberRole Role, bool HasTotp, Instant CreatedAt);

/// <summary>A part that a person has in an organization.</summary>
/// <param name="OrganizationId">The organization.</param>
/// <param name="OrganizationName">Its name.</param>
/// <param name="IsOperator">True for the one that runs the platform.</param>
/// <param name="Role">What the person may do there.</param>
public sealed record MembershipOut(
    OrganizationId OrganizationId, string OrganizationName, bool IsOperator, MemberRole Role);

/// <summary>Keeps who is a member of what.</summary>
public sealed class MemberStore(Database database, AuditTrail trail, CredentialCache credentials)
{
    private const string ListPage = """
        SELECT u.user_id, u.email, u.name, m.role, u.totp_is_on, m.created_at
        FROM membership m JOIN app_user u ON u.user_id = m.user_id
        WHERE m.org_id = @org ORDER BY m.created_at, u.user_id LIMIT @size OFFSET @offset
        """;

    private const string Count = "SELECT COUNT(*) FROM membership WHERE org_id = @org";

    private const string OfUser = """
        SELECT m.org_id, o.name, o.is_operator, m.role
        FROM membership m JOIN organization o ON o.org_id = m.org_id
        WHERE m.user_id = @user ORDER BY m.created_at, m.org_id
        """;

    private const string FindOne = """
        SELECT u.user_id, u.email, u.name, m.role, u.totp_is_on, m.created_at
        FROM membership m JOIN app_user u ON u.user_id = m.user_id
        WHERE m.org_id = @org AND m.user_id = @user
        """;

    // In a fixed order: two changes at once wait for each other, and the later one sees what the earlier left.
    private const string Roles = "SELECT user_id, role FROM membership WHERE org_id = @org ORDER BY user_id";

    private const string Change = "UPDATE membership SET role = @role WHERE org_id = @org AND user_id = @user";

    private const string Delete = "DELETE FROM membership WHERE org_id = @org AND user_id = @user";

    public Task<Paged<Member>> List(OrganizationId organization, Page page, CancellationToken cancellation) =>
        database.ReadSnapshot(
            async connection =>
            {
                var total = (int)(await connection.Number(Count, cancellation, ("org", organization)))!.Value;
                var rows = await connection.Query(
                    ListPage,
                    Read,
                    cancellation,
                    ("org", organization),
                    ("size", page.Size),
                    ("offset", page.Offset));
                return new Paged<Member>(rows, page, total);
            },
            cancellation);

    /// <summary>Where a person has a part, in the order of joining.</summary>
    public Task<List<MembershipOut>> Of(UserId user, CancellationToken cancellation) => database.Read(
        connection => connection.Query(
            OfUser,
            row => new MembershipOut(
                row.Id<OrganizationId>(0),
                row.GetString(1),
                row.GetBoolean(2),
                MemberRules.Of(RoleWords.Role(row.GetString(3)))),
            cancellation,
            ("user", user)),
        cancellation);

    public Task<Member?> Find(OrganizationId organization, UserId user, CancellationToken cancellation) =>
        database.Read(
            connection => connection.First(FindOne, Read, cancellation, ("org", organization), ("user", user)),
            cancellation);

    /// <summary>Gives a member another role, or with null ends the membership, if the rules allow it.</summary>
    public async Task<MemberOutcome> Set(
        OrganizationId organization,
        UserId user,
        MemberRole? wanted,
        MemberRole ceiling,
        CancellationToken cancellation)
    {
        try
        {
            return await database.Write(Changing, cancellation);
        }
        finally
        {
            credentials.Changed();
        }

        async Task<MemberOutcome> Changing(DbConnection connection)
        {
            var rows = await connection.Query(
                Roles + database.ForUpdate,
                row => KeyValuePair.Create(row.Id<UserId>(0), MemberRules.Of(RoleWords.Role(row.GetString(1)))),
                cancellation,
                ("org", organization));
            var members = new Dictionary<UserId, MemberRole>(rows);
            var outcome = MemberRules.Decide(members, user, wanted, ceiling);
            if (outcome != MemberOutcome.Done)
            {
                return outcome;
            }

            await connection.Execute(
                wanted is null ? Delete : Change,
                cancellation,
                ("org", organization),
                ("user", user),
                ("role", wanted is { } role ? RoleWords.Of(MemberRules.Of(role)) : null));
            await trail.Record(
                connection,
                organization,
                wanted is null ? "member.delete" : "member.change",
                $"user:{user}",
                new { role = members[user] },
                wanted is null ? null : new { role = wanted },
                cancellation);
            return outcome;
        }
    }

    private static Member Read(DbDataReader row) => new(
        row.Id<UserId>(0),
        MailAddress.FromText(row.GetString(1)),
        row.GetString(2),
        MemberRules.Of(RoleWords.Role(row.GetString(3))),
        row.GetBoolean(4),
        new Instant(row.GetInt64(5)));
}
