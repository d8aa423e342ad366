using System.Diagnostics;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class MemberContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Members_are_listed_in_the_order_of_joining()
    {
        var organization = await _server.NewOrganization("Listed");
        var owner = await _server.NewBrowser(organization);
        var email = await _server.NewPerson(organization, MemberRole.Billing);

        var list = (await owner.Get($"organizations/{organization}/members")).Json;

        Assert.Equal(2, list.GetProperty("pagination").GetProperty("total_count").GetInt32());
        var second = list.GetProperty("data").EnumerateArray().Single(
            member => member.GetProperty("email").GetString() == email);
        Assert.Equal(("billing", "Kim"), (
            second.GetProperty("role").GetString(), second.GetProperty("name").GetString()));
    }

    [Fact]
    public async Task Another_role_and_an_end_hold_with_the_next_request()
    {
        var organization = await _server.NewOrganization("At once");
        var owner = await _server.NewBrowser(organization);
        var email = await _server.NewPerson(organization, MemberRole.Manager);
        var member = new Browser(_server);
        await member.SignIn(email);
        var path = $"organizations/{organization}/members/{await _server.UserId(email)}";
        Assert.Equal(200, (await member.Get($"organizations/{organization}/members")).Status);

        var changed = await owner.Patch(path, new { role = "editor" });
        Assert.Equal((200, "editor"), (changed.Status, changed.Json.GetProperty("role").GetString()));
        Assert.Equal(403, (await member.Get($"organizations/{organization}/members")).Status);

        Assert.Equal(204, (await owner.Delete(path)).Status);
        Assert.Equal(404, (await member.Get($"organizations/{organization}")).Status);
        Assert.Equal(404, (await owner.Delete(path)).Status);
        Assert.Empty((await member.Get("session")).Json.GetProperty("memberships").EnumerateArray());
    }

    [Fact]
    public async Task On_another_node_they_hold_within_five_seconds()
    {
        await using var other = await TestServer.Start(_server.Engine, _server.Clock, shared: _server.Storage);
        var organization = await _server.NewOrganization("Elsewhere");
        var owner = await _server.NewBrowser(organization);
        var email = await _server.NewPerson(organization, MemberRole.Manager);
        var member = new Browser(other);
        await member.SignIn(email);
        Assert.Equal(200, (await member.Get($"organizations/{organization}")).Status);
        var since = Stopwatch.StartNew();

        Assert.Equal(204, (await owner.Delete(
            $"organizations/{organization}/members/{await _server.UserId(email)}")).Status);

        while ((await member.Get($"organizations/{organization}")).Status != 404)
        {
            Assert.True(since.Elapsed < TimeSpan.FromSeconds(5), "The other node still lets the former member in.");
            await Task.Delay(100);
        }
    }

    [Fact]
    public async Task The_last_owner_stays()
    {
        var organization = await _server.NewOrganization("Last");
        var email = await _server.NewPerson(organization);
        var owner = new Browser(_server);
        await owner.SignIn(email);
        var path = $"organizations/{organization}/members/{await _server.UserId(email)}";
        var operators = await _server.NewBrowser(await _server.NewOrganization("Platform", isOperator: true));

        Assert.Equal(409, (await owner.Delete(path)).Status);
        Assert.Equal(409, (await owner.Patch(path, new { role = "manager" })).Status);
        Assert.Equal(409, (await operators.Delete(path)).Status);
        Assert.Equal(200, (await owner.Patch(path, new { role = "owner" })).Status);

        var second = await _server.NewPerson(organization);
        Assert.NotNull(second);
        Assert.Equal(204, (await owner.Delete(path)).Status);
        Assert.Equal(404, (await owner.Get($"organizations/{organization}")).Status);
    }

    [Fact]
    public async Task Of_two_owners_who_leave_at_once_one_stays()
    {
        for (var round = 0; round < 5; round++)
        {
            var organization = await _server.NewOrganization("Both");
            var emails = new[] { await _server.NewPerson(organization), await _server.NewPerson(organization) };
            var owners = new List<(Browser Browser, string Path)>();
            foreach (var email in emails)
            {
                var browser = new Browser(_server);
                await browser.SignIn(email);
                owners.Add((browser, $"organizations/{organization}/members/{await _server.UserId(email)}"));
            }

            var answers = await Task.WhenAll(owners.Select(owner => owner.Browser.Delete(owner.Path)));

            Assert.Equal([204, 409], answers.Select(answer => answer.Status).Order());
        }
    }

    [Fact]
    public async Task A_manager_cannot_touch_owners_nor_become_one()
    {
        var organization = await _server.NewOrganization("Escalation");
        var owner = await _server.NewPerson(organization);
        await _server.NewPerson(organization);
        var email = await _server.NewPerson(organization, MemberRole.Manager);
        var manager = new Browser(_server);
        await manager.SignIn(email);
        var key = await _server.NewKey(organization, role: Role.Manager);
        var (owners, own) = (await Path(owner), await Path(email));

        Assert.Equal(403, (await manager.Patch(owners, new { role = "editor" })).Status);
        Assert.Equal(403, (await manager.Delete(owners)).Status);
        Assert.Equal(403, (await manager.Patch(own, new { role = "owner" })).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Patch, own, key, new { role = "owner" })).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Delete, owners, key)).Status);
        Assert.Equal(200, (await _server.Send(HttpMethod.Patch, own, key, new { role = "editor" })).Status);
        Assert.Equal(403, (await manager.Patch(own, new { role = "manager" })).Status);

        async Task<string> Path(string who) => $"organizations/{organization}/members/{await _server.UserId(who)}";
    }

    [Theory]
    [InlineData(MemberRole.Editor)]
    [InlineData(MemberRole.Billing)]
    public async Task Anybody_may_leave_and_lesser_roles_send_nobody_away(MemberRole role)
    {
        var organization = await _server.NewOrganization("Leaving");
        var other = await _server.NewPerson(organization, MemberRole.Billing);
        var email = await _server.NewPerson(organization, role);
        var member = new Browser(_server);
        await member.SignIn(email);
        var members = $"organizations/{organization}/members";

        Assert.Equal(403, (await member.Delete($"{members}/{await _server.UserId(other)}")).Status);
        Assert.Equal(204, (await member.Delete($"{members}/{await _server.UserId(email)}")).Status);
        Assert.Equal(404, (await member.Get($"organizations/{organization}")).Status);
    }

    [Fact]
    public async Task Another_organizations_members_are_out_of_sight()
    {
        var organization = await _server.NewOrganization("Foreign");
        var email = await _server.NewPerson(organization);
        var stranger = await _server.NewBrowser(await _server.NewOrganization("Stranger"));
        var missing = new OrganizationId(NamedId.Create("test/no such organization"));
        var user = await _server.UserId(email);

        foreach (var rest in new[] { "members", "invitations" })
        {
            var foreign = await stranger.Get($"organizations/{organization}/{rest}");
            var none = await stranger.Get($"organizations/{missing}/{rest}");
            Assert.Equal((404, foreign.Words()), (none.Status, none.Words()));
        }

        Assert.Equal(404, (await stranger.Delete($"organizations/{organization}/members/{user}")).Status);
        Assert.Equal(404, (await stranger.Patch(
            $"organizations/{organization}/members/{user}", new { role = "editor" })).Status);
    }

    [Fact]
    public async Task Who_changed_whom_is_in_the_trail()
    {
        var organization = await _server.NewOrganization("Trail");
        var ownersEmail = await _server.NewPerson(organization);
        var owner = new Browser(_server);
        await owner.SignIn(ownersEmail);
        var email = await _server.NewPerson(organization, MemberRole.Manager);
        var user = await _server.UserId(email);
        await owner.Patch($"organizations/{organization}/members/{user}", new { role = "editor" });
        await owner.Delete($"organizations/{organization}/members/{user}");

        var entries = await _server.Database.Read(
            c => c.Query(
                """
                SELECT action, actor, subject, before_json, after_json FROM audit_entry
                WHERE org_id = @org ORDER BY entry_no
                """,
                row => string.Join(' ', Enumerable.Range(0, 5).Select(row.GetString)),
                CancellationToken.None,
                ("org", organization)),
            CancellationToken.None);

        var by = $"user:{await _server.UserId(ownersEmail)}";
        Assert.Contains($$"""member.create user:{{user}} user:{{user}}  {"role":"manager"}""", entries);
        Assert.Equal(
            [
                $$"""member.change {{by}} user:{{user}} {"role":"manager"} {"role":"editor"}""",
                $$"""member.delete {{by}} user:{{user}} {"role":"editor"} """,
            ],
            entries[^2..]);
        Assert.DoesNotContain(entries, entry => entry.Contains('@'));
    }
}

public sealed class SqliteMembers(SqliteServer fixture) : MemberContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresMembers(PostgresServer fixture) : MemberContract(fixture), IClassFixture<PostgresServer>;
