using Countinghouse.Primitives;

namespace Countinghouse.Access;

/// <summary>The kinds of API keys; the wire spells them as the key's prefix.</summary>
public enum KeyKind
{
    /// <summary>An organization's server.</summary>
    Csb = 1,

    /// <summary>A user's: it follows the user's memberships.</summary>
    Csu = 2,

    /// <summary>Publishable: safe in a browser, for the public /ads operations alone.</summary>
    Cpk = 3,
}

/// <summary>What a request was signed in with.</summary>
public enum CredentialKind
{
    /// <summary>An organization's server key.</summary>
    Csb = 1,

    /// <summary>A user's key.</summary>
    Csu = 2,

    /// <summary>A publishable key.</summary>
    Cpk = 3,

    /// <summary>An access token of an OAuth client.</summary>
    Token = 4,

    /// <summary>The cookie of a user signed in with a browser.</summary>
    Session = 5,
}

/// <summary>What a credential or member may do inside its organization.</summary>
public enum Role
{
    Readonly = 1,
    Billing = 2,
    Editor = 3,
    Manager = 4,
    Owner = 5,
}

/// <summary>What an operation needs.</summary>
public enum Permission
{
    ReadReports = 1,
    ReadRevenueShare = 2,

    /// <summary>Campaigns, and the catalogue they promote: locations and offers.</summary>
    WriteCampaigns = 3,

    /// <summary>Members, invitations, keys and OAuth clients.</summary>
    ManageMembers = 4,
    ManageOrganization = 5,

    /// <summary>The platform's own business: closing months, approving, fee rates, new organizations.</summary>
    Operate = 6,

    /// <summary>Objecting to what one's own organization earned.</summary>
    DisputeRevenueShare = 7,

    /// <summary>Reading who changed what.</summary>
    ReadAudit = 8,

    /// <summary>Asking who one is: whoever has any credential but a publishable key.</summary>
    Identify = 9,
}

/// <summary>A part in an organization.</summary>
/// <param name="Organization">Which.</param>
/// <param name="IsOperator">True for the platform's own.</param>
/// <param name="Role">What the part allows.</param>
public sealed record Membership(OrganizationId Organization, bool IsOperator, Role Role);

/// <summary>Who is calling, found out once per request.</summary>
public sealed record Caller
{
    public required CredentialKind Kind { get; init; }

    /// <summary>Of the key, token or session.</summary>
    public required Guid CredentialId { get; init; }

    /// <summary>The person, for sessions and users' keys.</summary>
    public UserId? User { get; init; }

    /// <summary>The program, for tokens.</summary>
    public ClientId? Client { get; init; }

    /// <summary>Where the caller has a part: one organization for keys and tokens, any number for users.</summary>
    public required IReadOnlyList<Membership> Memberships { get; init; }

    /// <summary>Of a user's key: the most it allows, whatever the user may.</summary>
    public Role? Cap { get; init; }

    /// <summary>Of a token: what it was asked for. Everything for all others.</summary>
    public Scopes Scopes { get; init; } = Scopes.All;

    /// <summary>Of a publishable key: the web pages that may use it; empty for any.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    /// <summary>How the trail names this caller: a person by the person, whatever they signed in with.</summary>
    public string Actor => User is { } user ? $"user:{user}" : Client is { } client ? $"client:{client}" : Credential;

    /// <summary>How the trail names what was signed in with.</summary>
    public string Credential => Kind switch
    {
        CredentialKind.Token => $"token:{new TokenId(CredentialId)}",
        CredentialKind.Session => $"session:{new SessionId(CredentialId)}",
        CredentialKind.Csb or CredentialKind.Csu or CredentialKind.Cpk => $"key:{new KeyId(CredentialId)}",
    };

    /// <summary>
    /// The organization whose server this is, which is believed when it passes shoppers on; null for all others.
    /// </summary>
    public Membership? Server => Kind == CredentialKind.Csb
        || (Kind == CredentialKind.Token && Scopes.HasFlag(Scopes.EventsWrite))
            ? Memberships[0]
            : null;

    /// <summary>The caller's part in an organization; null when there is none.</summary>
    public Membership? In(OrganizationId organization) =>
        Memberships.FirstOrDefault(membership => membership.Organization == organization);
}
