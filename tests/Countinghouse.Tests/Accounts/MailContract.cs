using System.Text;
using System.Text.RegularExpressions;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;
using MimeKit;

namespace Countinghouse.Accounts;

/// <summary>Links by mail, sent to a server of the test's own.</summary>
public abstract partial class MailContract(Engine engine) : IAsyncLifetime
{
    private readonly SmtpSink _sink = new();
    private TestServer _server = null!;

    public async Task InitializeAsync() => _server = await TestServer.Start(engine, configure: Configure);

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _sink.DisposeAsync();
    }

    [Fact]
    public async Task An_invitation_is_mailed_and_its_link_shown_to_nobody_else()
    {
        var organization = await _server.NewOrganization("Bäckerei\nam Markt");
        var owner = await _server.NewBrowser(organization);
        var email = People.NewEmail();

        var invited = await Invite(owner, organization, email);
        var mail = await _sink.Next();

        Assert.Equal(201, invited.Status);
        Assert.True(invited.Json.GetProperty("is_mailed").GetBoolean());
        Assert.Equal("null", invited.Json.GetProperty("link").GetRawText());
        Assert.Contains($"To: {email}\n", mail);
        Assert.Contains("From: ads@example.com\n", mail);
        Assert.Equal(200, (await _server.Accept(LinkIn(mail, "invitation"))).Status);
        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);
    }

    [Fact]
    public async Task A_mail_that_cannot_be_sent_is_told_and_leaves_no_invitation()
    {
        var organization = await _server.NewOrganization("Refused");
        var owner = await _server.NewBrowser(organization);
        var email = People.NewEmail();
        _sink.Refuses = true;

        var refused = await Invite(owner, organization, email);

        Assert.Equal(503, refused.Status);
        Assert.Empty((await owner.Get($"organizations/{organization}/invitations")).Json.GetProperty("data")
            .EnumerateArray());
        Assert.Contains(_server.Log.Lines, line => line.Contains("A mail was not sent"));
        Assert.DoesNotContain(email, _server.Log.ToString());
        _sink.Refuses = false;
        Assert.Equal(201, (await Invite(owner, organization, email)).Status);
    }

    [Fact]
    public async Task A_new_password_by_mail_ends_all_sessions_and_unlocks()
    {
        const string other = "another long password";
        var organization = await _server.NewOrganization("Reset");
        var email = await _server.NewPerson(organization);
        var browser = new Browser(_server);
        await browser.SignIn(email);
        for (var tries = 0; tries < 5; tries++)
        {
            await new Browser(_server).SignIn(email, "wrong");
        }

        Assert.Equal(202, (await Ask(email)).Status);
        var secret = LinkIn(await _sink.Next(), "password-reset");
        Assert.Equal(422, (await Complete(secret, "too short")).Status);
        Assert.Equal(422, (await Complete(secret, email)).Status);
        var answers = await Task.WhenAll(Complete(secret, other), Complete(secret, other), Complete(secret, other));

        Assert.Single(answers, answer => answer.Status == 204);
        Assert.Equal(2, answers.Count(answer => answer.Status == 422));
        Assert.Equal(401, (await browser.Get("session")).Status);
        Assert.Equal(401, (await new Browser(_server).SignIn(email)).Status);
        Assert.Equal(200, (await new Browser(_server).SignIn(email, other)).Status);
        Assert.DoesNotContain(secret[4..36], _server.Log.ToString());
    }

    [Fact]
    public async Task Whether_there_is_an_account_the_answer_is_the_same_and_strangers_get_no_mail()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Asked"));

        var (known, unknown) = (await Ask(email), await Ask("nobody@example.com"));

        Assert.Equal((202, ""), (known.Status, known.Text));
        Assert.Equal((202, ""), (unknown.Status, unknown.Text));
        Assert.Equal(known.Headers.Keys.Order(), unknown.Headers.Keys.Order());
        Assert.Contains(email, await _sink.Next());
        Assert.True(_sink.IsEmpty);
    }

    [Fact]
    public async Task Asking_again_and_again_sends_one_mail_a_minute_and_the_last_link_used_ends_the_others()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Again"));
        await Ask(email);
        var first = LinkIn(await _sink.Next(), "password-reset");
        await Ask(email);
        await Ask(email);
        _server.Clock.Now = _server.Clock.Now.AddMinutes(1);
        await Ask(email);
        var second = LinkIn(await _sink.Next(), "password-reset");
        Assert.True(_sink.IsEmpty);

        Assert.Equal(204, (await Complete(second, "another long password")).Status);
        Assert.Equal(422, (await Complete(first, "another long password")).Status);
    }

    [Fact]
    public async Task A_link_to_a_new_password_is_good_for_an_hour_and_is_no_invitation()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Late"));
        await Ask(email);
        var secret = LinkIn(await _sink.Next(), "password-reset");

        Assert.Equal(422, (await _server.Accept(secret)).Status);
        _server.Clock.Now = _server.Clock.Now.AddHours(1);
        Assert.Equal(422, (await Complete(secret, "another long password")).Status);
        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);
    }

    [Fact]
    public async Task What_was_checked_with_the_old_password_signs_nobody_in_after_the_new_one()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Raced"));
        var check = await _server.Get<Authenticator>().SignIn(
            MailAddress.FromText(email), People.Password, null, CancellationToken.None);
        await Ask(email);
        Assert.Equal(204, (await Complete(LinkIn(await _sink.Next(), "password-reset"), "another long one")).Status);

        Assert.Null(await _server.Get<SessionStore>().Begin(check, null, CancellationToken.None));
    }

    private void Configure(WebApplicationBuilder builder)
    {
        builder.Configuration["Accounts:SmtpHost"] = "127.0.0.1";
        builder.Configuration["Accounts:SmtpPort"] = $"{_sink.Port}";
        builder.Configuration["Accounts:SmtpFrom"] = "ads@example.com";
        builder.Configuration["Accounts:SmtpTls"] = "None";
        builder.Configuration["Accounts:PublicUrl"] = "https://ads.example.com/";
    }

    private Task<Answer> Ask(string email) =>
        _server.Send(HttpMethod.Post, "password-resets", body: new { email });

    private Task<Answer> Complete(string token, string password) =>
        _server.Send(HttpMethod.Post, "password-resets/complete", body: new { token, password });

    private static Task<Answer> Invite(Browser who, OrganizationId organization, string email) =>
        who.Post($"organizations/{organization}/invitations", new { email, role = "editor" });

    private static string LinkIn(string mail, string page)
    {
        using var message = MimeMessage.Load(new MemoryStream(Encoding.UTF8.GetBytes(mail)));
        var link = Link().Match(message.TextBody!);
        Assert.True(link.Success && link.Groups[1].Value == page, mail);
        return link.Groups[2].Value;
    }

    [GeneratedRegex("^https://ads\\.example\\.com/console/([a-z-]+)#(cln_\\w+)$", RegexOptions.Multiline)]
    private static partial Regex Link();
}

public sealed class SqliteMail() : MailContract(Engine.Sqlite);

public sealed class PostgresMail() : MailContract(Engine.Postgres);
