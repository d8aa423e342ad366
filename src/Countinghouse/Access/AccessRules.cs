using Countinghouse.Primitives;

namespace Countinghouse.Access;

public enum AccessDecision
{
    Granted = 1,

    /// <summary>The organization is none of the caller's business; it must look as if it did not exist.</summary>
    Hidden = 2,

    /// <summary>The caller's own organization, but not the caller's role or scope.</summary>
    Refused = 3,
}

/// <summary>The contract's table of roles, as code.</summary>
public static class AccessRules
{
    public static bool Allows(Role role, Permission permission) => permission switch
    {
        Permission.Identify => true,
        Permission.ReadReports => true,
        Permission.ReadRevenueShare => role is not Role.Editor,
        Permission.DisputeRevenueShare => role is Role.Billing or Role.Manager or Role.Owner,
        Permission.WriteCampaigns => role is Role.Editor or Role.Manager or Role.Owner,
        Permission.ManageMembers => role is Role.Manager or Role.Owner,
        Permission.ManageOrganization => role is Role.Owner,
        Permission.ReadAudit => role is Role.Owner,
        Permission.Operate => role is Role.Manager or Role.Owner,
    };

    /// <summary>The scope that a token needs for it.</summary>
    public static Scopes ScopeOf(Permission permission) => permission switch
    {
        Permission.Identify => Scopes.None,
        Permission.ReadReports => Scopes.AdvertisingRead,
        Permission.ReadRevenueShare => Scopes.RevenueRead,
        Permission.DisputeRevenueShare => Scopes.RevenueWrite,
        Permission.WriteCampaigns => Scopes.CampaignsWrite,
        Permission.ManageMembers => Scopes.MembersWrite,
        Permission.ManageOrganization => Scopes.OrganizationWrite,
        Permission.ReadAudit => Scopes.AuditRead,
        Permission.Operate => Scopes.PlatformOperate,
    };

    /// <summary>
    /// True for the platform's own people and programs: an owner or manager of the operator, with a credential that
    /// goes so far.
    /// </summary>
    public static bool Operates(Caller caller) =>
        caller.Kind != CredentialKind.Cpk
        && Reaches(caller, Permission.Operate)
        && caller.Memberships.Any(part => part.IsOperator && Allows(part.Role, Permission.Operate));

    /// <summary>
    /// May the caller do this to the organization? Null: the path names none; then it is about the caller's own, or,
    /// with <see cref="Permission.Operate"/>, about the platform.
    /// </summary>
    public static AccessDecision Decide(Caller caller, OrganizationId? subject, Permission permission)
    {
        if (caller.Kind == CredentialKind.Cpk)
        {
            return AccessDecision.Refused;
        }

        // The operator's lesser roles see the operator's own organization only, like anybody else.
        var operates = Operates(caller);
        var part = subject is { } organization ? caller.In(organization) : null;
        if (subject is not null && part is null && !operates)
        {
            return AccessDecision.Hidden;
        }

        if (permission == Permission.Operate)
        {
            return operates ? AccessDecision.Granted : AccessDecision.Refused;
        }

        // The platform's managers stand above an organization's own roles.
        var allowed = operates
            || (subject is null
                ? permission == Permission.Identify || caller.Memberships.Any(any => Allows(any.Role, permission))
                : Allows(part!.Role, permission));
        return allowed && Reaches(caller, permission) ? AccessDecision.Granted : AccessDecision.Refused;
    }

    /// <summary>
    /// True when the caller may do in an organization everything that the role, within the scopes, allows there.
    /// Operating is a matter of the platform's own organization alone.
    /// </summary>
    public static bool HoldsAll(
        Caller caller, OrganizationId organization, Role role, Scopes scopes = Scopes.All) =>
        Enum.GetValues<Permission>()
            .Where(permission => Allows(role, permission) && scopes.HasFlag(ScopeOf(permission))
                && (permission != Permission.Operate || caller.In(organization) is { IsOperator: true }))
            .All(permission => Decide(caller, organization, permission) == AccessDecision.Granted);

    /// <summary>
    /// True unless the credential itself goes less far: a token by its scopes, a user's key by its role.
    /// </summary>
    public static bool Reaches(Caller caller, Permission permission) =>
        caller.Scopes.HasFlag(ScopeOf(permission)) && (caller.Cap is not { } cap || Allows(cap, permission));
}
