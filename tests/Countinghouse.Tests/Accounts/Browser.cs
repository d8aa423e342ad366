using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Accounts;

/// <summary>A person at a browser: keeps cookies, and sends the anti-forgery token of the last sign-in.</summary>
public sealed partial class Browser(TestServer server)
{
    private readonly Dictionary<string, string> _cookies = [];

    /// <summary>What goes into X-CSRF-Token; null: nothing.</summary>
    public string? Token { get; set; }

    /// <summary>The secret of the session; null: not signed in.</summary>
    public string? Session
    {
        get => _cookies.GetValueOrDefault(CredentialHandler.SessionCookie);
        set => _cookies[CredentialHandler.SessionCookie] = value!;
    }

    /// <summary>The same browser, asking another node.</summary>
    public Browser At(TestServer node)
    {
        var other = new Browser(node) { Token = Token };
        foreach (var (name, value) in _cookies)
        {
            other._cookies[name] = value;
        }

        return other;
    }

    public async Task<Answer> SignIn(string email, string password = People.Password, string? code = null)
    {
        var answer = await Post("session", new { email, password, code });
        if (answer.Status == 200)
        {
            Token = answer.Json.GetProperty("csrf_token").GetString();
        }

        return answer;
    }

    public Task<Answer> Get(string path) => Send(HttpMethod.Get, path);

    public Task<Answer> Post(string path, object? body = null) => Send(HttpMethod.Post, path, body);

    public Task<Answer> Patch(string path, object body) => Send(HttpMethod.Patch, path, body);

    public Task<Answer> Delete(string path) => Send(HttpMethod.Delete, path);

    /// <summary>Puts cookies and token on a request.</summary>
    public void Authenticate(HttpRequestMessage request)
    {
        if (_cookies.Count > 0)
        {
            request.Headers.Add("Cookie", string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        }

        if (Token is not null)
        {
            request.Headers.Add(AccessSetup.AntiforgeryHeader, Token);
        }
    }

    private async Task<Answer> Send(HttpMethod method, string path, object? body = null)
    {
        var request = new HttpRequestMessage(method, path);
        Authenticate(request);
        if (body is not null)
        {
            request.Content = new StringContent(
                JsonSerializer.Serialize(body, WireJson.Options),
                Encoding.UTF8,
                new MediaTypeHeaderValue("application/json"));
        }

        var answer = await server.Send(request);
        foreach (Match cookie in Cookie().Matches(answer.Headers.GetValueOrDefault("Set-Cookie", "")))
        {
            if (cookie.Groups[2].Value.Length > 0)
            {
                _cookies[cookie.Groups[1].Value] = cookie.Groups[2].Value;
            }
            else
            {
                _cookies.Remove(cookie.Groups[1].Value);
            }
        }

        return answer;
    }

    [GeneratedRegex("(?:^|, )(sessionid|antiforgery)=([^;,]*)")]
    private static partial Regex Cookie();
}

/// <summary>Brings people in as they come in.</summary>
public static class People
{
    public const string Password = "a long enough password";

    private static int _made;

    /// <summary>An address that nobody has yet.</summary>
    public static string NewEmail() => $"person{Interlocked.Increment(ref _made)}@example.com";

    /// <summary>Somebody new in an organization; the answer is their mail address.</summary>
    public static async Task<string> NewPerson(
        this TestServer server, OrganizationId organization, MemberRole role = MemberRole.Owner, string? email = null)
    {
        email ??= NewEmail();
        var secret = await server.NewInvitation(organization, role, email);
        var answer = await server.Accept(secret);
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}\n{server.Log}");
        return email;
    }

    /// <summary>The secret of a new invitation.</summary>
    public static async Task<string> NewInvitation(
        this TestServer server, OrganizationId organization, MemberRole role, string email)
    {
        var (_, invitation, secret) = await server.Get<InvitationStore>().Invite(
            organization, MailAddress.FromText(email), role, MemberRole.Owner, CancellationToken.None);
        Assert.NotNull(invitation);
        return secret;
    }

    public static Task<Answer> Accept(
        this TestServer server, string secret, string? name = "Kim", string? password = Password) =>
        server.Send(HttpMethod.Post, "invitations/accept", body: new { token = secret, name, password });

    /// <summary>Somebody new in an organization, signed in.</summary>
    public static async Task<Browser> NewBrowser(
        this TestServer server, OrganizationId organization, MemberRole role = MemberRole.Owner, string? email = null)
    {
        var browser = new Browser(server);
        var answer = await browser.SignIn(await server.NewPerson(organization, role, email));
        Assert.True(answer.Status == 200, $"{answer.Status} {answer.Text}\n{server.Log}");
        return browser;
    }

    public static async Task<string> UserId(this TestServer server, string email) =>
        (await server.Get<UserStore>().Find(MailAddress.FromText(email), CancellationToken.None))!.Id.ToString();

    /// <summary>What is said in an error, without what differs from request to request.</summary>
    public static string Words(this Answer answer) => string.Join('|', answer.Json.EnumerateObject()
        .Where(member => member.Name is not ("request_id" or "timestamp")).Select(member => member.ToString()));
}
