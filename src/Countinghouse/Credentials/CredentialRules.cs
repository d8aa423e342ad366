using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Credentials;

/// <summary>Who may hand out what.</summary>
public static class CredentialRules
{
    /// <summary>What a key of the kind may do at most, in the terms of tokens.</summary>
    public static Scopes ScopesOf(KeyKind kind) => kind switch
    {
        KeyKind.Csb => Scopes.All,
        KeyKind.Csu => Scopes.All,

        // The public operations, which anybody may call.
        KeyKind.Cpk => Scopes.None,
    };

    /// <summary>
    /// True when whoever has the new credential could do nothing that the caller could not do: neither by its role nor
    /// by its scopes. The platform's business comes with roles in the operator's own organization alone.
    /// </summary>
    public static bool MayGive(Caller caller, OrganizationId organization, Role role, Scopes scopes) =>
        caller.Scopes.HasFlag(scopes & Scopes.EventsWrite)
        && AccessRules.HoldsAll(caller, organization, role, scopes);
}
