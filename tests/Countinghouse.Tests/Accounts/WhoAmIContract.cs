using Countinghouse.Access;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class WhoAmIContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_key_is_told_what_it_is_and_how_often_it_may_ask()
    {
        var organization = await _server.NewOrganization("Keyed");
        var key = await _server.NewKey(organization, role: Role.Readonly, perMinute: 7, perDay: 70);

        var me = await _server.GetJson("whoami", key);

        Assert.Equal("csb", me.GetProperty("kind").GetString());
        Assert.Equal($"key:{me.GetProperty("credential_id").GetString()}", me.GetProperty("actor").GetString());
        Assert.Equal("null", me.GetProperty("user").GetRawText());
        Assert.Equal(
            $$"""[{"organization_id":"{{organization}}","organization_name":"Keyed","is_operator":false,"""
            + "\"role\":\"readonly\"}]",
            me.GetProperty("memberships").GetRawText());
        Assert.Equal(ScopeWords.All.Count, me.GetProperty("scopes").GetArrayLength());
        Assert.Equal("""{"per_minute":7,"per_day":70}""", me.GetProperty("limits").GetRawText());
    }

    [Fact]
    public async Task A_person_is_told_who_they_are_and_every_part_they_have()
    {
        var (first, second) = (await _server.NewOrganization("One"), await _server.NewOrganization("Two"));
        var email = await _server.NewPerson(first);
        var browser = new Browser(_server);
        await browser.SignIn(email);
        await browser.Post(
            "invitations/accept", new { token = await _server.NewInvitation(second, MemberRole.Billing, email) });

        var me = (await browser.Get("whoami")).Json;

        Assert.Equal("session", me.GetProperty("kind").GetString());
        Assert.Equal($"user:{await _server.UserId(email)}", me.GetProperty("actor").GetString());
        Assert.Equal(email, me.GetProperty("user").GetProperty("email").GetString());
        Assert.Equal(["billing", "owner"], me.GetProperty("memberships").EnumerateArray()
            .Select(part => part.GetProperty("role").GetString()).Order());
        Assert.Equal("""{"per_minute":300,"per_day":10000}""", me.GetProperty("limits").GetRawText());
    }

    [Fact]
    public async Task Nobody_is_told_nothing_and_a_publishable_key_no_more()
    {
        var key = await _server.NewKey(await _server.NewOrganization("Page"), KeyKind.Cpk);

        Assert.Equal(401, (await _server.Send(HttpMethod.Get, "whoami")).Status);
        Assert.Equal(403, (await _server.Send(HttpMethod.Get, "whoami", key)).Status);
    }
}

public sealed class SqliteWhoAmI(SqliteServer fixture) : WhoAmIContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresWhoAmI(PostgresServer fixture) : WhoAmIContract(fixture), IClassFixture<PostgresServer>;
