using System.Text.Json;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>What the operator is told of recording is what happened on this node.</summary>
public abstract class IngestHealthContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Counts_and_times_are_those_of_the_node()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var key = await _server.NewKey(await _server.NewOrganization("Operator", isOperator: true));
        var before = await _server.GetJson("ingest-health", key);
        var id = market.NewEventId();

        await market.Click(campaign, eventId: id);
        await market.Click(campaign, eventId: id);
        await market.Click(campaign, eventId: id, offer: market.Offers[0]);
        await market.Impressions([.. Enumerable.Repeat(new { campaign_id = campaign }, 10)]);
        var after = await _server.GetJson("ingest-health", key);

        Assert.Equal(11, Risen("accepted"));
        Assert.Equal(1, Risen("duplicates"));
        Assert.Equal(1, Risen("conflicts"));
        Assert.Equal(4, Risen("flushes"));
        Assert.Equal(0, Risen("queue_refusals"));
        Assert.Equal(0, after.GetProperty("queue_events").GetInt32());
        Assert.Equal(200_000, after.GetProperty("queue_capacity_events").GetInt32());
        Assert.True(after.GetProperty("events_per_second").GetDouble() > 0);
        Assert.NotEqual(JsonValueKind.Null, after.GetProperty("last_event_at").ValueKind);
        foreach (var what in new[] { "flush", "answer" })
        {
            var median = after.GetProperty($"{what}_milliseconds_p50").GetDouble();
            Assert.InRange(median, 0.001, after.GetProperty($"{what}_milliseconds_p99").GetDouble());
        }

        await _server.Get<Rollups>().CatchUpAll(CancellationToken.None);
        Assert.Equal(0, (await _server.GetJson("ingest-health", key)).GetProperty("batches_behind").GetInt64());

        long Risen(string member) => after.GetProperty(member).GetInt64() - before.GetProperty(member).GetInt64();
    }
}

public sealed class SqliteIngestHealth(SqliteServer server)
    : IngestHealthContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresIngestHealth(PostgresServer server)
    : IngestHealthContract(server), IClassFixture<PostgresServer>;
