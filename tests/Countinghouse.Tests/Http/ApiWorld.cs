using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Countinghouse.Ingest;
using Countinghouse.Access;
using Countinghouse.Accounts;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.Http;

/// <summary>One method at one address, with what its route says of it.</summary>
public sealed record Operation(HttpMethod Method, string Pattern, EndpointMetadataCollection Metadata)
{
    public Permission? Permission => Metadata.GetMetadata<RequiredPermission>()?.Permission;

    /// <summary>For people who are signed in with a browser, and for no key.</summary>
    public bool NeedsSession => Metadata.GetMetadata<RequiredSession>() is not null;

    /// <summary>People come to it without a good credential, so that none is looked at.</summary>
    public bool IsForAnybody => Metadata.GetMetadata<ForgivesBadCredential>() is not null;

    public Type? Body => Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;

    public bool IsStrict => Metadata.GetMetadata<StrictInput>() is not null;

    public IReadOnlyList<QueryParameter> Query => Metadata.GetOrderedMetadata<QueryParameter>();

    public IReadOnlyList<string> Parameters =>
        [.. Pattern.Split('/').Where(part => part.StartsWith('{')).Select(part => part.Trim('{', '}'))];

    /// <summary>With OAuth's manners instead of ours.</summary>
    public bool IsOAuth => Pattern.StartsWith(HttpOptions.OAuthPath + "/", StringComparison.Ordinal);

    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>A server with one of everything, and the list of all it can be asked.</summary>
public abstract class ApiWorld(Engine engine) : IAsyncLifetime
{
    private TestServer? _server;
    private Browser? _operator;

    public TestServer Server => _server ?? throw new InvalidOperationException("The server did not start.");

    public OrganizationId Advertiser { get; private set; }

    public OrganizationId Retailer { get; private set; }

    public OrganizationId Operator { get; private set; }

    public string OperatorKey { get; private set; } = "";

    public string OutsiderKey { get; private set; } = "";

    public Dictionary<string, string> Ids { get; } = [];

    /// <summary>Everything under the base path but its description.</summary>
    public IReadOnlyList<Operation> Operations { get; private set; } = [];

    public async Task InitializeAsync()
    {
        // The clock stands still, so that a session's minute never ends.
        _server = await TestServer.Start(engine, configure: builder =>
        {
            builder.Configuration["RateLimits:KeyPerMinute"] = "1000000";
            builder.Configuration["RateLimits:KeyPerDay"] = "10000000";
        });
        Operations = [.. FindOperations().Where(operation => operation.Pattern.StartsWith(HttpOptions.BasePath + "/"))
            .Where(operation => operation.Pattern != HttpOptions.BasePath + "/openapi.json")];
        Advertiser = await Server.NewOrganization("Advertiser");
        Retailer = await Server.NewOrganization("Retailer");
        Operator = await Server.NewOrganization("Operator", isOperator: true);
        OperatorKey = await Server.NewKey(Operator);
        _operator = await Server.NewBrowser(Operator);
        OutsiderKey = await Server.NewKey(await Server.NewOrganization("Outsider"));
        await Fill();
        await FillPeople();
    }

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    /// <summary>All routes of the program, those outside the base path too.</summary>
    public IEnumerable<Operation> FindOperations() =>
        from endpoint in Server.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where !endpoint.RoutePattern.RawText!.TrimStart('/').StartsWith("console") // pages are no operations
        let methods = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods ?? []
        from method in methods
        where !endpoint.Metadata.OfType<IHttpMethodMetadata>().Any(m => m.AcceptCorsPreflight && method == "OPTIONS")
        select new Operation(
            new HttpMethod(method), "/" + endpoint.RoutePattern.RawText!.Trim('/'), endpoint.Metadata);

    /// <summary>The organization that an operation's path names here.</summary>
    public OrganizationId OrganizationOf(Operation operation) =>
        operation.Pattern.Contains("/revenue-share/") || operation.Pattern.Contains("/payout")
        || operation.Parameters.Contains("location_id")
            ? Retailer
            : Advertiser;

    /// <summary>An address at which the operation finds everything, with some ids replaced.</summary>
    public string PathOf(Operation operation, params (string Parameter, string Value)[] others)
    {
        var path = operation.Pattern;
        foreach (var parameter in operation.Parameters)
        {
            var known = parameter == "organization_id"
                ? OrganizationOf(operation).ToString()
                : Ids.GetValueOrDefault(operation.NeedsSession ? "own_" + parameter : parameter)
                    ?? Ids.GetValueOrDefault(parameter, Advertiser.ToString());
            var value = others.FirstOrDefault(other => other.Parameter == parameter).Value ?? known;
            path = path.Replace("{" + parameter + "}", Uri.EscapeDataString(value), StringComparison.Ordinal);
        }

        return path;
    }

    /// <summary>Puts a key on a request; where a person is needed, the operator is one who is signed in.</summary>
    public void Authenticate(HttpRequestMessage request, string key)
    {
        var path = request.RequestUri!.AbsolutePath;
        if (key == OperatorKey && Operations.Any(operation => operation.NeedsSession
            && operation.Method == request.Method && IsAt(operation, path)))
        {
            _operator!.Authenticate(request);
        }
        else
        {
            request.Headers.Add(CredentialHandler.Header, key);
        }
    }

