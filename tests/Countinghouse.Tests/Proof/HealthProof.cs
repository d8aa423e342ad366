using System.Net;
using Countinghouse.Storage;

namespace Countinghouse.Proof;

/// <summary>What a node says of itself while its database really goes and comes, and while it stops.</summary>
[Collection(ProofCollection.Name)]
public sealed class HealthProof
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_node_is_not_ready_while_PostgreSQL_is_gone_answers_503_and_recovers_by_itself()
    {
        await using var server = await ProofPostgres.Create();
        await using var world = await ProofWorld.Open(Engine.Postgres, nodes: 1, server: server.Connection);
        var campaign = await world.NewCampaign("cpc", 0.10m, 100m);
        var node = world.Nodes[0];
        using var client = new HttpClient { BaseAddress = node.Origin };
        client.DefaultRequestHeaders.Add("X-API-Key", world.Key);
        string[] paths =
        [
            $"/advertising/api/v1/campaigns/{campaign}",
            $"/advertising/api/v1/reporting/organizations/{world.Advertiser}/campaigns/overview",
            $"/advertising/api/v1/organizations/{world.Advertiser}/members",
        ];
        Assert.Equal(200, await Status("/health/ready"));
        foreach (var path in paths)
        {
            Assert.Equal(200, await Status(path));
        }

        await server.StopImmediately();

        // What the node remembers for a moment (keys, reports) may be good for answers at first; later nothing is.
        string[] asked = ["/health/ready", "/health/live", .. paths];
        var soon = await All();
        await Task.Delay(TimeSpan.FromSeconds(3.5));
        var later = await All();
        await server.Start();
        Assert.Equal([503, 200], soon[..2]);
        Assert.All(soon[2..], status => Assert.True(status is 200 or 503, $"{status} without a database"));
        Assert.Equal([503, 200, 503, 503, 503], later);

        using var patience = new CancellationTokenSource(Patience);
        while (await Status("/health/ready") != 200)
        {
            await Task.Delay(50, patience.Token);
        }

        // Connections that broke are found out one by one; each of them may cost one more 503.
        foreach (var path in paths)
        {
            while (await Status(path) is var status && status != 200)
            {
                Assert.Equal(503, status);
                await Task.Delay(50, patience.Token);
            }
        }

        Assert.Equal(1, node.Lives);

        async Task<int[]> All()
        {
            var all = new List<int>();
            foreach (var path in asked)
            {
                all.Add(await Status(path));
            }

            return [.. all];
        }

        async Task<int> Status(string path)
        {
            using var answer = await client.GetAsync(path);
            Assert.True(
                answer.StatusCode != HttpStatusCode.ServiceUnavailable || answer.Headers.RetryAfter is not null,
                $"{path}: 503 without Retry-After");
            return (int)answer.StatusCode;
        }
    }

    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task A_node_that_is_asked_to_stop_says_so_first_and_goes_on_answering_for_a_while(Engine engine)
    {
        await using var world = await ProofWorld.Open(engine, (_, _) => [("Http__DrainSeconds", "3")], nodes: 1);
        var node = world.Nodes[0];
        using var client = new HttpClient { BaseAddress = node.Origin };
        client.DefaultRequestHeaders.Add("X-API-Key", world.Key);
        using (var before = await client.GetAsync("/health/ready"))
        {
            Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        }

        var stopping = node.Stop();

        var isTurnedAway = false;
        using var patience = new CancellationTokenSource(Patience);
        while (!isTurnedAway)
        {
            using var ready = await client.GetAsync("/health/ready", patience.Token);
            isTurnedAway = ready.StatusCode == HttpStatusCode.ServiceUnavailable;
            Assert.True(!isTurnedAway || ready.Headers.RetryAfter is not null);
        }

        using (var after = await client.GetAsync(
            $"/advertising/api/v1/organizations/{world.Advertiser}/members", patience.Token))
        {
            Assert.Equal(HttpStatusCode.OK, after.StatusCode);
        }

        Assert.False(stopping.IsCompleted);
        await stopping;
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("/health/live"));
    }

    [Fact]
    public async Task A_job_goes_on_to_another_node_when_the_process_that_held_it_is_killed()
    {
        await using var world = await ProofWorld.Open(Engine.Postgres, nodes: 2);
        var before = await UntilHeldByOthersThan([]);

        // kill -9 of the one that came first, which has them all: it says nothing to anybody.
        await world.Nodes[0].KillAndWait();

        await UntilHeldByOthersThan(before);
        await world.Nodes[0].UntilReady();

        // The sessions that hold the locks of all jobs, once they are held.
        async Task<HashSet<long>> UntilHeldByOthersThan(HashSet<long> former)
        {
            using var patience = new CancellationTokenSource(Patience);
            while (true)
            {
                var holders = new HashSet<long>();
                var held = 0;
                await world.Database.Query(
                    """
                    SELECT l.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                    WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
                      AND a.application_name = 'countinghouse node'
                    """,
                    row =>
                    {
                        holders.Add(row.GetInt32(0));
                        held++;
                    });
                if (held == NodesExperiments.Jobs.Length && (former.Count == 0 || !holders.SetEquals(former)))
                {
                    return holders;
                }

                await Task.Delay(50, patience.Token);
            }
        }
    }
}
