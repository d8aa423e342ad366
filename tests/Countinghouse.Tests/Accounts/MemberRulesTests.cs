using Countinghouse.Access;
using Countinghouse.Primitives;

namespace Countinghouse.Accounts;

public sealed class MemberRulesTests
{
    private static readonly OrganizationId Shop = new(NamedId.Create("test/shop"));
    private static readonly OrganizationId Platform = new(NamedId.Create("test/platform"));
    private static readonly UserId Kim = new(NamedId.Create("test/kim"));
    private static readonly UserId Lou = new(NamedId.Create("test/lou"));

    [Theory]
    [InlineData(Role.Owner, MemberRole.Owner)]
    [InlineData(Role.Manager, MemberRole.Manager)]
    [InlineData(Role.Editor, null)]
    [InlineData(Role.Billing, null)]
    [InlineData(Role.Readonly, null)]
    public void A_member_gives_up_to_their_own_role_if_any(Role role, MemberRole? ceiling) =>
        Assert.Equal(ceiling, MemberRules.Ceiling(Somebody(new Membership(Shop, false, role)), Shop));

    [Theory]
    [InlineData(Role.Owner)]
    [InlineData(Role.Manager)]
    public void The_platforms_people_give_any_role_elsewhere_and_their_own_at_home(Role role)
    {
        var caller = Somebody(new Membership(Platform, true, role), new Membership(Shop, false, Role.Editor));

        Assert.Equal(MemberRole.Owner, MemberRules.Ceiling(caller, Shop));
        Assert.Equal(MemberRules.Of(role), MemberRules.Ceiling(caller, Platform));
    }

    [Fact]
    public void A_users_key_gives_no_more_than_the_key_allows()
    {
        var caller = Somebody(new Membership(Shop, false, Role.Owner)) with
        {
            Kind = CredentialKind.Csu,
            Cap = Role.Manager,
        };

        Assert.Equal(MemberRole.Manager, MemberRules.Ceiling(caller, Shop));
        Assert.Null(MemberRules.Ceiling(caller with { Cap = Role.Editor }, Shop));
    }

    [Fact]
    public void A_stranger_gives_nothing() => Assert.Null(MemberRules.Ceiling(Somebody(), Shop));

    [Theory]
    [InlineData(MemberRole.Owner, MemberRole.Owner, null, MemberRole.Owner, MemberOutcome.Done)]
    [InlineData(MemberRole.Owner, MemberRole.Editor, null, MemberRole.Owner, MemberOutcome.LastOwner)]
    [InlineData(MemberRole.Owner, MemberRole.Editor, MemberRole.Manager, MemberRole.Owner, MemberOutcome.LastOwner)]
    [InlineData(MemberRole.Owner, MemberRole.Editor, MemberRole.Owner, MemberRole.Owner, MemberOutcome.Done)]
    [InlineData(MemberRole.Owner, MemberRole.Owner, MemberRole.Editor, MemberRole.Manager, MemberOutcome.AboveOwn)]
    [InlineData(MemberRole.Editor, MemberRole.Owner, MemberRole.Owner, MemberRole.Manager, MemberOutcome.AboveOwn)]
    [InlineData(MemberRole.Manager, MemberRole.Owner, MemberRole.Billing, MemberRole.Manager, MemberOutcome.Done)]
    public void Nobody_touches_what_is_above_them_and_an_owner_stays(
        MemberRole kims, MemberRole lous, MemberRole? wanted, MemberRole ceiling, MemberOutcome outcome) =>
        Assert.Equal(outcome, MemberRules.Decide(
            new Dictionary<UserId, MemberRole> { [Kim] = kims, [Lou] = lous }, Kim, wanted, ceiling));

    [Fact]
    public void Who_is_no_member_is_not_found() => Assert.Equal(
        MemberOutcome.NotFound,
        MemberRules.Decide(new Dictionary<UserId, MemberRole>(), Kim, MemberRole.Owner, MemberRole.Owner));

    private static Caller Somebody(params Membership[] memberships) => new()
    {
        Kind = CredentialKind.Session,
        CredentialId = Kim.Value,
        User = Kim,
        Memberships = memberships,
    };
}
