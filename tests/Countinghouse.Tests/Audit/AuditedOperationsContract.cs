using System.Text.Json;
using System.Text.Json.Nodes;
using Countinghouse.Access;
using Countinghouse.Accounts;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Routing;

namespace Countinghouse.Audit;

/// <summary>
/// Asks every operation that is not a GET for something good, and looks whether what it changed is in the trail: with
/// who did it, the credential and the request. An operation that is new and leaves no entry fails here.
/// </summary>
public abstract class AuditedOperationsContract(ApiWorld world)
{
    private const string Prefix = "apps_advertising_api_";

    /// <summary>Operations that leave no entry, and why.</summary>
    private static readonly Dictionary<string, string> Unaudited = new()
    {
        ["ads_record_click"] = "the journal is the trail of events",
        ["ads_record_impressions"] = "the journal is the trail of events",
        ["sessions_ask_password_reset"] = "it is answered before anything is looked at; the link that follows has one",
    };

    /// <summary>Tables whose rows are no change that anybody made: counts, stored answers, the trail itself.</summary>
    private static readonly string[] Bookkeeping =
        ["audit_entry", "audit_head", "rate_window", "idempotent_answer", "system_secret", "data_protection_key"];

    private readonly List<string> _faults = [];

    [Fact]
    public async Task Every_operation_that_changes_something_leaves_an_entry()
    {
        var requests = new GoodRequests(world);
        await requests.Prepare();
        var writes = world.Operations
            .Where(operation => operation.Method != HttpMethod.Get && operation.Method != HttpMethod.Head)
            .ToDictionary(Name, operation => operation);

        // Those without a request made by hand are asked first, in the world as it was made.
        foreach (var name in writes.Keys.Except(requests.ByName.Keys)
            .Except(new GoodAccessRequests(world).ByName.Keys).Except(Unaudited.Keys))
        {
            await Ask(name, writes[name], new GoodRequest());
        }

        foreach (var (name, make) in requests.ByName.Concat(new GoodAccessRequests(world).ByName))
        {
            if (writes.TryGetValue(name, out var operation))
            {
                await Ask(name, operation, await make());
            }
            else
            {
                _faults.Add($"{name} is no operation; it is in the list of this test.");
            }
        }

        Assert.True(_faults.Count == 0, $"{_faults.Count} faults\n{string.Join('\n', _faults)}\n{world.Server.Log}");
    }

    private async Task Ask(string name, Operation operation, GoodRequest request)
    {
        var id = $"trail-{name}";
        var before = await Contents();
        var message = new HttpRequestMessage(
            operation.Method, new Uri(world.Server.Origin, world.PathOf(operation, request.Ids)));
        message.Headers.Add(RequestIds.Header, id);
        var expected = await Sign(message, request, id);
        if ((request.Body ?? (operation.Body is { } type ? world.BodyOf(type) : null)) is { } body)
        {
            message.Content = ApiWalk.Json(body.ToJsonString());
        }

        var answer = await world.Server.Send(message);
        var after = await Contents();
        var changed = after.Except(before).Select(table => table.Key).ToList();
        var entries = await Entries(id);
        if (answer.Status is < 200 or > 299)
        {
            _faults.Add($"{name}: not a good request: {answer.Status} {answer.Text}");
        }
        else if (changed.Count == 0)
        {
            _faults.Add($"{name}: not a good request: it changed nothing. {answer.Text}");
        }
        else if (entries.Count == 0)
        {
            _faults.Add($"{name}: changed {string.Join(", ", changed)}, and there is no entry of it.");
        }
        else if (entries.Any(entry => !IsBy(entry.By, expected)))
        {
            _faults.Add($"{name}: {string.Join(", ", entries.Select(entry => entry.By))}");
        }
        else if (entries.Any(entry => !entry.Hash.SequenceEqual(entry.ExpectedHash())))
        {
            _faults.Add($"{name}: its entry has another hash.");
        }
    }

    /// <summary>Puts the request's credential on it; returns whom the trail has to name.</summary>
    private async Task<Acting> Sign(HttpRequestMessage message, GoodRequest request, string id)
    {
        if (request.IsAnonymous)
        {
            return new Acting("", "", id);
        }

        if (request.Browser is not { } browser)
        {
            message.Headers.Add(CredentialHandler.Header, world.OperatorKey);
            return new Acting(await Caller(), await Caller(), id);
        }

        browser.Authenticate(message);
        var who = (await browser.Get("whoami")).Json;
        var session = who.GetProperty("credential_id").GetString();
        return new Acting(who.GetProperty("actor").GetString()!, $"session:{session}", id);
    }

    /// <summary>Somebody who comes without a credential becomes somebody by what they do.</summary>
    private static bool IsBy(Acting acting, Acting expected) => expected.Actor.Length > 0
        ? acting == expected
        : acting.RequestId == expected.RequestId && acting.Actor.StartsWith("user:", StringComparison.Ordinal);

