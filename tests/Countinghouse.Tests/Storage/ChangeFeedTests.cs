using System.Diagnostics;
using System.Text.Json;
using Countinghouse.Access;
using Countinghouse.Ingest;
using Countinghouse.Primitives;
using Countinghouse.Support;

namespace Countinghouse.Storage;

/// <summary>
/// Two nodes on one PostgreSQL. Time stands still for the second one, so that nothing it remembers runs out and it
/// looks at nothing a second time: what it learns, it was told.
/// </summary>
public sealed class ChangeFeedTests : IAsyncLifetime
{
    private static readonly TimeSpan Promised = TimeSpan.FromSeconds(5);

    private TestServer _first = null!;
    private TestServer _told = null!;

    public async Task InitializeAsync()
    {
        _first = await TestServer.Start(Engine.Postgres);
        _told = await TestServer.Start(
            Engine.Postgres, new TestClock(isStill: true), shared: _first.Storage);
        await UntilListening(_first, nodes: 2);
    }

    public async Task DisposeAsync()
    {
        await _told.DisposeAsync();
        await _first.DisposeAsync();
    }

    [Fact]
    public async Task A_key_that_is_limited_and_then_revoked_is_so_on_the_other_node_because_it_is_told()
    {
        var (organization, manager, id, key) = await NewKey();
        var path = $"organizations/{organization}";
        Assert.Equal("300", (await Get(_told, path, key)).Headers["X-RateLimit-Limit"]);

        await Change(HttpMethod.Patch, $"{path}/api-keys/{id}", manager, new { rate_limit_per_minute = 77 });
        await Until(async () => (await Get(_told, path, key)).Headers["X-RateLimit-Limit"] == "77");

        await Change(HttpMethod.Post, $"{path}/api-keys/{id}/revoke", manager);
        await Until(async () => (await Get(_told, path, key)).Status == 401);
    }

    [Fact]
    public async Task A_node_that_hears_nothing_and_has_no_time_believes_what_it_knows()
    {
        // Without this the test above would say nothing: something else than the telling might be at work.
        var (organization, manager, id, key) = await NewKey();
        var path = $"organizations/{organization}";
        Assert.Equal(200, (await Get(_told, path, key)).Status);
        await EndSessions(_first);
        await UntilListening(_first, nodes: 1);

        await Change(HttpMethod.Post, $"{path}/api-keys/{id}/revoke", manager);

        Assert.Equal(401, (await Get(_first, path, key)).Status);
        await Task.Delay(TimeSpan.FromSeconds(1));
        Assert.Equal(200, (await Get(_told, path, key)).Status);
    }

    [Fact]
    public async Task Another_role_holds_on_the_other_node_because_it_is_told()
    {
        var organization = await _first.NewOrganization("Members");
        var user = await _first.NewUser((organization, Role.Manager));
        var session = await _first.NewSession(user);
        Task<Answer> Members() => _told.Send(Signed(
            _told, HttpMethod.Get, $"organizations/{organization}/members", session));
        Assert.Equal(200, (await Members()).Status);
        var owner = await _first.NewSession(await _first.NewUser((organization, Role.Owner)));
        var demotion = Signed(_first, HttpMethod.Patch, $"organizations/{organization}/members/{user}", owner);
        demotion.Content = new StringContent("""{"role":"editor"}""", null, "application/json");

        Assert.Equal(200, (await _first.Send(demotion)).Status);

        await Until(async () => (await Members()).Status == 403);
    }

    [Fact]
    public async Task A_paused_campaign_is_paused_in_the_other_node_s_reports_because_it_is_told()
    {
        var market = await Market.Open(_first);
        var campaign = await market.NewCampaign();
        async Task<string> Status() => (await _told.GetJson(
                $"reporting/organizations/{market.Advertiser}/campaigns/overview", market.AdvertiserKey))
            .GetProperty("data")[0].GetProperty("status").GetString()!;
        Assert.Equal("active", await Status());
        Assert.Equal("active", await Status());

        await market.Post($"campaigns/{campaign}/pause", market.AdvertiserKey);

        await Until(async () => await Status() == "paused");
    }

    [Fact]
    public async Task Traffic_lists_are_loaded_on_the_other_node_because_it_is_told()
    {
        var before = _told.Get<TrafficLists>().Current.Version;

        await _first.Get<TrafficListStore>().Replace(
            default, TrafficList.Agent, ["nobody-else"], CancellationToken.None);

        await Until(() => Task.FromResult(_told.Get<TrafficLists>().Current.Version == before + 1));
    }

    [Fact]
    public async Task A_node_whose_listening_was_cut_off_follows_within_five_seconds_and_listens_again()
    {
        await using var cut = await TestServer.Start(Engine.Postgres, shared: _first.Storage);
        await UntilListening(_first, nodes: 3);
        var (organization, manager, id, key) = await NewKey();
        var path = $"organizations/{organization}";
        Assert.Equal(200, (await Get(cut, path, key)).Status);

        await EndSessions(_first);
        await Change(HttpMethod.Post, $"{path}/api-keys/{id}/revoke", manager);
        var since = Stopwatch.StartNew();
        while ((await Get(cut, path, key)).Status != 401)
        {
            Assert.True(since.Elapsed < Promised, "The other node still takes the revoked key.");
            await Task.Delay(50);
        }

        // All but the one without time.
        await UntilListening(_first, nodes: 2);
    }

    private async Task<(OrganizationId Organization, string Manager, string Id, string Key)> NewKey()
    {
        var organization = await _first.NewOrganization("Keys");
        var manager = await _first.NewKey(organization);
        var made = await Change(
            HttpMethod.Post,
            $"organizations/{organization}/api-keys",
            manager,
            new { name = "Told", kind = "csb", role = "readonly" });
        return (organization, manager, made.GetProperty("key_id").GetString()!, made.GetProperty("key").GetString()!);
    }

    private async Task<JsonElement> Change(HttpMethod method, string path, string key, object? body = null)
    {
        var answer = await _first.Send(method, path, key, body);
        Assert.True(answer.Status is 200 or 201, $"{method} {path}: {answer.Status} {answer.Text}");
        return answer.Json;
    }

    private static Task<Answer> Get(TestServer server, string path, string key) =>
        server.Send(HttpMethod.Get, path, key);

    private static HttpRequestMessage Signed(
        TestServer server, HttpMethod method, string path, SignedInBrowser session)
    {
        var request = new HttpRequestMessage(method, new Uri(server.Client.BaseAddress!, path));
        session.Sign(request);
        return request;
    }

    private static async Task Until(Func<Task<bool>> isSo)
    {
        // Generous, for a busy machine: told or not told, and nothing in between, is what is tested.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await isSo())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static Task UntilListening(TestServer server, int nodes) => Until(async () => nodes == await server.Database
        .Read(
            connection => connection.Number(
                """
                SELECT count(*) FROM pg_stat_activity
                WHERE datname = current_database() AND application_name = 'countinghouse node'
                  AND query LIKE '%pg_try_advisory_lock%'
                """,
                CancellationToken.None),
            CancellationToken.None));

    /// <summary>As a restart of the server or a broken network would.</summary>
    private static Task EndSessions(TestServer server) => server.Database.Read(
        connection => connection.Number(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND application_name = 'countinghouse node'
            """,
            CancellationToken.None),
        CancellationToken.None);
}
