using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.Access;

/// <summary>The callers of access-matrix.txt, each with a credential for both of the world's organizations.</summary>
internal sealed class AccessCallers
{
    private static readonly Role[] MemberRoles = [Role.Owner, Role.Manager, Role.Editor, Role.Billing];

    private readonly ApiWorld _world;

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
            made._members[RoleWords.Of(role)] = await server.NewUser([.. both.Select(one => (one, role))]);
        }

        var csu = await NewUserKey(server, made._members["owner"]);
        Array.ForEach(both, organization => made.Add(organization, "csu", csu));
        return made;
    }

    /// <summary>Signs a request as the caller; a browser has just signed in, for it may be signed out by this.</summary>
    public async Task Sign(HttpRequestMessage request, string caller, OrganizationId organization)
    {
        if (_members.TryGetValue(caller, out var user))
        {
            (await _world.Server.NewSession(user)).Sign(request);
        }
        else if (caller is "token" or "scopeless")
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

    private static async Task<string> NewUserKey(TestServer server, UserId user)
    {
        var key = ApiKeyFormat.Create(KeyKind.Csu);
        await server.Database.Write(
            connection => connection.Execute(
                """
                INSERT INTO api_key (key_id, org_id, user_id, kind, role, name, hash, is_active, expires_at, last_used,
                                     rate_limit_per_minute, rate_limit_per_day, created_at)
                VALUES (@key, NULL, @user, 'csu', 'manager', 'test', @hash, TRUE, NULL, NULL, 1000000, 10000000, @now)
                """,
                CancellationToken.None,
                ("key", new KeyId(Guid.CreateVersion7(server.Clock.Now))),
                ("user", user),
                ("hash", CredentialFormat.Hash(key)),
                ("now", Instant.Of(server.Clock.Now))),
            CancellationToken.None);
        return key;
    }

    private void Add(OrganizationId organization, string caller, string secret) =>
        _secrets[(caller, organization)] = secret;
}
