using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Access;

/// <summary>The callers of access-matrix.txt, each with a credential for both of the world's organizations.</summary>
internal sealed class AccessCallers
{
    private static readonly Role[] MemberRoles = [Role.Owner, Role.Manager, Role.Editor, Role.Billing];

    private const string Member = """
        INSERT INTO membership (org_id, user_id, role, created_at) VALUES (@org, @user, 'owner', @now)
        ON CONFLICT (org_id, user_id) DO NOTHING
        """;

    private const string Invitation = """
        INSERT INTO user_link (link_id, hash, purpose, email, org_id, role, created_at, created_by, expires_at, used_at)
        VALUES (@link, @hash, 'INVITATION', 'matrix@example.com', @org, 'editor', @now, 'test', @now + 1000000000, NULL)
        ON CONFLICT (link_id) DO NOTHING
        """;

    private readonly ApiWorld _world;

    /// <summary>A key of each member's own.</summary>
    private readonly Dictionary<string, KeyId> _keys = [];

    /// <summary>Keys and tokens, by caller and organization.</summary>
    private readonly Dictionary<(string Caller, OrganizationId Organization), string> _secrets = [];

    private readonly Dictionary<string, UserId> _members = [];

    private AccessCallers(ApiWorld world) => _world = world;

    public static IReadOnlyList<string> Names { get; } =
    [
        "none", "expired", "revoked", "checksum", "cpk", "csb-read", "csb-edit", "csb-mgr", "csu", "token", "scopeless",
        "owner", "manager", "editor", "billing", "outsider", "operator", "op-read",
    ];

    public static async Task<AccessCallers> Make(ApiWorld world)
    {
        var (server, made) = (world.Server, new AccessCallers(world));
        var past = new Instant(Instant.Of(server.Clock.Now).Micros - 1);
        OrganizationId[] both = [world.Advertiser, world.Retailer];
        foreach (var organization in both)
        {
            var revoked = await server.NewKey(organization);
            await Revoke(server, revoked);
            var good = await server.NewKey(organization);
            made.Add(organization, "expired", await server.NewKey(organization, expires: past));
            made.Add(organization, "revoked", revoked);
            made.Add(organization, "checksum", good[..^1] + (good[^1] == '0' ? '1' : '0'));
            made.Add(organization, "cpk", await server.NewKey(organization, KeyKind.Cpk));
            made.Add(organization, "csb-read", await server.NewKey(organization, role: Role.Readonly));
            made.Add(organization, "csb-edit", await server.NewKey(organization, role: Role.Editor));
            made.Add(organization, "csb-mgr", good);
            made.Add(organization, "token", await server.NewToken(organization, Role.Manager, Scopes.All));
            made.Add(organization, "scopeless", await server.NewToken(organization, Role.Manager, Scopes.EventsWrite));
            made.Add(organization, "outsider", world.OutsiderKey);
            made.Add(organization, "operator", world.OperatorKey);
            made.Add(organization, "op-read", await server.NewKey(world.Operator, role: Role.Readonly));
        }

        foreach (var role in MemberRoles)
        {
            var user = await server.NewUser([.. both.Select(one => (one, role))]);
            made._members[RoleWords.Of(role)] = user;
            (made._keys[RoleWords.Of(role)], _) = await NewUserKey(server, user);
        }

        var (_, csu) = await NewUserKey(server, made._members["owner"]);
        Array.ForEach(both, organization => made.Add(organization, "csu", csu));
        return made;
    }

    /// <summary>
    /// What a path names has to be there, though another caller may have ended it: the member and the invitation.
    /// </summary>
    public Task Refill() => _world.Server.Database.Write(
        async connection =>
        {
            await connection.Execute(
                Member,
                CancellationToken.None,
                ("org", _world.Advertiser),
                ("user", Parse<UserId>(_world.Ids["user_id"])),
                ("now", Instant.Of(_world.Server.Clock.Now)));
            await connection.Execute(
                Invitation,
                CancellationToken.None,
                ("link", Parse<LinkId>(_world.Ids["link_id"])),
                ("hash", CredentialFormat.Hash(CredentialFormat.Create(CredentialFormat.Link))),
                ("org", _world.Advertiser),
                ("now", Instant.Of(_world.Server.Clock.Now)));
        },
        CancellationToken.None);

    /// <summary>
    /// A browser that has just signed in, for what is asked may sign it out; null when the caller is no member. Its
    /// own session and key are what a path means by those of "me".
    /// </summary>
    public async Task<(SignedInBrowser Browser, string Session, string Key)?> Browser(string caller)
    {
        if (!_members.TryGetValue(caller, out var user))
        {
            return null;
        }

        var browser = await _world.Server.NewSession(user);
        return (browser, browser.SessionId.ToString(), _keys[caller].ToString());
    }

    /// <summary>Signs a request as a caller that is no member.</summary>
    public void Sign(HttpRequestMessage request, string caller, OrganizationId organization)
    {
        if (caller is "token" or "scopeless")
        {
            request.Headers.Add("Authorization", $"Bearer {_secrets[(caller, organization)]}");
        }
        else if (caller != "none")
        {
            request.Headers.Add(CredentialHandler.Header, _secrets[(caller, organization)]);
        }
    }

    private static Task Revoke(TestServer server, string key) => server.Database.Write(
        connection => connection.Execute(
            "UPDATE api_key SET is_active = FALSE WHERE hash = @hash",
            CancellationToken.None,
            ("hash", CredentialFormat.Hash(key))),
        CancellationToken.None);

    private static TId Parse<TId>(string text)
        where TId : struct, IId<TId> => TId.TryParse(text, out var id) ? id : throw new FormatException(text);

    private static async Task<(KeyId Id, string Key)> NewUserKey(TestServer server, UserId user)
    {
        var id = new KeyId(Guid.CreateVersion7(server.Clock.Now));
        var key = ApiKeyFormat.Create(KeyKind.Csu);
        await server.Database.Write(
            connection => connection.Execute(
                """
                INSERT INTO api_key (key_id, org_id, user_id, kind, role, name, hash, is_active, expires_at, last_used,
                                     rate_limit_per_minute, rate_limit_per_day, created_at)
                VALUES (@key, NULL, @user, 'csu', 'manager', 'test', @hash, TRUE, NULL, NULL, 1000000, 10000000, @now)
                """,
                CancellationToken.None,
                ("key", id),
                ("user", user),
                ("hash", CredentialFormat.Hash(key)),
                ("now", Instant.Of(server.Clock.Now))),
            CancellationToken.None);
        return (id, key);
    }

    private void Add(OrganizationId organization, string caller, string secret) =>
        _secrets[(caller, organization)] = secret;
}
