using Countinghouse.Primitives;

namespace Countinghouse.Access;

public enum AccessDecision
{
    Granted = 1,

    /// <summary>The organization is none of the caller's business; it must look as if it did not exist.</summary>
    Hidden = 2,

    /// <summary>The caller's own organization, but not the caller's role.</summary>
    Refused = 3,
}

/// <summary>The contract's table of roles, as code.</summary>
public static class AccessRules
{
    public static bool Allows(Role role, Permission permission) => permission switch
    {
        Permission.ReadReports => true,
        Permission.ReadRevenueShare => role is not Role.Editor,
        Permission.DisputeRevenueShare => role is Role.Billing or Role.Manager or Role.Owner,
        Permission.WriteCampaigns => role is Role.Editor or Role.Manager or Role.Owner,
        Permission.ManageMembers => role is Role.Manager or Role.Owner,
        Permission.ManageOrganization => role is Role.Owner,
        Permission.Operate => role is Role.Manager or Role.Owner,
    };

    /// <summary>
    /// May the caller do this to the organization? Null: the path names none; then it is about the caller's own, or,
    /// with <see cref="Permission.Operate"/>, about the platform.
    /// </summary>
    public static AccessDecision Decide(Caller caller, OrganizationId? subject, Permission permission)
    {
        var operates = caller.IsOperator && Allows(caller.Role, Permission.Operate);
        if (caller.Kind == KeyKind.Cpk)
        {
            return AccessDecision.Refused;
        }

        // The operator's lesser roles see the operator's own organization only, like anybody else.
        if (subject is not null && subject != caller.Organization && !operates)
        {
            return AccessDecision.Hidden;
        }

        if (permission == Permission.Operate)
        {
            return operates ? AccessDecision.Granted : AccessDecision.Refused;
        }

        // The platform's managers stand above an organization's own roles.
        return operates || Allows(caller.Role, permission) ? AccessDecision.Granted : AccessDecision.Refused;
    }
}
