using System.Text.Json.Nodes;
using Countinghouse.Accounts;
using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Audit;

/// <summary>
/// Good requests for people, keys and clients: each by somebody new or about something new, so that none finds what
/// another has ended.
/// </summary>
public sealed class GoodAccessRequests
{
    private const string NewPassword = "quite another password";

    private static readonly string[] Scopes = ["advertising:read"];

    private static readonly object Client = new { name = "Sync", role = "editor", scopes = Scopes };

    private readonly ApiWorld _world;

    public GoodAccessRequests(ApiWorld world)
    {
        _world = world;
        var organization = $"organizations/{world.Advertiser}";
        ByName = new OrderedDictionary<string, Func<Task<GoodRequest>>>
        {
            ["access_create_api_key"] = () => Task.FromResult(
                With(new { kind = "csb", role = "readonly", name = "Shop" })),
            ["access_change_api_key"] = () => OfKey(new { name = "Other" }),
            ["access_revoke_api_key"] = () => OfKey(null),
            ["access_rotate_api_key"] = () => OfKey(new { overlap_seconds = 60 }),
            ["access_create_own_api_key"] = () => ByPerson(new { role = "readonly", name = "Laptop" }),
            ["access_change_own_api_key"] = () => OfOwnKey(new { name = "Other" }),
            ["access_revoke_own_api_key"] = () => OfOwnKey(null),
            ["access_rotate_own_api_key"] = () => OfOwnKey(new { overlap_seconds = 60 }),
            ["access_create_oauth_client"] = () => Task.FromResult(With(Client)),
            ["access_change_oauth_client"] = () => OfClient(new { name = "Other" }),
            ["access_rotate_oauth_client_secret"] = () => OfClient(null),
            ["access_revoke_oauth_client"] = () => OfClient(null),
            ["sessions_sign_in"] = async () => Anonymous(new
            {
                email = await world.Server.NewPerson(world.Advertiser),
                password = People.Password,
            }),
            ["sessions_sign_out"] = () => ByPerson(null),
            ["sessions_change_password"] = () => ByPerson(
                new { current_password = People.Password, new_password = NewPassword }),
            ["sessions_set_up_totp"] = () => ByPerson(null),
            ["sessions_confirm_totp"] = Confirmation,
            ["sessions_turn_off_totp"] = Disabling,
            ["sessions_end_session"] = EndSession,
            ["sessions_end_all_sessions"] = () => ByPerson(null),
            ["members_change_member"] = () => OfMember(new { role = "billing" }),
            ["members_end_membership"] = () => OfMember(null),
            ["members_accept_invitation"] = async () => Anonymous(new
            {
                token = await world.Server.NewInvitation(world.Advertiser, MemberRole.Editor, People.NewEmail()),
                name = "Kim",
                password = People.Password,
            }),
            ["sessions_complete_password_reset"] = Reset,
        };

        async Task<GoodRequest> OfKey(object? body) => With(body, ("key_id", await New(
            $"{organization}/api-keys", new { kind = "csb", role = "readonly", name = "Shop" }, "key_id")));

        async Task<GoodRequest> OfClient(object? body) =>
            With(body, ("client_id", await New($"{organization}/oauth-clients", Client, "client_id")));
    }

    public IReadOnlyDictionary<string, Func<Task<GoodRequest>>> ByName { get; }

    private Task<Browser> NewBrowser() => _world.Server.NewBrowser(_world.Advertiser);

    private async Task<GoodRequest> ByPerson(object? body) => With(body) with { Browser = await NewBrowser() };

    private async Task<GoodRequest> OfOwnKey(object? body)
    {
        var browser = await NewBrowser();
        var made = await browser.Post("users/me/api-keys", new { role = "readonly", name = "Laptop" });
        return With(body, ("key_id", made.Json.GetProperty("key_id").GetString()!)) with { Browser = browser };
    }

    private async Task<GoodRequest> OfMember(object? body)
    {
        var email = await _world.Server.NewPerson(_world.Advertiser, MemberRole.Editor);
        return With(body, ("user_id", await _world.Server.UserId(email)));
    }

    private async Task<GoodRequest> Confirmation()
    {
        var (browser, code) = await WithTotp();
        return With(new { code }) with { Browser = browser };
    }

    private async Task<GoodRequest> Disabling()
    {
        var (browser, code) = await WithTotp();
        Assert.Equal(204, (await browser.Post("users/me/totp/confirm", new { code })).Status);
        return With(new { password = People.Password }) with { Browser = browser };
    }

    private async Task<(Browser Browser, string Code)> WithTotp()
    {
        var browser = await NewBrowser();
        var secret = (await browser.Post("users/me/totp")).Json.GetProperty("secret").GetString()!;
        return (browser, Totp.Code(secret, Totp.StepOf(Instant.Of(_world.Server.Clock.Now))));
    }

    private async Task<GoodRequest> EndSession()
    {
        var browser = await NewBrowser();
        var session = (await browser.Get("whoami")).Json.GetProperty("credential_id").GetString()!;
        return With(null, ("session_id", session)) with { Browser = browser };
    }

    private async Task<GoodRequest> Reset()
    {
        var email = await _world.Server.NewPerson(_world.Advertiser);
        var user = await _world.Server.Get<UserStore>().Find(MailAddress.FromText(email), CancellationToken.None);
        var secret = await _world.Server.Get<ResetStore>().Create(user!, TimeSpan.Zero, CancellationToken.None);
        return Anonymous(new { token = secret, password = NewPassword });
    }

    private async Task<string> New(string path, object body, string id)
    {
        var answer = await _world.Server.Send(HttpMethod.Post, path, _world.OperatorKey, body);
        Assert.True(answer.Status == 201, $"{path}: {answer.Status} {answer.Text}");
        return answer.Json.GetProperty(id).GetString()!;
    }

    private static GoodRequest Anonymous(object body) => With(body) with { IsAnonymous = true };

    private static GoodRequest With(object? body, params (string Parameter, string Value)[] ids) => new(
        (JsonObject?)System.Text.Json.JsonSerializer.SerializeToNode(body, WireJson.Options), ids);
}
