using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class SessionContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Every_sign_in_is_a_new_session_and_ends_the_one_before()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Rotated"));
        var browser = new Browser(_server);
        await browser.SignIn(email);
        var before = browser.At(_server);

        Assert.Equal(200, (await browser.SignIn(email)).Status);

        Assert.NotEqual(before.Session, browser.Session);
        Assert.Equal(401, (await before.Get("session")).Status);
        Assert.Equal(200, (await browser.Get("session")).Status);
        Assert.Single((await browser.Get("users/me/sessions")).Json.GetProperty("data").EnumerateArray());
    }

    [Fact]
    public async Task What_changes_something_needs_the_token_of_this_very_session()
    {
        var organization = await _server.NewOrganization("Forged");
        var email = await _server.NewPerson(organization);
        var browser = new Browser(_server);
        await browser.SignIn(email);
        var older = browser.Token;
        await browser.SignIn(email);
        var own = browser.Token;
        var stranger = await _server.NewBrowser(organization);

        foreach (var token in new[] { null, "nonsense", older, stranger.Token })
        {
            browser.Token = token;
            var refused = await browser.Patch($"organizations/{organization}", new { name = "Other" });
            Assert.Equal((403, "forbidden"), (refused.Status, refused.Json.GetProperty("error_code").GetString()));
            Assert.Equal(403, (await browser.Delete("session")).Status);
        }

        browser.Token = own;
        Assert.Equal(200, (await browser.Patch($"organizations/{organization}", new { name = "Other" })).Status);
        browser.Token = (await browser.Get("session")).Json.GetProperty("csrf_token").GetString();
        Assert.Equal(200, (await browser.Patch($"organizations/{organization}", new { name = "More" })).Status);
    }

    [Fact]
    public async Task Another_node_reads_the_cookie_and_the_token_of_the_first()
    {
        await using var other = await TestServer.Start(_server.Engine, _server.Clock, shared: _server.Storage);
        var organization = await _server.NewOrganization("Two nodes");
        var browser = await _server.NewBrowser(organization);

        var there = browser.At(other);

        Assert.Equal(200, (await there.Get("session")).Status);
        Assert.Equal(200, (await there.Patch($"organizations/{organization}", new { name = "Renamed" })).Status);
    }

    [Fact]
    public async Task A_session_ends_when_nobody_used_it_for_an_hour()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var browser = await server.NewBrowser(await server.NewOrganization("Idle"));

        server.Clock.Now = server.Clock.Now.AddMinutes(59);
        Assert.Equal(200, (await browser.Get("session")).Status);
        await WriteUses(server);
        server.Clock.Now = server.Clock.Now.AddMinutes(59);
        Assert.Equal(200, (await browser.Get("session")).Status);
        await WriteUses(server);
        server.Clock.Now = server.Clock.Now.AddMinutes(60);

        Assert.Equal(401, (await browser.Get("session")).Status);
        Assert.Equal(401, (await browser.Get("organizations")).Status);
    }

    [Fact]
    public async Task A_session_ends_after_twelve_hours_however_busy_it_is()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var browser = await server.NewBrowser(await server.NewOrganization("Busy"));
        var begin = server.Clock.Now;
        for (var minutes = 50; minutes < 12 * 60; minutes += 50)
        {
            server.Clock.Now = begin.AddMinutes(minutes);
            Assert.Equal(200, (await browser.Get("whoami")).Status);
            await WriteUses(server);
        }

        server.Clock.Now = begin.AddHours(12).AddMicroseconds(-1);
        Assert.Equal(200, (await browser.Get("whoami")).Status);
        server.Clock.Now = begin.AddHours(12);
        Assert.Equal(401, (await browser.Get("whoami")).Status);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_and_takes_the_cookie_back()
    {
        var browser = await _server.NewBrowser(await _server.NewOrganization("Out"));
        var kept = browser.At(_server);

        var answer = await browser.Delete("session");

        Assert.Equal(204, answer.Status);
        Assert.Contains("sessionid=; expires=Thu, 01 Jan 1970", answer.Headers["Set-Cookie"]);
        Assert.Null(browser.Session);
        Assert.Equal(401, (await kept.Get("session")).Status);
        Assert.Equal(401, (await kept.Get("organizations")).Status);
    }

    [Fact]
    public async Task One_session_can_be_ended_from_another_and_nobody_elses()
    {
        var organization = await _server.NewOrganization("Several");
        var email = await _server.NewPerson(organization);
        var (first, second) = (new Browser(_server), new Browser(_server));
        await first.SignIn(email);
        await second.SignIn(email);
        var stranger = await _server.NewBrowser(organization);
        var sessions = (await second.Get("users/me/sessions")).Json.GetProperty("data").EnumerateArray().ToList();
        Assert.Equal(2, sessions.Count);
        var other = sessions.Single(one => !one.GetProperty("is_current").GetBoolean())
            .GetProperty("session_id").GetString();

        Assert.Equal(404, (await stranger.Delete($"users/me/sessions/{other}")).Status);
        Assert.Equal(200, (await first.Get("session")).Status);
        Assert.Equal(204, (await second.Delete($"users/me/sessions/{other}")).Status);
        Assert.Equal(404, (await second.Delete($"users/me/sessions/{other}")).Status);

        Assert.Equal(401, (await first.Get("session")).Status);
        Assert.Equal(200, (await second.Get("session")).Status);
    }

    [Fact]
    public async Task Signing_out_everywhere_ends_all_sessions_this_one_too()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Everywhere"));
        var browsers = new[] { new Browser(_server), new Browser(_server), new Browser(_server) };
        foreach (var browser in browsers)
        {
            await browser.SignIn(email);
        }

        Assert.Equal(204, (await browsers[0].Delete("users/me/sessions")).Status);

        Assert.Null(browsers[0].Session);
        Assert.Equal(401, (await browsers[1].Get("session")).Status);
        Assert.Equal(401, (await browsers[2].Get("session")).Status);
    }

    [Fact]
    public async Task A_new_password_needs_the_old_one_and_ends_the_other_sessions()
    {
        const string other = "another long password";
        var email = await _server.NewPerson(await _server.NewOrganization("Password"));
        var (browser, elsewhere) = (new Browser(_server), new Browser(_server));
        await browser.SignIn(email);
        await elsewhere.SignIn(email);

        await Refused("current_password", "not mine at all", other);
        await Refused("new_password", People.Password, "too short");
        await Refused("new_password", People.Password, new string('x', 129));
        await Refused("new_password", People.Password, email.ToUpperInvariant());
        Assert.Equal(200, (await elsewhere.Get("session")).Status);
        var changed = await browser.Post(
            "users/me/password", new { current_password = People.Password, new_password = other });

        Assert.Equal(204, changed.Status);
        Assert.Equal(200, (await browser.Get("session")).Status);
        Assert.Equal(401, (await elsewhere.Get("session")).Status);
        Assert.Equal(401, (await new Browser(_server).SignIn(email)).Status);
        Assert.Equal(200, (await new Browser(_server).SignIn(email, other)).Status);

        async Task Refused(string field, string current, string wanted)
        {
            var answer = await browser.Post(
                "users/me/password", new { current_password = current, new_password = wanted });
            Assert.Equal(422, answer.Status);
            Assert.Equal(field, Assert.Single(answer.Json.GetProperty("errors").EnumerateArray())
                .GetProperty("field").GetString());
        }
    }

    [Fact]
    public async Task Wrong_guesses_at_the_old_password_lock_the_account_too()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Guessing"));
        var browser = new Browser(_server);
        await browser.SignIn(email);
        for (var tries = 0; tries < 5; tries++)
        {
            await browser.Post("users/me/password", new { current_password = "x", new_password = "a good long one" });
        }

        var right = await browser.Post(
            "users/me/password", new { current_password = People.Password, new_password = "a good long one" });

        Assert.Equal(422, right.Status);
        Assert.Equal(401, (await new Browser(_server).SignIn(email)).Status);
    }

    [Theory]
    [InlineData("GET", "session")]
    [InlineData("DELETE", "session")]
    [InlineData("GET", "users/me/sessions")]
    [InlineData("DELETE", "users/me/sessions")]
    [InlineData("POST", "users/me/totp")]
    public async Task A_persons_own_affairs_are_not_for_keys(string method, string path)
    {
        var key = await _server.NewKey(await _server.NewOrganization("Keyed"));

        Assert.Equal(403, (await _server.Send(new HttpMethod(method), path, key)).Status);
    }

    [Fact]
    public async Task The_oldest_of_more_than_fifty_sessions_is_signed_out()
    {
        var email = MailAddress.FromText(await _server.NewPerson(await _server.NewOrganization("Fifty")));
        var check = await _server.Get<Authenticator>().SignIn(email, People.Password, null, CancellationToken.None);
        var sessions = new List<SessionId>();
        for (var number = 0; number <= SessionStore.SessionsMax; number++)
        {
            var begun = await _server.Get<SessionStore>().Begin(check, null, CancellationToken.None);
            sessions.Add(begun!.Value.Session.Id);
        }

        var kept = await _server.Get<SessionStore>().List(check.User!.Id, CancellationToken.None);

        Assert.Equal(SessionStore.SessionsMax, kept.Count);
        Assert.Contains(kept, session => session.Id == sessions[^1]);
    }

    [Fact]
    public async Task Ended_sessions_and_links_are_swept_and_no_others()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var organization = await server.NewOrganization("Swept");
        await server.NewBrowser(organization);
        await server.NewInvitation(organization, MemberRole.Editor, People.NewEmail());
        var job = SweepJob(server);
        await job.Sweep(CancellationToken.None);
        Assert.Equal((1, 2), (await Rows(server, "user_session"), await Rows(server, "user_link")));

        server.Clock.Now = server.Clock.Now.AddMinutes(60);
        await job.Sweep(CancellationToken.None);
        Assert.Equal((0, 2), (await Rows(server, "user_session"), await Rows(server, "user_link")));
        server.Clock.Now = server.Clock.Now.AddDays(7);
        await job.Sweep(CancellationToken.None);
        Assert.Equal(0, await Rows(server, "user_link"));
    }

    private static AccountSweepJob SweepJob(TestServer server) =>
        server.Get<IEnumerable<Microsoft.Extensions.Hosting.IHostedService>>().OfType<AccountSweepJob>().Single();

    private static async Task<int> Rows(TestServer server, string table) => (int)(await server.Database.Read(
        c => c.Number($"SELECT COUNT(*) FROM {table}", CancellationToken.None), CancellationToken.None))!.Value;

    /// <summary>What a job does every ten seconds, and three seconds of forgetting.</summary>
    private static async Task WriteUses(TestServer server)
    {
        var cache = server.Get<CredentialCache>();
        await server.Get<CredentialStore>().RecordUse(cache.TakeUses(), CancellationToken.None);
        cache.Changed();
    }
}

public sealed class SqliteSessions(SqliteServer fixture) : SessionContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresSessions(PostgresServer fixture) : SessionContract(fixture), IClassFixture<PostgresServer>;
