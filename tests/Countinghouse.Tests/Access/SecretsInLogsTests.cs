using Countinghouse.Accounts;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.Extensions.Logging;

namespace Countinghouse.Access;

/// <summary>
/// Everything that a server says at its most talkative, through a run in which every kind of secret is used rightly and
/// wrongly, and none of it in there.
/// </summary>
public sealed class SecretsInLogsTests
{
    private const string Shopper = "203.0.113.77";
    private const string NewPassword = "another long password";
    private const string Agent = "Mozilla/5.0 (Secret Agent)";

    [Fact]
    public async Task No_secret_address_or_agent_is_logged_whatever_the_level()
    {
        var log = new TestLog(LogLevel.Trace);
        var secrets = new List<string> { Shopper, Agent, People.Password, NewPassword };
        await using (var server = await TestServer.Start(Engine.Sqlite, log: log))
        {
            var organization = await server.NewOrganization("Talkative");
            var key = await server.NewKey(organization);
            var email = People.NewEmail();
            var browser = await server.NewBrowser(organization, email: email);
            secrets.AddRange([key, email, browser.Session!, browser.Token!]);
            secrets.Add(await Links(server, browser, organization));
            secrets.AddRange(await Programs(server, key, organization));
            await WrongOnes(server, email, secrets);
            await Events(server, key);
            await browser.Post(
                "users/me/password", new { current_password = People.Password, new_password = NewPassword });
            secrets.Add((await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!);
            await Breakdown(server, key);
        }

        // It did say something, errors among it; else this would prove nothing.
        Assert.Contains(log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
        Assert.InRange(log.Lines.Count, 100, int.MaxValue);
        var told = secrets.Where(secret => log.Lines.Any(line => line.Contains(secret, StringComparison.Ordinal)));
        Assert.Empty(told);
    }

    private static async Task<string> Links(TestServer server, Browser browser, OrganizationId organization)
    {
        var invited = await browser.Post(
            $"organizations/{organization}/invitations", new { email = People.NewEmail(), role = "editor" });
        var secret = invited.Json.GetProperty("link").GetString()!.Split('#')[^1];
        await server.Accept(secret);
        await server.Accept(secret);
        return secret;
    }

    private static async Task<IEnumerable<string>> Programs(
        TestServer server, string key, OrganizationId organization)
    {
        var client = await server.Send(
            HttpMethod.Post,
            $"organizations/{organization}/oauth-clients",
            key,
            new { name = "Sync", role = "manager", scopes = new[] { "advertising:read" } });
        var (id, secret) = (client.Json.GetProperty("client_id").GetString()!,
            client.Json.GetProperty("client_secret").GetString()!);
        var token = (await Token(server, id, secret)).Json.GetProperty("access_token").GetString()!;
        await Token(server, id, secret + "x");
        var request = new HttpRequestMessage(HttpMethod.Get, "whoami");
        request.Headers.Add("Authorization", $"Bearer {token}");
        Assert.Equal(200, (await server.Send(request)).Status);
        return [secret, token];
    }

    private static Task<Answer> Token(TestServer server, string client, string secret) => server.Send(
        new HttpRequestMessage(HttpMethod.Post, new Uri(server.Origin, "/oauth/token"))
        {
            Content = new FormUrlEncodedContent(new Dictionary<string, string>
            {
                ["grant_type"] = "client_credentials",
                ["client_id"] = client,
                ["client_secret"] = secret,
            }),
        });

    private static async Task WrongOnes(TestServer server, string email, List<string> secrets)
    {
        const string wrong = "a wrong but long password";
        secrets.Add(wrong);
        Assert.Equal(401, (await new Browser(server).SignIn(email, wrong)).Status);
        foreach (var prefix in new[] { "csb", CredentialFormat.Token, CredentialFormat.Session })
        {
            var unknown = CredentialFormat.Create(prefix);
            secrets.Add(unknown);
            var request = new HttpRequestMessage(HttpMethod.Get, "whoami");
            var (header, value) = prefix switch
            {
                CredentialFormat.Token => ("Authorization", $"Bearer {unknown}"),
                CredentialFormat.Session => ("Cookie", $"{CredentialHandler.SessionCookie}={unknown}"),
                _ => (CredentialHandler.Header, unknown),
            };
            request.Headers.Add(header, value);
            Assert.Equal(401, (await server.Send(request)).Status);
        }
    }

    private static async Task Events(TestServer server, string key)
    {
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        foreach (var sender in new[] { market.AdvertiserKey, key })
        {
            var click = new { campaign_id = campaign, client = new { ip = Shopper, user_agent = Agent } };
            Assert.Equal(200, (await server.Send(HttpMethod.Post, "ads/click", sender, click)).Status);
        }

        Assert.Equal(422, (await server.Send(
            HttpMethod.Post,
            "ads/click",
            market.AdvertiserKey,
            new
            {
                campaign_id = campaign,
                occurred_at = "yesterday",
                client = new { ip = Shopper, user_agent = Agent },
            })).Status);
    }

    /// <summary>An error on the server's own side, whose stack trace is logged.</summary>
    private static async Task Breakdown(TestServer server, string key)
    {
        await server.Database.Write(
            connection => connection.Execute("ALTER TABLE location RENAME TO location_away", CancellationToken.None),
            CancellationToken.None);
        var broken = await server.Send(HttpMethod.Get, "whoami", key);
        Assert.Equal(200, broken.Status);
        var organization = broken.Json.GetProperty("memberships")[0].GetProperty("organization_id").GetString();
        Assert.Equal(500, (await server.Send(HttpMethod.Get, $"organizations/{organization}/locations", key)).Status);
    }
}
