using System.Diagnostics;
using Countinghouse.Access;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class SignInContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Signing_in_says_who_one_is_where_one_has_a_part_and_how_to_go_on()
    {
        var organization = await _server.NewOrganization("Corner shops");
        var email = await _server.NewPerson(organization, MemberRole.Editor);

        var browser = new Browser(_server);
        var answer = await browser.SignIn(email.ToUpperInvariant());

        Assert.Equal(200, answer.Status);
        var user = answer.Json.GetProperty("user");
        Assert.Equal((email, "Kim", false), (
            user.GetProperty("email").GetString(),
            user.GetProperty("name").GetString(),
            user.GetProperty("has_totp").GetBoolean()));
        var part = Assert.Single(answer.Json.GetProperty("memberships").EnumerateArray());
        Assert.Equal(
            $$"""{"organization_id":"{{organization}}","organization_name":"Corner shops","is_operator":false,"""
            + "\"role\":\"editor\"}",
            part.GetRawText());
        Assert.Equal(
            Instant.Of(_server.Clock.Now.AddHours(12)).ToString(), answer.Json.GetProperty("expires_at").GetString());
        Assert.Equal(200, (await browser.Get($"organizations/{organization}")).Status);
        Assert.Equal(200, (await browser.Get("session")).Status);
    }

    [Fact]
    public async Task The_cookie_is_not_for_scripts_nor_other_sites_and_goes_with_the_session()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Cookies"));

        var cookies = (await new Browser(_server).SignIn(email)).Headers["Set-Cookie"];

        var session = cookies[cookies.IndexOf("sessionid=", StringComparison.Ordinal)..];
        var ends = _server.Clock.Now.AddHours(12).ToString("R");
        Assert.StartsWith("sessionid=css_", session);
        Assert.Contains($"; expires={ends}; path=/; samesite=lax; httponly", session);
        Assert.DoesNotContain("secure", session);
    }

    [Fact]
    public async Task Over_TLS_the_cookie_stays_there()
    {
        await using var server = await TestServer.Start(
            _server.Engine, configure: builder => builder.Configuration["Http:TrustedProxies"] = "127.0.0.1");
        var email = await server.NewPerson(await server.NewOrganization("Behind a proxy"));
        var request = new HttpRequestMessage(HttpMethod.Post, "session")
        {
            Content = Http.ApiWalk.Json($$"""{"email": "{{email}}", "password": "{{People.Password}}"}"""),
        };
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-For", "192.0.2.1");

        var answer = await server.Send(request);

        Assert.Equal(200, answer.Status);
        Assert.Matches("sessionid=[^;]+; expires=[^;]+; path=/; secure; samesite=lax; httponly",
            answer.Headers["Set-Cookie"]);
    }

    [Fact]
    public async Task An_unknown_address_a_wrong_password_and_a_locked_account_are_told_the_same()
    {
        var organization = await _server.NewOrganization("Same");
        var (known, locked) = (await _server.NewPerson(organization), await _server.NewPerson(organization));
        for (var tries = 0; tries < 5; tries++)
        {
            await new Browser(_server).SignIn(locked, "wrong");
        }

        var answers = new[]
        {
            await new Browser(_server).SignIn("nobody@example.com"),
            await new Browser(_server).SignIn(known, "wrong"),
            await new Browser(_server).SignIn(known, ""),
            await new Browser(_server).SignIn(locked),
            await new Browser(_server).SignIn(locked, "wrong"),
        };

        Assert.All(answers, answer => Assert.Equal(401, answer.Status));
        Assert.All(answers, answer => Assert.Equal("Session realm=\"Advertising API\"",
            answer.Headers["WWW-Authenticate"]));
        Assert.All(answers, answer => Assert.DoesNotContain("Set-Cookie", answer.Headers));
        Assert.Single(answers.Select(answer => answer.Words()).Distinct());
        Assert.Single(answers.Select(answer => string.Join(' ', answer.Headers.Keys.Order())).Distinct());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(400)]
    public async Task An_unknown_address_and_a_wrong_password_take_the_same_time(int milliseconds)
    {
        await using var server = await TestServer.Start(_server.Engine, configure: builder =>
        {
            builder.Configuration["Accounts:RefusalMillisecondsMin"] = $"{milliseconds}";
            builder.Configuration["Accounts:FailuresMax"] = "100";
        });
        var email = await server.NewPerson(await server.NewOrganization("Timed"));
        var (unknown, wrong) = (new List<TimeSpan>(), new List<TimeSpan>());
        for (var tries = 0; tries < 9; tries++)
        {
            unknown.Add(await Time(server, "nobody@example.com"));
            wrong.Add(await Time(server, email));
        }

        var (first, second) = (Median(unknown), Median(wrong));
        Assert.True(first > second / 3 && second > first / 3, $"unknown {first}, wrong {second}");
        Assert.True(first.TotalMilliseconds >= milliseconds && second.TotalMilliseconds >= milliseconds);
    }

    [Fact]
    public async Task Five_wrong_tries_in_a_row_lock_for_a_quarter_of_an_hour_and_a_good_one_begins_anew()
    {
        await using var server = await TestServer.Start(_server.Engine);
        var email = await server.NewPerson(await server.NewOrganization("Locked"));
        for (var round = 0; round < 2; round++)
        {
            for (var tries = 0; tries < 4; tries++)
            {
                Assert.Equal(401, (await new Browser(server).SignIn(email, "wrong")).Status);
            }

            Assert.Equal(200, (await new Browser(server).SignIn(email)).Status);
        }

        for (var tries = 0; tries < 5; tries++)
        {
            await new Browser(server).SignIn(email, "wrong");
        }

        server.Clock.Now = server.Clock.Now.AddMinutes(15).AddMicroseconds(-1);
        Assert.Equal(401, (await new Browser(server).SignIn(email)).Status);
        server.Clock.Now = server.Clock.Now.AddMicroseconds(1);
        Assert.Equal(200, (await new Browser(server).SignIn(email)).Status);
    }

    [Fact]
    public async Task Twenty_wrong_tries_at_once_all_count()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("At once"));

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => new Browser(_server).SignIn(email, "wrong")));

        // On a busy machine some were not even looked at.
        Assert.All(answers, answer => Assert.True(answer.Status is 401 or 503, answer.Text));
        var user = await _server.Get<UserStore>().Find(MailAddress.FromText(email), CancellationToken.None);
        Assert.Equal(Instant.Of(_server.Clock.Now.AddMinutes(15)), user!.LockedUntil);
        Assert.Equal(401, (await new Browser(_server).SignIn(email)).Status);
    }

    [Fact]
    public async Task What_was_right_when_it_was_looked_at_and_is_locked_by_now_is_refused()
    {
        var email = MailAddress.FromText(await _server.NewPerson(await _server.NewOrganization("Too late")));
        var check = await _server.Get<Authenticator>().SignIn(email, People.Password, null, CancellationToken.None);
        Assert.Equal(SignInOutcome.Good, check.Outcome);
        for (var tries = 0; tries < 5; tries++)
        {
            await _server.Get<UserStore>().RecordFailure(check.User!.Id, CancellationToken.None);
        }

        Assert.Null(await _server.Get<SessionStore>().Begin(check, null, CancellationToken.None));
    }

    [Fact]
    public async Task A_hash_by_weaker_rules_is_made_anew_at_sign_in()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Old hash"));
        var weak = new Microsoft.AspNetCore.Identity.PasswordHasher<object>(
            Microsoft.Extensions.Options.Options.Create(
                new Microsoft.AspNetCore.Identity.PasswordHasherOptions { IterationCount = 1_000 }))
            .HashPassword(new object(), People.Password);
        await _server.Database.Write(
            c => c.Execute("UPDATE app_user SET password_hash = @hash WHERE email = @email", CancellationToken.None,
                ("hash", weak), ("email", email)),
            CancellationToken.None);

        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);

        var user = await _server.Get<UserStore>().Find(MailAddress.FromText(email), CancellationToken.None);
        Assert.NotEqual(weak, user!.PasswordHash);
        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);
    }

    [Fact]
    public async Task A_stale_cookie_or_a_bad_key_keeps_nobody_from_signing_in()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Stale"));
        foreach (var session in new[] { "nonsense", CredentialFormat.Create(CredentialFormat.Session) })
        {
            var browser = new Browser(_server) { Session = session };
            Assert.Equal(200, (await browser.SignIn(email)).Status);
            Assert.Equal(200, (await browser.Get("session")).Status);
        }

        Assert.Equal(200, (await _server.Send(
            HttpMethod.Post, "session", "nonsense", new { email, password = People.Password })).Status);
    }

    [Fact]
    public async Task No_password_address_or_secret_is_in_the_log_and_no_password_or_session_in_the_database()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Quiet"));
        var browser = new Browser(_server);
        await browser.SignIn(email, "wrong password of mine");
        await browser.SignIn(email);
        await browser.Post("users/me/password", new { current_password = "x", new_password = "y" });

        var log = _server.Log.ToString();
        var stored = string.Join('\n', await Texts());
        Assert.DoesNotContain(email, log);
        foreach (var secret in new[] { People.Password, "wrong password of mine", browser.Session![4..36] })
        {
            Assert.DoesNotContain(secret, log);
            Assert.DoesNotContain(secret, stored);
        }
    }

    private async Task<IEnumerable<string>> Texts()
    {
        var texts = new List<string>();
        foreach (var table in await _server.Database.Tables())
        {
            texts.AddRange((await _server.Database.Read(
                c => c.Query(
                    $"SELECT * FROM {table}",
                    row => Enumerable.Range(0, row.FieldCount).Select(column => row[column]).OfType<string>().ToList(),
                    CancellationToken.None),
                CancellationToken.None)).SelectMany(row => row));
        }

        return texts;
    }

    private static async Task<TimeSpan> Time(TestServer server, string email)
    {
        var since = Stopwatch.StartNew();
        Assert.Equal(401, (await new Browser(server).SignIn(email, "wrong")).Status);
        return since.Elapsed;
    }

    private static TimeSpan Median(List<TimeSpan> times) => times.Order().ElementAt(times.Count / 2);
}

public sealed class SqliteSignIn(SqliteServer fixture) : SignInContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresSignIn(PostgresServer fixture) : SignInContract(fixture), IClassFixture<PostgresServer>;
