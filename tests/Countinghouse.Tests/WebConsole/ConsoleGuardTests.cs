using System.Text.RegularExpressions;
using Countinghouse.Accounts;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.WebConsole;

/// <summary>What keeps the console's forms and pages from being used by others than who they were made for.</summary>
public sealed partial class ConsoleGuardTests(SqliteServer fixture) : IClassFixture<SqliteServer>
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_form_without_its_token_or_with_anothers_changes_nothing()
    {
        var organization = await _server.NewOrganization("Guarded");
        var (cookies, token) = await SignIn(organization);
        var (_, foreign) = await SignIn(organization);
        var path = $"/console/{organization}/locations";

        foreach (var wrong in new[] { "", "made-up", foreign })
        {
            var refused = await Post(path, cookies, [("csrf_token", wrong), ("name", "Corner")]);
            Assert.Equal(403, refused.Status);
            Assert.Contains("text/html", refused.Headers["Content-Type"]);
        }

        Assert.DoesNotContain("Corner", (await Get(path, cookies)).Text);
        var taken = await Post(path, cookies, [("csrf_token", token), ("idempotency_key", "k1"), ("name", "Corner")]);
        Assert.Equal(303, taken.Status);
        Assert.Contains("Corner", (await Get(path, cookies)).Text);
    }

    [Fact]
    public async Task The_same_form_sent_twice_does_its_work_once()
    {
        var organization = await _server.NewOrganization("Twice");
        var (cookies, token) = await SignIn(organization);
        (string, string)[] form =
            [("csrf_token", token), ("idempotency_key", "same"), ("name", "Mill"), ("pricing", "cpc"), ("bid", "0.10"),
             ("budget", "5")];
        var first = await Post($"/console/{organization}/campaigns/new", cookies, form);
        var second = await Post($"/console/{organization}/campaigns/new", cookies, form);

        Assert.Equal(303, first.Status);
        Assert.Equal(first.Headers["Location"], second.Headers["Location"]);
        Assert.Contains("1 in all", Tags().Replace((await Get($"/console/{organization}", cookies)).Text, ""));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Origin", "https://elsewhere.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", 401)]
    public async Task A_form_from_another_site_signs_nobody_in(string header, string value, int status)
    {
        var answer = await Post(
            "/console/sign-in", "", [("email", "a@example.com"), ("password", "x")], (header, value));

        Assert.Equal(status, answer.Status);
        Assert.False(answer.Headers.ContainsKey("Set-Cookie"));
    }

    [Theory]
    [InlineData("https://elsewhere.example", "/console")]
    [InlineData("//elsewhere.example", "/console")]
    [InlineData("/console/../advertising", "/console")]
    [InlineData("/console//elsewhere.example", "/console")]
    [InlineData("/consoleelsewhere", "/console")]
    [InlineData("/console\\elsewhere", "/console")]
    [InlineData("/console/me?x=1", "/console/me?x=1")]
    public async Task Signing_in_leads_on_within_the_console(string wanted, string expected)
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Anywhere"));
        var answer = await Post(
            "/console/sign-in", "", [("email", email), ("password", People.Password), ("return", wanted)]);

        Assert.Equal(303, answer.Status);
        Assert.Equal(expected, answer.Headers["Location"]);
    }

    [Fact]
    public async Task Without_a_session_a_page_is_the_way_to_sign_in_and_back()
    {
        var answer = await Get("/console/operator/periods?page=2", "sessionid=css_ended");

        Assert.Equal(303, answer.Status);
        Assert.Equal("/console/sign-in?return=%2Fconsole%2Foperator%2Fperiods%3Fpage%3D2", answer.Headers["Location"]);
    }

    [Fact]
    public async Task A_page_is_whole_private_and_runs_nothing_of_others()
    {
        var organization = await _server.NewOrganization("<script>alert(1)</script>");
        var (cookies, _) = await SignIn(organization);
        var page = await Get($"/console/{organization}", cookies);

        Assert.Equal(200, page.Status);
        Assert.Equal("no-store", page.Headers["Cache-Control"]);
        Assert.Contains("script-src 'self'", page.Headers["Content-Security-Policy"]);
        Assert.DoesNotContain("unsafe-inline", page.Headers["Content-Security-Policy"]);
        Assert.DoesNotContain("<script>alert", page.Text);
        Assert.DoesNotMatch("(src|href)=\"https?:", page.Text);
        Assert.DoesNotContain(" style=", page.Text);
    }

    [Fact]
    public async Task A_page_counts_as_one_request_whatever_it_asks_of_the_api()
    {
        var organization = await _server.NewOrganization("Counted");
        var (cookies, _) = await SignIn(organization);
        var before = await Remaining(cookies);
        await Get($"/console/{organization}", cookies);
        await Get($"/console/{organization}/earnings", cookies);

        Assert.Equal(before - 3, await Remaining(cookies));
    }

    [Fact]
    public async Task What_a_table_downloads_cannot_be_a_formula()
    {
        var organization = await _server.NewOrganization("Sheets");
        var (cookies, token) = await SignIn(organization);
        await Post(
            $"/console/{organization}/locations",
            cookies,
            [("csrf_token", token), ("idempotency_key", "f"), ("name", "=1+1")]);
        var csv = await Get($"/console/{organization}/locations?format=csv", cookies);

        Assert.Equal("text/csv; charset=utf-8", csv.Headers["Content-Type"]);
        Assert.Contains("'=1+1", csv.Text);
    }

    [Fact]
    public async Task A_new_key_is_on_the_page_that_made_it_and_nowhere_after()
    {
        var organization = await _server.NewOrganization("Keys");
        var (cookies, token) = await SignIn(organization);
        (string, string)[] form =
            [("csrf_token", token), ("idempotency_key", "key"), ("kind", "csb"), ("role", "readonly"),
             ("name", "Server")];
        var made = await Post($"/console/{organization}/keys/new", cookies, form);
        var secret = Secret().Match(made.Text).Value;

        Assert.Equal(200, made.Status);
        Assert.NotEmpty(secret);
        Assert.Equal("no-store", made.Headers["Cache-Control"]);
        Assert.DoesNotContain(secret, (await Post($"/console/{organization}/keys/new", cookies, form)).Text);
        Assert.DoesNotContain(secret, (await Get($"/console/{organization}/keys", cookies)).Text);
        Assert.Equal(200, (await _server.Send(HttpMethod.Get, "whoami", secret)).Status);
    }

    [Fact]
    public async Task An_edit_that_is_refused_or_came_late_changes_nothing()
    {
        var organization = await _server.NewOrganization("Edits");
        var (cookies, token) = await SignIn(organization);
        var made = await Post(
            $"/console/{organization}/campaigns/new",
            cookies,
            Form(token, "new", ("name", "First"), ("pricing", "cpc"), ("bid", "0.10"), ("budget", "5")));
        var path = made.Headers["Location"];

        var refused = await Edit("One", "First", "much");
        Assert.Equal(422, refused.Status);
        Assert.Contains("Bid must be a price in USD with at most six places", refused.Text);
        Assert.Contains("value=\"One\"", refused.Text);
        Assert.Contains("<h1>First</h1>", (await Get(path, cookies)).Text);
        Assert.Equal(303, (await Edit("Second", "First", "0.10")).Status);
        var late = await Edit("Third", "First", "0.10");
        Assert.Equal(422, late.Status);
        Assert.Contains("was changed to &quot;Second&quot; meanwhile", late.Text);
        Assert.Contains("<h1>Second</h1>", (await Get(path, cookies)).Text);

        // The page of a refused form leads back to itself and not to where only forms are taken.
        var topUp = await Post(
            path + "/budget", cookies, Form(token, "top", ("amount", "much"), ("page_address", path + "?days=7")));
        Assert.Equal(422, topUp.Status);
        Assert.Contains($"href=\"{path}?days=30\"", topUp.Text);
        Assert.DoesNotContain("/budget?", topUp.Text);

        Task<Answer> Edit(string name, string was, string bid) => Post(
            path + "/edit",
            cookies,
            Form(token, name, ("name", name), ("was_name", was), ("bid", bid), ("was_bid", "0.10")));
    }

    [Theory]
    [InlineData("/console/sign-in", 400)]
    [InlineData("/console/forgotten", 400)]
    public async Task A_form_that_is_no_text_is_refused_with_a_page(string path, int status)
    {
        var answer = await Post(path, "", [("email", "a\0@example.com")]);

        Assert.Equal(status, answer.Status);
        Assert.Contains("text/html", answer.Headers["Content-Type"]);
    }

    [Theory]
    [InlineData("HEAD", "/console/sign-in", 200)]
    [InlineData("PUT", "/console/sign-in", 405)]
    [InlineData("GET", "/console/me/password", 405)]
    [InlineData("GET", "/console/assets/nothing.css", 404)]
    public async Task What_is_no_page_is_answered_with_one(string method, string path, int status)
    {
        var answer = await _server.Send(new HttpRequestMessage(new HttpMethod(method), new Uri(_server.Origin, path)));

        Assert.Equal(status, answer.Status);
        Assert.Equal(status == 405, answer.Headers.ContainsKey("Allow"));
        Assert.Contains("text/html", answer.Headers["Content-Type"]);
    }

    [Fact]
    public async Task An_id_that_no_event_can_have_is_not_found()
    {
        var organization = await _server.NewOrganization("Receipts");
        var (cookies, _) = await SignIn(organization);
        var answer = await Get($"/console/{organization}/receipts?event_id=%00", cookies);

        Assert.Equal(404, answer.Status);
        Assert.Contains("text/html", answer.Headers["Content-Type"]);
    }

    [Fact]
    public async Task The_dashed_form_of_an_id_gives_nobody_another_role()
    {
        var organization = await _server.NewOrganization("Dashed");
        var (cookies, _) = await SignIn(organization, MemberRole.Billing);
        var page = await Get($"/console/{organization.Value}", cookies);

        Assert.Equal(200, page.Status);
        Assert.Contains("/earnings\"", page.Text);
        Assert.DoesNotContain("/members\"", page.Text);
        Assert.DoesNotContain("New campaign", page.Text);
    }

    [Theory]
    [InlineData("start_date=2026-08-01&end_date=2026-07-01", "The first day is after the last")]
    [InlineData("start_date=2020-01-01&end_date=2026-08-01", "More than 366 days")]
    [InlineData("days=many", "not days that can be read")]
    [InlineData("end_date=0001-01-01", "")]
    [InlineData("start_date=0001-01-01&end_date=9999-12-31", "More than 366 days")]
    public async Task Days_that_make_no_sense_are_said_to(string query, string words)
    {
        var organization = await _server.NewOrganization("Days");
        var (cookies, _) = await SignIn(organization);
        var page = await Get($"/console/{organization}?{query}", cookies);

        Assert.Equal(200, page.Status);
        Assert.Contains(words, page.Text);
    }

    private static (string, string)[] Form(string token, string key, params (string, string)[] fields) =>
        [("csrf_token", token), ("idempotency_key", key), .. fields];

    private async Task<(string Cookies, string Token)> SignIn(
        OrganizationId organization, MemberRole role = MemberRole.Owner)
    {
        var email = await _server.NewPerson(organization, role);
        var answer = await Post("/console/sign-in", "", [("email", email), ("password", People.Password)]);
        Assert.Equal(303, answer.Status);
        var cookies = string.Join("; ", Cookie().Matches(answer.Headers["Set-Cookie"]).Select(match => match.Value));
        return (cookies, Token().Match((await Get("/console/me", cookies)).Text).Groups[1].Value);
    }

    private async Task<int> Remaining(string cookies)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, "whoami");
        request.Headers.Add("Cookie", cookies);
        return int.Parse((await _server.Send(request)).Headers["RateLimit-Remaining"]);
    }

    private Task<Answer> Get(string path, string cookies)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_server.Origin, path));
        request.Headers.Add("Cookie", cookies);
        return _server.Send(request);
    }

    private Task<Answer> Post(
        string path, string cookies, (string Name, string Value)[] form, params (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_server.Origin, path))
        {
            Content = new FormUrlEncodedContent(form.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))),
        };
        if (cookies.Length > 0)
        {
            request.Headers.Add("Cookie", cookies);
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return _server.Send(request);
    }

    [GeneratedRegex("(sessionid|antiforgery)=[^;,]+")]
    private static partial Regex Cookie();

    [GeneratedRegex("name=\"csrf_token\" value=\"([^\"]+)\"")]
    private static partial Regex Token();

    [GeneratedRegex("csb_[A-Za-z0-9_-]{30,}")]
    private static partial Regex Secret();

    [GeneratedRegex("<[^>]+>")]
    private static partial Regex Tags();
}
