using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class InvitationContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task An_owner_invites_and_who_comes_by_the_link_is_a_member()
    {
        var organization = await _server.NewOrganization("Inviting");
        var owner = await _server.NewBrowser(organization);
        var email = People.NewEmail();

        var invited = await Invite(owner, organization, email, "billing");
        var secret = Secret(invited);
        var accepted = await _server.Accept(secret, "Lou");

        Assert.Equal(201, invited.Status);
        Assert.False(invited.Json.GetProperty("is_mailed").GetBoolean());
        Assert.StartsWith("http://127.0.0.1:8000/console/invitation#cln_",
            invited.Json.GetProperty("link").GetString());
        Assert.Equal(
            $$"""{"organization_id":"{{organization}}","organization_name":"Inviting","email":"{{email}}"}""",
            accepted.Text);
        var browser = new Browser(_server);
        var signedIn = await browser.SignIn(email);
        Assert.Equal("billing", signedIn.Json.GetProperty("memberships")[0].GetProperty("role").GetString());
        Assert.Equal(200, (await browser.Get($"revenue-share/{organization}")).Status);
        Assert.Equal(403, (await browser.Get($"organizations/{organization}/members")).Status);
    }

    [Fact]
    public async Task Somebody_with_an_account_becomes_a_member_and_keeps_name_and_password()
    {
        var (first, second) = (await _server.NewOrganization("First"), await _server.NewOrganization("Second"));
        var email = await _server.NewPerson(first);
        var browser = new Browser(_server);
        await browser.SignIn(email);
        Assert.Equal(404, (await browser.Get($"organizations/{second}")).Status);

        var accepted = await browser.Post(
            "invitations/accept",
            new { token = await _server.NewInvitation(second, MemberRole.Editor, email), name = "Other" });

        Assert.Equal(200, accepted.Status);
        Assert.Equal(200, (await browser.Get($"organizations/{second}")).Status);
        var again = await new Browser(_server).SignIn(email);
        Assert.Equal("Kim", again.Json.GetProperty("user").GetProperty("name").GetString());
        Assert.Equal(2, again.Json.GetProperty("memberships").GetArrayLength());
    }

    [Fact]
    public async Task Somebody_new_has_to_give_a_name_and_a_good_password()
    {
        var email = People.NewEmail();
        var secret = await _server.NewInvitation(await _server.NewOrganization("New"), MemberRole.Owner, email);

        Assert.Equal(["name", "password"], Fields(await _server.Accept(secret, null, null)));
        Assert.Equal(["password"], Fields(await _server.Accept(secret, password: "eleven char")));
        Assert.Equal(["password"], Fields(await _server.Accept(secret, password: new string('x', 129))));
        Assert.Equal(["password"], Fields(await _server.Accept(secret, password: email)));
        Assert.Equal(["name"], Fields(await _server.Accept(secret, name: " ")));
        Assert.Equal(200, (await _server.Accept(secret)).Status);
    }

    [Fact]
    public async Task A_link_is_good_once_however_many_use_it_at_once()
    {
        var organization = await _server.NewOrganization("Once");
        var secret = await _server.NewInvitation(organization, MemberRole.Owner, People.NewEmail());

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => _server.Accept(secret)));

        // On a busy machine some were sent away before their link was looked at.
        Assert.Single(answers, answer => answer.Status == 200);
        Assert.All(answers, answer => Assert.True(answer.Status is 200 or 409 or 422 or 503, answer.Text));
        Assert.Equal(422, (await _server.Accept(secret)).Status);
    }

    [Fact]
    public async Task Two_invitations_of_one_newcomer_accepted_at_once_make_one_person()
    {
        var (first, second) = (await _server.NewOrganization("One"), await _server.NewOrganization("Two"));
        var email = People.NewEmail();
        var secrets = new[]
        {
            await _server.NewInvitation(first, MemberRole.Owner, email),
            await _server.NewInvitation(second, MemberRole.Owner, email),
        };

        var answers = await Task.WhenAll(secrets.Select(secret => _server.Accept(secret)));
        foreach (var (secret, answer) in secrets.Zip(answers).Where(pair => pair.Second.Status != 200))
        {
            Assert.True(answer.Status is 409 or 403, answer.Text);
            var browser = new Browser(_server);
            await browser.SignIn(email);
            Assert.Equal(200, (await browser.Post("invitations/accept", new { token = secret })).Status);
        }

        var signedIn = await new Browser(_server).SignIn(email);
        Assert.Equal(2, signedIn.Json.GetProperty("memberships").GetArrayLength());
    }

    [Fact]
    public async Task Whoever_has_an_account_accepts_signed_in_and_the_link_alone_makes_nobody_a_member()
    {
        // Somebody else has made an account with this address before its owner was ever invited.
        var email = People.NewEmail();
        var squatter = await _server.NewBrowser(await _server.NewOrganization("Squatter"), email: email);
        var organization = await _server.NewOrganization("Victim");
        var secret = await _server.NewInvitation(organization, MemberRole.Owner, email);
        var other = await _server.NewBrowser(organization);

        Assert.Equal(403, (await _server.Accept(secret)).Status);
        Assert.Equal(403, (await _server.Accept(secret, null, null)).Status);
        Assert.Equal(403, (await other.Post("invitations/accept", new { token = secret })).Status);
        Assert.Equal(404, (await squatter.Get($"organizations/{organization}")).Status);
        Assert.Equal(422, (await squatter.Post(
            "invitations/accept", new { token = secret, password = "a password of the link's" })).Status);
        var token = squatter.Token;
        squatter.Token = null;
        Assert.Equal(403, (await squatter.Post("invitations/accept", new { token = secret })).Status);
        squatter.Token = token;
        Assert.Equal(200, (await squatter.Post("invitations/accept", new { token = secret })).Status);
        Assert.Equal(200, (await squatter.Get($"organizations/{organization}")).Status);
    }

    [Fact]
    public async Task A_token_gives_no_role_that_it_does_not_reach()
    {
        var organization = await _server.NewOrganization("Scopes");
        var weak = await _server.NewToken(organization, Role.Manager, Scopes.MembersWrite);
        var full = await _server.NewToken(organization, Role.Manager, Scopes.All);
        var editor = await _server.UserId(await _server.NewPerson(organization, MemberRole.Editor));

        Assert.Equal(403, (await As(weak, HttpMethod.Post, "invitations", People.NewEmail())).Status);
        Assert.Equal(403, (await As(weak, HttpMethod.Patch, $"members/{editor}", null)).Status);
        Assert.Equal(201, (await As(full, HttpMethod.Post, "invitations", People.NewEmail())).Status);
        Assert.Equal(200, (await As(full, HttpMethod.Patch, $"members/{editor}", null)).Status);

        Task<Answer> As(string token, HttpMethod method, string path, string? email)
        {
            var request = new HttpRequestMessage(method, $"organizations/{organization}/{path}")
            {
                Content = Http.ApiWalk.Json(email is null
                    ? """{"role": "manager"}"""
                    : $$"""{"email": "{{email}}", "role": "manager"}"""),
            };
            request.Headers.Add("Authorization", $"Bearer {token}");
            return _server.Send(request);
        }
    }

    [Fact]
    public async Task A_manager_does_not_undo_an_owners_invitation_of_an_owner()
    {
        var organization = await _server.NewOrganization("Undone");
        var (owner, manager) = (
            await _server.NewBrowser(organization), await _server.NewBrowser(organization, MemberRole.Manager));
        var email = People.NewEmail();
        var invited = await Invite(owner, organization, email, "owner");
        var path = $"organizations/{organization}/invitations/{JsonString(invited, "link_id")}";

        Assert.Equal(403, (await manager.Delete(path)).Status);
        Assert.Equal(403, (await Invite(manager, organization, email, "billing")).Status);
        Assert.Equal(201, (await Invite(owner, organization, email, "billing")).Status);
        var log = await owner.Get($"organizations/{organization}/audit-log?page_size=2");
        Assert.Equal(
            ["invitation.create", "invitation.delete"],
            log.Json.GetProperty("data").EnumerateArray().Select(entry => entry.GetProperty("action").GetString()));
    }

    [Fact]
    public async Task Used_withdrawn_ended_replaced_and_made_up_links_are_told_the_same()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var organization = await server.NewOrganization("Gone");
        var owner = await server.NewBrowser(organization);
        var ended = await server.NewInvitation(organization, MemberRole.Owner, People.NewEmail());
        server.Clock.Now = server.Clock.Now.AddDays(7);
        owner = await server.NewBrowser(organization);
        var used = await server.NewInvitation(organization, MemberRole.Owner, People.NewEmail());
        await server.Accept(used);
        var withdrawn = await Invite(owner, organization, People.NewEmail(), "editor");
        var link = withdrawn.Json.GetProperty("link_id").GetString();
        Assert.Equal(204, (await owner.Delete($"organizations/{organization}/invitations/{link}")).Status);
        Assert.Equal(404, (await owner.Delete($"organizations/{organization}/invitations/{link}")).Status);
        var email = People.NewEmail();
        var replaced = await server.NewInvitation(organization, MemberRole.Owner, email);
        var good = await server.NewInvitation(organization, MemberRole.Owner, email);
        var made = CredentialFormat.Create(CredentialFormat.Link);

        var answers = new List<Answer>();
        foreach (var secret in new[] { ended, used, Secret(withdrawn), replaced, made, "nonsense", "" })
        {
            answers.Add(await server.Accept(secret));
        }

        Assert.All(answers, answer => Assert.Equal(422, answer.Status));
        Assert.Single(answers.Select(answer => answer.Words()).Distinct());
        Assert.Equal(200, (await server.Accept(good)).Status);
    }

    [Fact]
    public async Task Open_invitations_are_listed_without_their_links_and_gone_when_used()
    {
        var organization = await _server.NewOrganization("Listed");
        var owner = await _server.NewBrowser(organization);
        var path = $"organizations/{organization}/invitations";
        var invited = await Invite(owner, organization, People.NewEmail(), "editor");

        var list = await owner.Get(path);

        var one = Assert.Single(list.Json.GetProperty("data").EnumerateArray());
        Assert.Equal(
            ["link_id", "email", "role", "created_at", "created_by", "expires_at"],
            one.EnumerateObject().Select(member => member.Name));
        Assert.Equal(
            Instant.Of(_server.Clock.Now.AddDays(7)).ToString(), one.GetProperty("expires_at").GetString());
        Assert.StartsWith("user:", one.GetProperty("created_by").GetString());
        await _server.Accept(Secret(invited));
        Assert.Empty((await owner.Get(path)).Json.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task A_member_is_not_invited_again()
    {
        var organization = await _server.NewOrganization("Again");
        var email = await _server.NewPerson(organization);
        var owner = await _server.NewBrowser(organization);

        Assert.Equal(409, (await Invite(owner, organization, email, "editor")).Status);
    }

    [Fact]
    public async Task Nobody_invites_to_a_role_above_their_own()
    {
        var organization = await _server.NewOrganization("Above");
        var manager = await _server.NewBrowser(organization, MemberRole.Manager);
        var key = await _server.NewKey(organization, role: Role.Manager);
        var operators = await _server.NewOrganization("Platform", isOperator: true);
        var operatorManager = await _server.NewBrowser(operators, MemberRole.Manager);

        Assert.Equal(403, (await Invite(manager, organization, People.NewEmail(), "owner")).Status);
        Assert.Equal(201, (await Invite(manager, organization, People.NewEmail(), "manager")).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Post, $"organizations/{organization}/invitations", key,
            new { email = People.NewEmail(), role = "owner" })).Status);
        Assert.Equal(201, (await Invite(operatorManager, organization, People.NewEmail(), "owner")).Status);
        Assert.Equal(403, (await Invite(operatorManager, operators, People.NewEmail(), "owner")).Status);
    }

    [Fact]
    public async Task An_answer_given_again_leaves_the_link_out()
    {
        var organization = await _server.NewOrganization("Replayed");
        var key = await _server.NewKey(organization);
        var email = People.NewEmail();

        var (first, again) = (await Post(), await Post());

        Assert.Equal(JsonString(first, "link_id"), JsonString(again, "link_id"));
        Assert.Contains("cln_", first.Text);
        Assert.DoesNotContain("cln_", again.Text);

        Task<Answer> Post()
        {
            var request = new HttpRequestMessage(HttpMethod.Post, $"organizations/{organization}/invitations")
            {
                Content = Http.ApiWalk.Json($$"""{"email": "{{email}}", "role": "editor"}"""),
            };
            request.Headers.Add("X-API-Key", key);
            request.Headers.Add("Idempotency-Key", "one");
            return _server.Send(request);
        }
    }

    [Fact]
    public async Task An_invitation_leads_into_its_own_organization_only_and_is_not_a_reset()
    {
        var secret = await _server.NewInvitation(
            await _server.NewOrganization("Own"), MemberRole.Owner, People.NewEmail());

        var answer = await _server.Send(
            HttpMethod.Post, "password-resets/complete", body: new { token = secret, password = People.Password });

        Assert.Equal(422, answer.Status);
        Assert.Equal(200, (await _server.Accept(secret)).Status);
    }

    private static Task<Answer> Invite(Browser who, OrganizationId organization, string email, string role) =>
        who.Post($"organizations/{organization}/invitations", new { email, role });

    private static string Secret(Answer invited) =>
        JsonString(invited, "link").Split('#')[1];

    private static string JsonString(Answer answer, string member) => answer.Json.GetProperty(member).GetString()!;

    private static IEnumerable<string?> Fields(Answer answer) =>
        answer.Json.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("field").GetString());
}

public sealed class SqliteInvitations(SqliteServer fixture) : InvitationContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresInvitations(PostgresServer fixture)
    : InvitationContract(fixture), IClassFixture<PostgresServer>;
