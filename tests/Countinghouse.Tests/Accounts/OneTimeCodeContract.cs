using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

public abstract class OneTimeCodeContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    private long Step => Totp.StepOf(Instant.Of(_server.Clock.Now));

    [Fact]
    public async Task Codes_are_asked_for_once_one_was_confirmed()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Codes"));
        var browser = new Browser(_server);
        await browser.SignIn(email);
        var secret = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;
        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);

        Assert.Equal(422, (await browser.Post("users/me/totp/confirm", new { code = "000000" })).Status);
        Assert.Equal(204, (await Confirm(browser, Totp.Code(secret, Step - 1))).Status);

        Assert.True((await browser.Get("session")).Json.GetProperty("user").GetProperty("has_totp").GetBoolean());
        var without = await new Browser(_server).SignIn(email);
        Assert.Equal((401, "One-time code needed"), (without.Status, without.Json.GetProperty("title").GetString()));
        Assert.Equal(200, (await new Browser(_server).SignIn(email, code: Totp.Code(secret, Step))).Status);
    }

    [Fact]
    public async Task A_wrong_code_is_told_like_a_wrong_password_and_counts_like_one()
    {
        var (email, secret) = await NewPersonWithCodes();
        var wrongPassword = await new Browser(_server).SignIn(email, "wrong");
        var wrongCode = await new Browser(_server).SignIn(email, code: "000000");
        Assert.Equal((401, wrongPassword.Words()), (wrongCode.Status, wrongCode.Words()));

        for (var tries = 0; tries < 3; tries++)
        {
            await new Browser(_server).SignIn(email, code: "000000");
        }

        var locked = await new Browser(_server).SignIn(email, code: Totp.Code(secret, Step));
        Assert.Equal((401, wrongPassword.Words()), (locked.Status, locked.Words()));
        Assert.Equal(wrongPassword.Words(), (await new Browser(_server).SignIn(email)).Words());
    }

    [Fact]
    public async Task A_code_is_good_for_one_sign_in_however_many_come_at_once()
    {
        var (email, secret) = await NewPersonWithCodes();
        var code = Totp.Code(secret, Step);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(_ => new Browser(_server).SignIn(email, code: code)));

        Assert.Single(answers, answer => answer.Status == 200);
        Assert.Equal(401, (await new Browser(_server).SignIn(email, code: code)).Status);
        Assert.Equal(200, (await new Browser(_server).SignIn(email, code: Totp.Code(secret, Step + 1))).Status);
    }

    [Fact]
    public async Task Turning_codes_off_needs_the_password()
    {
        var (email, secret) = await NewPersonWithCodes();
        var browser = new Browser(_server);
        await browser.SignIn(email, code: Totp.Code(secret, Step));

        Assert.Equal(422, (await browser.Post("users/me/totp/disable", new { password = "wrong" })).Status);
        Assert.Equal(401, (await new Browser(_server).SignIn(email)).Status);
        Assert.Equal(204, (await browser.Post("users/me/totp/disable", new { password = People.Password })).Status);

        Assert.Equal(200, (await new Browser(_server).SignIn(email)).Status);
        Assert.Equal(409, (await browser.Post("users/me/totp/disable", new { password = People.Password })).Status);
    }

    [Fact]
    public async Task An_authenticator_that_is_on_is_not_replaced_and_one_that_is_not_can_be()
    {
        var browser = await _server.NewBrowser(await _server.NewOrganization("Replaced"));
        Assert.Equal(409, (await Confirm(browser, "000000")).Status);
        var first = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;
        var second = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;

        Assert.Equal(422, (await Confirm(browser, Totp.Code(first, Step))).Status);
        Assert.Equal(204, (await Confirm(browser, Totp.Code(second, Step))).Status);
        Assert.Equal(409, (await browser.Post("users/me/totp")).Status);
        Assert.Equal(409, (await Confirm(browser, Totp.Code(second, Step + 1))).Status);
    }

    [Fact]
    public async Task The_secret_is_stored_protected_and_repeated_to_nobody()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Protected"));
        var browser = new Browser(_server);
        await browser.SignIn(email);
        var secret = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;

        var user = await _server.Get<UserStore>().Find(MailAddress.FromText(email), CancellationToken.None);

        Assert.StartsWith("CfDJ8", user!.TotpSecret);
        Assert.DoesNotContain(secret, user.TotpSecret);
        Assert.DoesNotContain(secret, (await browser.Get("session")).Text);
    }

    private static Task<Answer> Confirm(Browser browser, string code) =>
        browser.Post("users/me/totp/confirm", new { code });

    private async Task<(string Email, string Secret)> NewPersonWithCodes()
    {
        var email = await _server.NewPerson(await _server.NewOrganization("Codes"));
        var browser = new Browser(_server);
        await browser.SignIn(email);
        var secret = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;
        Assert.Equal(204, (await Confirm(browser, Totp.Code(secret, Step - 1))).Status);
        return (email, secret);
    }
}

public sealed class SqliteOneTimeCodes(SqliteServer fixture)
    : OneTimeCodeContract(fixture), IClassFixture<SqliteServer>;

public sealed class PostgresOneTimeCodes(PostgresServer fixture)
    : OneTimeCodeContract(fixture), IClassFixture<PostgresServer>;