    /// <summary>All tables; of keys without when they were used last, which is no change.</summary>
    private async Task<SortedDictionary<string, string>> Contents()
    {
        var contents = await world.Server.Database.Contents([.. Bookkeeping, "api_key"]);
        var keys = await world.Server.Database.Read(
            connection => connection.Query(
                "SELECT key_id, name, is_active, expires_at FROM api_key ORDER BY key_id",
                row => $"{row[0]} {row[1]} {row[2]} {row[3]}",
                CancellationToken.None),
            CancellationToken.None);
        contents["api_key"] = string.Join('\n', keys);
        return contents;
    }

    private async Task<string> Caller() => "key:" + (await world.Server.Database.Read(
        connection => connection.Query(
            "SELECT key_id FROM api_key WHERE hash = @hash",
            row => row.Id<KeyId>(0).ToString(),
            CancellationToken.None,
            ("hash", CredentialFormat.Hash(world.OperatorKey))),
        CancellationToken.None))[0];

    private Task<List<AuditEntry>> Entries(string request) => world.Server.Database.Read(
        connection => connection.Query(
            AuditEntries.Columns + " WHERE request_id = @request",
            AuditEntries.Read,
            CancellationToken.None,
            ("request", request)),
        CancellationToken.None);

    private static string Name(Operation operation) =>
        operation.Metadata.GetMetadata<IEndpointNameMetadata>()!.EndpointName
            .Replace(Prefix, "", StringComparison.Ordinal);
}

/// <summary>What to send: the world's own ids and a body of samples, but for what is named here.</summary>
public sealed record GoodRequest(JsonObject? Body = null, params (string Parameter, string Value)[] Ids)
{
    /// <summary>Who asks; null: the operator's key.</summary>
    public Browser? Browser { get; init; }

    /// <summary>Nobody's credential is needed.</summary>
    public bool IsAnonymous { get; init; }
}

/// <summary>
/// Requests that bring an operation to do something, in an order in which each finds what it needs. An operation that
/// the world's samples serve as they are needs none.
/// </summary>
public sealed class GoodRequests
{
    private readonly ApiWorld _world;
    private string _event = "";
    private string _second = "";

    public GoodRequests(ApiWorld world)
    {
        _world = world;
        ByName = new OrderedDictionary<string, Func<Task<GoodRequest>>>
        {
            ["catalog_create_offer"] = () => OfRetailer(null),
            ["catalog_create_offers"] = () => OfRetailer(null),
            ["adjustments_credit_days"] = () => With(new
            {
                start_date = "2026-08-15",
                end_date = "2026-08-15",
                fraction = "0.1",
                reason = "Test",
            }),
            ["adjustments_correct_amount"] = () => With(new
            {
                amount = "-0.01",
                date = "2026-08-15",
                location_id = _world.Ids["location_id"],
                reason = "Test",
            }),
            ["adjustments_credit_event"] = () => With(new { event_id = _event, reason = "Test" }),
            ["campaigns_change_campaign"] = () => With(new { name = "Other", metadata = new { note = "text" } }),
            ["campaigns_replace_offers"] = () => With(new { offers = Array.Empty<string>() }),
            ["campaigns_pause_campaign"] = () => With(null),
            ["campaigns_activate_campaign"] = () => With(null),
            ["campaigns_complete_campaign"] = () => With(null),
            ["campaigns_archive_campaign"] = () => With(null),
            ["revenue_share_approve_revenue_share"] = () => With(null),
            ["revenue_share_dispute_revenue_share"] = () => With(null),
            ["revenue_share_resolve_revenue_share"] = () => With(null),
            ["revenue_share_approve_revenue_shares"] = Approvals,
            ["payouts_set_account"] = () => With(new { provider = "manual", destination = "DE00 5678" }),
            ["payouts_hold"] = () => With(null),
            ["payouts_release"] = () => With(null),
            ["payouts_preview_run"] = () => With(new { }),
            ["payouts_confirm_run"] = Confirmation,
            ["payouts_cancel_run"] = async () => new GoodRequest(null, ("run_id", (await Preview()).Run)),
            ["payouts_mark_paid"] = async () => Of(await NewPayout("paid"), new { reference = "B-1" }),
            ["payouts_mark_failed"] = async () => Of(await NewPayout("failed"), new { reason = "Test" }),
            ["payouts_mark_returned"] = Returned,
            ["payouts_stop"] = () => With(new { reason = "Test" }),
            ["payouts_cancel_payout"] = async () => Of(await NewPayout("cancelled"), null),
            ["payouts_retry_payout"] = Refused,
            ["payouts_resume"] = () => With(null),
            ["settlements_close_period"] = Close,

            // After the close: it finds that the world's payouts are in no ledger.
            ["verifications_start_verification"] = () => With(null),
        };
    }

    public IReadOnlyDictionary<string, Func<Task<GoodRequest>>> ByName { get; }

    public async Task Prepare()
    {
        var platform = await _world.Server.NewOrganization("Second", isOperator: true);
        _second = await _world.Server.NewKey(platform);
        for (var click = 0; click < 3; click++)
        {
            var sent = await Post("ads/click", new
            {
                campaign_id = _world.Ids["campaign_id"],
                offer_id = _world.Ids["offer_id"],
                client = new { ip = Market.NewShopper(), user_agent = Market.Browser },
            });
            _event = sent.GetProperty("event_id").GetString()!;
        }
    }

