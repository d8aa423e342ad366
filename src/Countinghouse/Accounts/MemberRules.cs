using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Accounts;

/// <summary>What a person may be in an organization.</summary>
public enum MemberRole
{
    Billing = 2,
    Editor = 3,
    Manager = 4,
    Owner = 5,
}

/// <summary>How a change of a member ended.</summary>
public enum MemberOutcome
{
    Done = 1,

    /// <summary>No such member.</summary>
    NotFound = 2,

    /// <summary>The member's role, or the one to be given, is above the caller's own.</summary>
    AboveOwn = 3,

    /// <summary>Nobody would be left who owns the organization.</summary>
    LastOwner = 4,
}

/// <summary>Who may make whom what.</summary>
public static class MemberRules
{
    /// <summary>The role as the table of roles has it.</summary>
    public static Role Of(MemberRole role) => role switch
    {
        MemberRole.Billing => Role.Billing,
        MemberRole.Editor => Role.Editor,
        MemberRole.Manager => Role.Manager,
        MemberRole.Owner => Role.Owner,
    };

    public static MemberRole Of(Role role) => role switch
    {
        Role.Billing => MemberRole.Billing,
        Role.Editor => MemberRole.Editor,
        Role.Manager => MemberRole.Manager,
        Role.Owner => MemberRole.Owner,
        Role.Readonly => throw new ArgumentOutOfRangeException(nameof(role), role, "not a role of people"),
    };

    /// <summary>
    /// The highest role that the caller may give, change or take in an organization; null: none at all. Nobody's is
    /// above their own, but that the platform's people stand above every organization except the platform's.
    /// </summary>
    public static MemberRole? Ceiling(Caller caller, OrganizationId organization)
    {
        if (AccessRules.Decide(caller, organization, Permission.ManageMembers) != AccessDecision.Granted)
        {
            return null;
        }

        var part = caller.In(organization);
        if (part is not { IsOperator: true } && AccessRules.Operates(caller))
        {
            return MemberRole.Owner;
        }

        return part is null ? null : Of(caller.Cap is { } cap && cap < part.Role ? cap : part.Role);
    }

    /// <summary>
    /// May the caller make somebody that? Nobody gives more than they hold themselves, a token what its scopes reach.
    /// </summary>
    public static bool MayGive(Caller caller, OrganizationId organization, MemberRole role) =>
        role <= Ceiling(caller, organization) && AccessRules.HoldsAll(caller, organization, Of(role));

    /// <summary>May the member become that (null: nothing any more)?</summary>
    /// <param name="members">Everybody in the organization, with their roles.</param>
    /// <param name="user">Who is to be changed.</param>
    /// <param name="wanted">The new role; null: no member any more.</param>
    /// <param name="ceiling">The highest role that whoever asks may give or take.</param>
    public static MemberOutcome Decide(
        IReadOnlyDictionary<UserId, MemberRole> members, UserId user, MemberRole? wanted, MemberRole ceiling)
    {
        if (!members.TryGetValue(user, out var present))
        {
            return MemberOutcome.NotFound;
        }

        if (present > ceiling || wanted > ceiling)
        {
            return MemberOutcome.AboveOwn;
        }

        var isLast = present == MemberRole.Owner && members.Values.Count(role => role == MemberRole.Owner) == 1;
        return isLast && wanted != MemberRole.Owner ? MemberOutcome.LastOwner : MemberOutcome.Done;
    }
}