    /// <summary>Asks as the operator.</summary>
    public Task<Answer> Get(Operation operation)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(Server.Origin, PathOf(operation)));
        Authenticate(request, OperatorKey);
        return Server.Send(request);
    }

    /// <summary>A body that has every member of a request type, each with a value that fits.</summary>
    public JsonObject BodyOf(Type type) => (JsonObject)Sample(type, "");

    /// <summary>The members of a request type as they go over the wire.</summary>
    public static IReadOnlyList<JsonPropertyInfo> MembersOf(Type type) =>
        [.. WireJson.Options.GetTypeInfo(type).Properties];

    private static bool IsAt(Operation operation, string path)
    {
        var (pattern, parts) = (operation.Pattern.Split('/'), path.Split('/'));
        return pattern.Length == parts.Length
            && pattern.Zip(parts).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'));
    }

    private JsonNode Sample(Type type, string member)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return WireJson.Options.GetTypeInfo(type) switch
        {
            { Kind: JsonTypeInfoKind.Object } found => new JsonObject(found.Properties.Select(part =>
                KeyValuePair.Create(part.Name, (JsonNode?)Sample(part.PropertyType, part.Name)))),
            { Kind: JsonTypeInfoKind.Enumerable, ElementType: { } item } =>
                new JsonArray(Sample(item, member.TrimEnd('s') + "_id")),
            { Kind: JsonTypeInfoKind.Dictionary } => new JsonObject { ["note"] = "text" },
            _ => JsonValue.Create(SampleText(type, member)) is var text && type == typeof(int) ? JsonValue.Create(1)
                : type == typeof(bool) ? JsonValue.Create(false) : text,
        };
    }

    private string SampleText(Type type, string member) =>
        type.IsEnum ? JsonNamingPolicy.SnakeCaseLower.ConvertName(Enum.GetNames(type)[0])
        : type == typeof(UtcDay) ? "2026-08-20"
        : type == typeof(Period) ? "2026-12"
        : type == typeof(Instant) ? "2026-08-15T11:00:00Z"
        : type == typeof(Money) || type == typeof(Bid) ? "1.00"
        : type == typeof(FeeRate) ? "0.10"
        : type == typeof(MailAddress) ? "kim@example.com"
        : member == "fingerprint" ? new string('a', 64)
        : type == typeof(EventId) ? ShortUuid.Format(NamedId.Create("test/event"))
        : type.GetInterfaces().Contains(typeof(IId)) ? Ids.GetValueOrDefault(member, Advertiser.ToString())
        : "text";

    private async Task Fill()
    {
        var retailer = $"organizations/{Retailer}";
        Ids["location_id"] = await Post($"{retailer}/locations", new { name = "Shop" }, "location_id");
        Ids["offer_id"] = await Post(
            $"{retailer}/offers", new { name = "Tea", location_id = Ids["location_id"] }, "offer_id");
        Ids["campaign_id"] = await Post(
            $"organizations/{Advertiser}/campaigns",
            new { name = "Tea", pricing = "cpc", bid = "0.25", budget = "100.00", offers = new[] { Ids["offer_id"] } },
            "campaign_id");
        await Post($"campaigns/{Ids["campaign_id"]}/activate", null, "campaign_id");
        Ids["event_id"] = await Post(
            "ads/click", new { campaign_id = Ids["campaign_id"], offer_id = Ids["offer_id"] }, "event_id");
        var verification = new VerificationId(NamedId.Create("test/verification"));
        await Server.Get<Verifications>().Run(verification, "test", _ => { }, CancellationToken.None);
        Ids["verification_id"] = verification.ToString();

        var key = new { kind = "cpk", role = "readonly", name = "Shop" };
        Ids["key_id"] = await Post($"organizations/{Advertiser}/api-keys", key, "key_id");
        var client = new { name = "Sync", role = "editor", scopes = new[] { "advertising:read" } };
        Ids["client_id"] = await Post($"organizations/{Advertiser}/oauth-clients", client, "client_id");

        var share = new ShareId(NamedId.Create("test/share"));
        Ids["share_id"] = share.ToString();
        foreach (var row in new[] { TestRows.RevenueShare, TestRows.RevenueShareLine })
        {
            await Server.Database.Write(
                row.With(("org_id", Retailer), ("share_id", share)).Insert, CancellationToken.None);
        }

        Ids["run_id"] = TestRows.Run.ToString();
        Ids["payout_id"] = TestRows.Payout.ToString();
        Ids["difference_id"] = TestRows.Difference.ToString();
        foreach (var row in TestRows.PayoutsOf9().Where(row => row.Table is not ("payout_halt" or "payout_attempt")))
        {
            var own = row.Columns.ContainsKey("share_id") ? row.With(("share_id", share)) : row;
            await Server.Database.Write(
                (own.Columns.TryGetValue("org_id", out var org) && org is not null
                    ? own.With(("org_id", Retailer))
                    : own).Insert,
                CancellationToken.None);
        }
    }

    private async Task FillPeople()
    {
        var email = await Server.NewPerson(Advertiser);
        Ids["user_id"] = await Server.UserId(email);
        Ids["link_id"] = await Post(
            $"organizations/{Advertiser}/invitations", new { email = People.NewEmail(), role = "editor" }, "link_id");
        var own = await _operator!.Post("users/me/api-keys", new { role = "readonly", name = "Laptop" });
        Ids["own_key_id"] = own.Json.GetProperty("key_id").GetString()!;
        var sessions = await _operator!.Get("users/me/sessions");
        Ids["session_id"] = sessions.Json.GetProperty("data")[0].GetProperty("session_id").GetString()!;
    }

    private async Task<string> Post(string path, object? body, string id)
    {
        var answer = await Server.Send(HttpMethod.Post, path, OperatorKey, body);
        Assert.True(answer.Status is 200 or 201, $"{path}: {answer.Status} {answer.Text}\n{Server.Log}");
        return answer.Json.GetProperty(id).GetString()!;
    }
}

public sealed class SqliteWorld() : ApiWorld(Engine.Sqlite);

public sealed class PostgresWorld() : ApiWorld(Engine.Postgres);
