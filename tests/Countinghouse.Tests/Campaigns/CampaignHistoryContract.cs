using System.Text.Json;
using Countinghouse.Accounts;
using Countinghouse.Support;

namespace Countinghouse.Campaigns;

/// <summary>A campaign's changes, told to whoever may read the campaign.</summary>
public abstract class CampaignHistoryContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task Changes_come_latest_first_with_who_made_them()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        await market.NewCampaign(name: "another");
        await market.Post($"campaigns/{campaign}/pause", market.AdvertiserKey);

        var history = await _server.GetJson($"campaigns/{campaign}/history?page_size=2", market.AdvertiserKey);
        var rest = await _server.GetJson($"campaigns/{campaign}/history?page_size=2&page=2", market.AdvertiserKey);
        var latest = history.GetProperty("data")[0];

        Assert.Equal(3, history.GetProperty("pagination").GetProperty("total_count").GetInt32());
        Assert.Equal(
            ["campaign.pause", "campaign.activate", "campaign.create"],
            history.GetProperty("data").EnumerateArray().Concat(rest.GetProperty("data").EnumerateArray())
                .Select(entry => entry.GetProperty("action").GetString()!));
        Assert.StartsWith("key:", latest.GetProperty("actor").GetString(), StringComparison.Ordinal);
        Assert.Equal("test", latest.GetProperty("actor_name").GetString());
        Assert.Equal("active", latest.GetProperty("changes").GetProperty("before").GetProperty("status").GetString());
        Assert.Equal("paused", latest.GetProperty("changes").GetProperty("after").GetProperty("status").GetString());
        Assert.Equal(
            JsonValueKind.Null,
            rest.GetProperty("data")[0].GetProperty("changes").GetProperty("before").ValueKind);
        Assert.Equal(
            ["at", "actor", "actor_name", "action", "changes"], latest.EnumerateObject().Select(member => member.Name));
    }

    [Fact]
    public async Task People_have_their_names()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var owner = await _server.NewBrowser(market.Advertiser);
        Assert.Equal(200, (await owner.Post($"campaigns/{campaign}/pause")).Status);

        var history = await _server.GetJson($"campaigns/{campaign}/history", market.AdvertiserKey);
        var latest = history.GetProperty("data")[0];

        Assert.StartsWith("user:", latest.GetProperty("actor").GetString(), StringComparison.Ordinal);
        Assert.NotEqual("", latest.GetProperty("actor_name").GetString());
    }

    [Fact]
    public async Task Others_do_not_learn_of_it()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        Assert.Equal(
            404, (await _server.Send(HttpMethod.Get, $"campaigns/{campaign}/history", market.RetailerKey)).Status);
    }
}

public sealed class SqliteCampaignHistory(SqliteServer server)
    : CampaignHistoryContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresCampaignHistory(PostgresServer server)
    : CampaignHistoryContract(server), IClassFixture<PostgresServer>;