    private static Task<GoodRequest> With(object? body) => Task.FromResult(new GoodRequest(Json(body)));

    private Task<GoodRequest> OfRetailer(object? body) =>
        Task.FromResult(new GoodRequest(Json(body), ("organization_id", _world.Retailer.ToString())));

    private static GoodRequest Of((string Retailer, string Payout) payout, object? body) => new(
        Json(body), ("organization_id", payout.Retailer), ("payout_id", payout.Payout));

    private static JsonObject? Json(object? body) =>
        (JsonObject?)JsonSerializer.SerializeToNode(body, WireJson.Options);

    /// <summary>Of a record that nobody has approved.</summary>
    private async Task<GoodRequest> Approvals()
    {
        var retailer = await _world.Server.NewOrganization("approved");
        var share = new ShareId(NamedId.Create("test/approved"));
        await _world.Server.Database.Write(
            TestRows.RevenueShare.With(("org_id", retailer), ("share_id", share)).Insert, CancellationToken.None);
        var approval = new { organization_id = retailer, share_id = share, revision = 1 };
        return await With(new { approvals = new[] { approval } });
    }

    private async Task<GoodRequest> Confirmation()
    {
        var (run, fingerprint) = await Preview();
        return new GoodRequest(Json(new { fingerprint }), ("run_id", run));
    }

    private async Task<GoodRequest> Returned()
    {
        var payout = await NewPayout("returned");
        await Post($"organizations/{payout.Retailer}/payouts/{payout.Payout}/paid", new { reference = "B-2" });
        return Of(payout, new { amount = "1.00" });
    }

    /// <summary>A payout whose first attempt is not in the provider's list.</summary>
    private async Task<GoodRequest> Refused()
    {
        var payout = await NewPayout("refused");
        await _world.Server.Database.Write(
            TestRows.PayoutsOf9().Single(row => row.Table == "payout_attempt").With(
                ("org_id", Id<OrganizationId>(payout.Retailer)),
                ("payout_id", Id<PayoutId>(payout.Payout)),
                ("idempotency_key", "po_2_a1"),
                ("outcome", "REJECTED")).Insert,
            CancellationToken.None);
        _world.Server.Clock.Now = _world.Server.Clock.Now.AddMinutes(1);
        return Of(payout, null);
    }

    /// <summary>The first month with events, once it is over for 72 hours.</summary>
    private async Task<GoodRequest> Close()
    {
        _world.Server.Clock.Now = new DateTimeOffset(2026, 9, 5, 0, 0, 0, TimeSpan.Zero);
        return await With(new { period = "2026-08" });
    }

    /// <summary>By the second person, so that the first may confirm it.</summary>
    private async Task<(string Run, string Fingerprint)> Preview()
    {
        var run = await Post("payout-runs", new { }, _second);
        return (run.GetProperty("run_id").GetString()!, run.GetProperty("fingerprint").GetString()!);
    }

    /// <summary>
    /// A payout of a retailer of its own through the operator's bank: READY while payouts are stopped, else SENDING.
    /// </summary>
    private async Task<(string Retailer, string Payout)> NewPayout(string name)
    {
        var retailer = await _world.Server.NewOrganization(name);
        await _world.Server.Database.Write(
            TestRows.RevenueShare.With(
                ("org_id", retailer),
                ("share_id", new ShareId(NamedId.Create($"test/{name}"))),
                ("status", "APPROVED"),
                ("event_gross_micro", 100_005_000L),
                ("gross_cents", 10_000L),
                ("fee_cents", 1_500L),
                ("share_cents", 8_500L)).Insert,
            CancellationToken.None);
        var account = await _world.Server.Send(
            HttpMethod.Put,
            $"organizations/{retailer}/payout-account",
            _world.OperatorKey,
            new { provider = "manual", destination = name });
        Assert.Equal(200, account.Status);
        var (run, fingerprint) = await Preview();
        await Post($"payout-runs/{run}/confirm", new { fingerprint });
        var payouts = await _world.Server.GetJson($"organizations/{retailer}/payouts", _world.OperatorKey);
        return (
            retailer.ToString(),
            payouts.GetProperty("data")[0].GetProperty("payout_id").GetString()!);
    }

    private static TId Id<TId>(string text)
        where TId : struct, IId<TId> => TId.TryParse(text, out var id) ? id : throw new ArgumentException(text);

    private async Task<JsonElement> Post(string path, object body, string? key = null)
    {
        var answer = await _world.Server.Send(HttpMethod.Post, path, key ?? _world.OperatorKey, body);
        Assert.True(answer.Status is 200 or 201, $"{path}: {answer.Status} {answer.Text}\n{_world.Server.Log}");
        return answer.Json;
    }
}

public sealed class SqliteAuditedOperations(SqliteWorld world)
    : AuditedOperationsContract(world), IClassFixture<SqliteWorld>;

public sealed class PostgresAuditedOperations(PostgresWorld world)
    : AuditedOperationsContract(world), IClassFixture<PostgresWorld>;
