using Countinghouse.Primitives;

namespace Countinghouse.Access;

/// <summary>The contract's table of roles, written out once more by hand.</summary>
public sealed class AccessRulesTests
{
    private static readonly OrganizationId Own = new(NamedId.Create("test/own"));
    private static readonly OrganizationId Foreign = new(NamedId.Create("test/foreign"));

    private static readonly Permission[] All = Enum.GetValues<Permission>();

    public static TheoryData<Role, Permission, bool> Table { get; } = new()
    {
        { Role.Owner, Permission.ReadReports, true },
        { Role.Owner, Permission.ReadRevenueShare, true },
        { Role.Owner, Permission.WriteCampaigns, true },
        { Role.Owner, Permission.ManageMembers, true },
        { Role.Owner, Permission.ManageOrganization, true },
        { Role.Owner, Permission.ReadAudit, true },
        { Role.Manager, Permission.ReadAudit, false },
        { Role.Editor, Permission.ReadAudit, false },
        { Role.Billing, Permission.ReadAudit, false },
        { Role.Readonly, Permission.ReadAudit, false },
        { Role.Manager, Permission.ReadReports, true },
        { Role.Manager, Permission.ReadRevenueShare, true },
        { Role.Manager, Permission.WriteCampaigns, true },
        { Role.Manager, Permission.ManageMembers, true },
        { Role.Manager, Permission.ManageOrganization, false },
        { Role.Editor, Permission.ReadReports, true },
        { Role.Editor, Permission.ReadRevenueShare, false },
        { Role.Editor, Permission.WriteCampaigns, true },
        { Role.Editor, Permission.ManageMembers, false },
        { Role.Editor, Permission.ManageOrganization, false },
        { Role.Billing, Permission.ReadReports, true },
        { Role.Billing, Permission.ReadRevenueShare, true },
        { Role.Billing, Permission.WriteCampaigns, false },
        { Role.Billing, Permission.ManageMembers, false },
        { Role.Billing, Permission.ManageOrganization, false },
        { Role.Readonly, Permission.ReadReports, true },
        { Role.Readonly, Permission.ReadRevenueShare, true },
        { Role.Readonly, Permission.WriteCampaigns, false },
        { Role.Readonly, Permission.ManageMembers, false },
        { Role.Readonly, Permission.ManageOrganization, false },
    };

    public static TheoryData<Role> Roles { get; } = [.. Enum.GetValues<Role>()];

    [Theory]
    [MemberData(nameof(Table))]
    public void A_role_may_do_in_its_own_organization_what_the_table_says(
        Role role, Permission permission, bool allowed) => Assert.Equal(
        allowed ? AccessDecision.Granted : AccessDecision.Refused,
        AccessRules.Decide(Caller(role), Own, permission));

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_foreign_organization_looks_as_if_it_did_not_exist(Role role) => Assert.All(
        All, permission => Assert.Equal(
            AccessDecision.Hidden, AccessRules.Decide(Caller(role), Foreign, permission)));

    [Theory]
    [MemberData(nameof(Roles))]
    public void Nobody_but_the_operator_does_the_platforms_business(Role role)
    {
        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(Caller(role), null, Permission.Operate));
        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(Caller(role), Own, Permission.Operate));
    }

    [Theory]
    [InlineData(Role.Owner)]
    [InlineData(Role.Manager)]
    public void The_operators_owner_and_manager_see_and_do_everything(Role role)
    {
        var caller = Caller(role, isOperator: true);
        foreach (var subject in new OrganizationId?[] { Own, Foreign, null })
        {
            Assert.All(All, permission => Assert.Equal(
                AccessDecision.Granted, AccessRules.Decide(caller, subject, permission)));
        }
    }

    [Theory]
    [InlineData(Role.Editor)]
    [InlineData(Role.Billing)]
    [InlineData(Role.Readonly)]
    public void The_operators_other_roles_see_their_own_organization_alone(Role role)
    {
        var caller = Caller(role, isOperator: true);

        Assert.All(All, permission => Assert.Equal(
            AccessDecision.Hidden, AccessRules.Decide(caller, Foreign, permission)));
        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(caller, null, Permission.Operate));
        Assert.Equal(AccessDecision.Granted, AccessRules.Decide(caller, Own, Permission.ReadReports));
    }

    [Theory]
    [MemberData(nameof(Roles))]
    public void A_publishable_key_may_do_nothing_outside_ads(Role role)
    {
        foreach (var subject in new OrganizationId?[] { Own, Foreign, null })
        {
            Assert.All(All, permission => Assert.Equal(
                AccessDecision.Refused,
                AccessRules.Decide(Caller(role, kind: CredentialKind.Cpk), subject, permission)));
        }
    }

    [Fact]
    public void A_token_does_what_its_scopes_and_its_role_both_allow()
    {
        foreach (var scope in ScopeWords.All.Select(word => ScopeWords.TryParse(word, out var one) ? one : default))
        {
            var caller = Caller(Role.Manager, kind: CredentialKind.Token, scopes: scope);
            Assert.All(
                All.Where(permission => permission is not (Permission.Identify or Permission.Operate)),
                permission => Assert.Equal(
                    AccessRules.ScopeOf(permission) == scope && AccessRules.Allows(Role.Manager, permission),
                    AccessRules.Decide(caller, Own, permission) == AccessDecision.Granted));
        }
    }

    [Fact]
    public void An_operators_token_without_the_scope_to_operate_is_nobody_elsewhere()
    {
        var caller = Caller(Role.Manager, true, CredentialKind.Token, Scopes.All & ~Scopes.PlatformOperate);

        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(caller, null, Permission.Operate));
        Assert.Equal(AccessDecision.Hidden, AccessRules.Decide(caller, Foreign, Permission.ReadReports));
        Assert.Equal(AccessDecision.Granted, AccessRules.Decide(caller, Own, Permission.ReadReports));
    }

    [Fact]
    public void A_users_key_does_what_its_role_and_the_users_both_allow()
    {
        var caller = Caller(Role.Billing, kind: CredentialKind.Csu) with { Cap = Role.Editor };

        Assert.Equal(AccessDecision.Granted, AccessRules.Decide(caller, Own, Permission.ReadReports));
        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(caller, Own, Permission.ReadRevenueShare));
        Assert.Equal(AccessDecision.Refused, AccessRules.Decide(caller, Own, Permission.WriteCampaigns));
    }

    [Fact]
    public void Numbers_that_are_stored_or_sent_are_frozen()
    {
        Assert.Equal([1, 2, 3, 4, 5], Enum.GetValues<Role>().Select(role => (int)role));
        Assert.Equal([1, 2, 3], Enum.GetValues<KeyKind>().Select(kind => (int)kind));
        Assert.Equal(
            "advertising:read revenue:read revenue:write campaigns:write events:write members:write "
            + "organization:write platform:operate audit:read",
            ScopeWords.Of(Scopes.All));
    }

    private static Caller Caller(
        Role role,
        bool isOperator = false,
        CredentialKind kind = CredentialKind.Csb,
        Scopes scopes = Scopes.All) => new()
        {
            Kind = kind,
            CredentialId = Guid.Empty,
            Memberships = [new Membership(Own, isOperator, role)],
            Scopes = scopes,
        };
}
