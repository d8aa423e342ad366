using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;
using Microsoft.AspNetCore.Builder;

namespace Countinghouse.Ingest;

/// <summary>What is known of ids that memory has no room for: nothing is forgotten too early.</summary>
public abstract class IdMemoryContract(Engine engine)
{
    [Fact]
    public async Task Runs_are_dropped_only_when_clock_and_journal_agree_that_they_are_old()
    {
        await using var server = await TestServer.Start(engine, configure: SmallMemory);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        const string id = "9b2f8c1e-3d47-4a55-8c66-0f1e2d3c4b5a";
        await market.Click(campaign, id);
        await Clicks(market, campaign, 6);
        var runs = await Runs(server);
        Assert.NotEqual(0, runs);

        // A node's clock that is wrong by forty days, alone.
        var ahead = Instant.Of(server.Clock.Now.AddDays(40));
        await server.Get<IdRunStore>().DropForgotten(ahead, default);
        Assert.Equal(runs, await Runs(server));
        await market.Click(campaign, id);
        Assert.Equal(7, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());

        server.Clock.Now = server.Clock.Now.AddDays(40);
        await Clicks(market, campaign, 6);
        await server.Get<IdRunStore>().DropForgotten(ahead, default);
        var limit = Instant.Of(server.Clock.Now.AddDays(-39)).Micros;
        Assert.NotEqual(0, await Runs(server));
        Assert.Equal(0, await Number(server, $"SELECT COUNT(*) FROM id_run WHERE last_received_at < {limit}"));
        Assert.Equal(0, await Number(server, """
            SELECT COUNT(*) FROM id_run_block b WHERE NOT EXISTS (
                SELECT 1 FROM id_run r WHERE r.org_id = b.org_id AND r.through_batch = b.through_batch)
            """));
    }

    [Fact]
    public async Task An_older_list_of_runs_takes_no_id_away()
    {
        await using var server = await TestServer.Start(engine, configure: SmallMemory);
        var market = await Market.Open(server);
        var campaign = await market.NewCampaign();
        var ids = await Clicks(market, campaign, 8);
        var known = server.Get<EventWriter>().LaneOf(market.Advertiser).State!.Ids;
        Assert.True(known.RunsThrough > 1);

        known.Use([], known.RunsThrough - 1);

        foreach (var id in ids)
        {
            Assert.Equal(200, (await market.Click(campaign, id)).Status);
        }

        Assert.Equal(8, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task Time_in_a_journal_does_not_go_back_over_a_restart()
    {
        await using var database = await TestDatabase.Create(engine);
        DateTimeOffset now;
        Market market;
        string campaign;
        await using (var server = await TestServer.Start(engine, shared: database, configure: SmallMemory))
        {
            market = await Market.Open(server);
            campaign = await market.NewCampaign();
            now = server.Clock.Now;

            // Two fill memory, so that all of the journal is in a run.
            await Clicks(market, campaign, 2);
            Assert.Equal(2, server.Get<EventWriter>().LaneOf(market.Advertiser).State!.Ids.RunsThrough);
        }

        await using var again = await TestServer.Start(engine, shared: database, configure: SmallMemory);
        again.Clock.Now = now.AddMinutes(-2);
        var answer = await again.Send(
            HttpMethod.Post, "ads/click", market.AdvertiserKey, new { campaign_id = campaign });
        Assert.Equal(200, answer.Status);

        Assert.Equal(0, await Number(again, """
            SELECT COUNT(*) FROM ingest_batch b
            JOIN ingest_batch n ON n.org_id = b.org_id AND n.batch_no = b.batch_no + 1
            WHERE n.committed_at < b.committed_at
            """));
    }

    [Fact]
    public async Task One_damaged_journal_holds_up_no_other()
    {
        await using var server = await TestServer.Start(engine);
        var markets = new[] { await Market.Open(server), await Market.Open(server) };
        foreach (var market in markets)
        {
            await market.Click(await market.NewCampaign());
        }

        await Until(server, "SELECT COUNT(*) FROM projection WHERE name = 'rollups' AND through_batch = 1", 2);

        // The first in the order of the job is the damaged one.
        var first = await server.Database.Read(
            c => c.First("SELECT org_id FROM ingest_head WHERE batch_no = 1 ORDER BY org_id",
                row => (object)row.Id<OrganizationId>(0), default),
            default);
        await server.Database.Write(
            async c =>
            {
                await c.Execute(
                    "UPDATE ingest_batch SET payload = @no WHERE org_id = @org",
                    default,
                    ("no", new byte[] { 255 }),
                    ("org", first));
                return await c.Execute(
                    "UPDATE projection SET through_batch = 0 WHERE name = 'rollups' AND through_batch = 1", default);
            },
            default);

        await Until(server, "SELECT COUNT(*) FROM projection WHERE name = 'rollups' AND through_batch = 1", 1);
        Assert.Contains("The journal cannot be read", server.Log.ToString());
    }

    private static void SmallMemory(WebApplicationBuilder builder) => builder.Configuration["Ingest:HotIdsMax"] = "4";

    private static async Task<List<string>> Clicks(Market market, string campaign, int count)
    {
        var ids = new List<string>();
        for (var number = 0; number < count; number++)
        {
            ids.Add(market.NewEventId());
            Assert.Equal(200, (await market.Click(campaign, ids[^1])).Status);
            await market.Server.MakeRuns();
        }

        return ids;
    }

    private static Task<long> Runs(TestServer server) => Number(server, "SELECT COUNT(*) FROM id_run");

    private static async Task<long> Number(TestServer server, string sql) =>
        (await server.Database.Read(c => c.Number(sql, default), default))!.Value;

    private static async Task Until(TestServer server, string sql, long wanted)
    {
        for (var tries = 0; tries < 100 && await Number(server, sql) != wanted; tries++)
        {
            await Task.Delay(100);
        }

        Assert.Equal(wanted, await Number(server, sql));
    }
}

public sealed class SqliteIdMemory() : IdMemoryContract(Engine.Sqlite);

public sealed class PostgresIdMemory() : IdMemoryContract(Engine.Postgres);
