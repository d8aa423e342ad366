using System.Data.Common;
using Countinghouse.Access;
using Countinghouse.Audit;
using Countinghouse.Primitives;
using Countinghouse.Storage;

namespace Countinghouse.Accounts;

/// <summary>A link that can still be used.</summary>
/// <param name="Id">The link.</param>
/// <param name="Email">Whose it is.</param>
/// <param name="Organization">An invitation's; null for a new password.</param>
/// <param name="Role">An invitation's; null for a new password.</param>
public sealed record OpenLink(LinkId Id, MailAddress Email, OrganizationId? Organization, MemberRole? Role);

/// <summary>How the use of a link ended.</summary>
public enum LinkOutcome
{
    Used = 1,

    /// <summary>Used, withdrawn or over; perhaps a moment ago.</summary>
    NotGood = 2,

    /// <summary>Somebody with this address came a moment ago, by another invitation: look again.</summary>
    CameMeanwhile = 3,
}

/// <summary>
/// What invitations and links to a new password have in common: only the hash of a link is stored, it is good once, and
/// its row is locked while it is used, so that of two uses at once one finds it used.
/// </summary>
internal static class UserLinks
{
    public const string Invitation = "INVITATION";
    public const string Reset = "RESET";

    private const string Insert = """
        INSERT INTO user_link (link_id, hash, purpose, email, org_id, role, created_at, created_by, expires_at, used_at)
        VALUES (@link, @hash, @purpose, @email, @org, @role, @now, @by, @expires, NULL)
        """;

    private const string FindOpen = """
        SELECT link_id, email, org_id, role FROM user_link
        WHERE hash = @hash AND purpose = @purpose AND used_at IS NULL AND expires_at > @now
        """;

    private const string LockOpen = "SELECT purpose FROM user_link WHERE link_id = @link AND used_at IS NULL";

    private const string UseOne = "UPDATE user_link SET used_at = @now WHERE link_id = @link";

    private const string DeleteEnded = "DELETE FROM user_link WHERE expires_at <= @now";

    /// <summary>Stores a new link; an invitation's says into which organization, and as what.</summary>
    public static Task Put(
        DbConnection connection,
        LinkId link,
        string secret,
        MailAddress email,
        (OrganizationId Organization, MemberRole Role)? place,
        Instant now,
        Instant expires,
        CancellationToken cancellation) => connection.Execute(
        Insert,
        cancellation,
        ("link", link),
        ("hash", CredentialFormat.Hash(secret)),
        ("purpose", place is null ? Reset : Invitation),
        ("email", email),
        ("org", place?.Organization),
        ("role", place is { } to ? RoleWords.Of(MemberRules.Of(to.Role)) : null),
        ("now", now),
        ("by", Acting.Current.Actor),
        ("expires", expires));

    /// <summary>The link whose secret this is; null: none that can still be used.</summary>
    public static async Task<OpenLink?> Find(
        Database database, string secret, string purpose, Instant now, CancellationToken cancellation) =>
        !CredentialFormat.IsWellFormed(secret, CredentialFormat.Link) ? null : await database.Read(
            connection => connection.First(
                FindOpen,
                row => new OpenLink(
                    row.Id<LinkId>(0),
                    MailAddress.FromText(row.GetString(1)),
                    row.IdOrNull<OrganizationId>(2),
                    row.TextOrNull(3) is { } role ? MemberRules.Of(RoleWords.Role(role)) : null),
                cancellation,
                ("hash", CredentialFormat.Hash(secret)),
                ("purpose", purpose),
                ("now", now)),
            cancellation);

    /// <summary>Holds a link that was found until the transaction ends; false: it is no longer good.</summary>
    public static async Task<bool> Lock(
        DbConnection connection, LinkId link, string lockRow, CancellationToken cancellation) =>
        await connection.First(LockOpen + lockRow, row => row.GetString(0), cancellation, ("link", link)) is not null;

    /// <summary>Uses a link up that was locked.</summary>
    public static Task Use(DbConnection connection, LinkId link, Instant now, CancellationToken cancellation) =>
        connection.Execute(UseOne, cancellation, ("now", now), ("link", link));

    /// <summary>Forgets links that are over.</summary>
    public static Task Sweep(Database database, Instant now, CancellationToken cancellation) => database.Write(
        connection => connection.Execute(DeleteEnded, cancellation, ("now", now)), cancellation);
}
