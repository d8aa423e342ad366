using System.Text.Json;
using Countinghouse.Primitives;
using Countinghouse.Storage;
using Countinghouse.Support;

namespace Countinghouse.RevenueShare;

/// <summary>A line can be taken apart into the events that it is made of.</summary>
public abstract class ShareEventsContract(Engine engine) : IAsyncLifetime
{
    private TestServer _server = null!;
    private Market _market = null!;
    private readonly List<string> _expected = [];
    private string _path = "";

    public async Task InitializeAsync()
    {
        _server = await TestServer.Start(engine);
        _market = await Market.Open(_server);
        var campaign = await _market.NewCampaign(bid: "0.30", budget: "2.00");
        var other = await _market.NewCampaign(bid: "0.40");
        for (var number = 0; number < 9; number++)
        {
            _server.Clock.Now = _server.Clock.Now.AddHours(number % 3 * 5);
            _expected.Add(await Click(campaign, _market.Offers[number % 2]));
            await Click(other, _market.Offers[0]);
            await Click(campaign, _market.Offers[0], "Googlebot/2.1");
            await Click(campaign, null);
            if (number % 2 == 0)
            {
                await _market.Impressions(new { campaign_id = other, offer_id = _market.Offers[0] });
            }
        }

        _server.Clock.Now = new DateTimeOffset(2026, 9, 4, 0, 0, 0, TimeSpan.Zero);
        var closed = await _server.Get<Settlements>().Close(Books.Month("2026-08"), "test", dryRun: false, default);
        Assert.Equal(CloseOutcome.Closed, closed.Outcome);
        _path = $"revenue-share/{_market.Retailer}/{CloseStore.ShareOf(_market.Retailer, Books.Month("2026-08"))}";
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(100)]
    public async Task All_pages_together_are_the_line(int size)
    {
        var lines = (await Read("lines")).GetProperty("data").EnumerateArray().ToList();
        foreach (var line in lines)
        {
            var (events, page, more) = (new List<JsonElement>(), 1, true);
            while (more)
            {
                var answer = await Read(
                    $"events?line_no={line.GetProperty("line_no")}&page={page++}&page_size={size}");
                events.AddRange(answer.GetProperty("data").EnumerateArray());
                more = answer.GetProperty("pagination").GetProperty("has_next").GetBoolean();
                Assert.InRange(answer.GetProperty("data").GetArrayLength(), 1, size);
            }

            Assert.Equal(
                line.GetProperty("amount_micros").GetInt64(),
                events.Sum(one => one.GetProperty("charge_micros").GetInt64()));
            var ids = events.ConvertAll(one => one.GetProperty("event_id").GetString()!);
            Assert.Equal(ids.Count, ids.Distinct().Count());
            Assert.Equal(
                events.Select(one => one.GetProperty("occurred_at").GetString()).Order(),
                events.Select(one => one.GetProperty("occurred_at").GetString()));
            Assert.All(events, one => Assert.NotEqual(JsonValueKind.Null, one.GetProperty("offer_id").ValueKind));
            if (ids.Contains(_expected[0]))
            {
                // The budget pays for some of them; those that it left free are there too.
                Assert.Equal(_expected, ids);
                Assert.Contains(events, one => one.GetProperty("charge_micros").GetInt64() == 0);
            }
            else
            {
                Assert.Equal(14, ids.Count);
            }
        }

        Assert.Equal(2, lines.Count);
    }

    [Fact]
    public async Task There_is_nothing_behind_what_is_not_there()
    {
        foreach (var (status, path, key) in new[]
        {
            (404, $"{_path}/events?line_no=3", _market.RetailerKey),
            (422, $"{_path}/events?line_no=0", _market.RetailerKey),
            (404, $"{_path}/events", _market.AdvertiserKey),
            (404, $"revenue-share/{_market.Retailer}/{NamedId.Create("none")}/events", _market.RetailerKey),
        })
        {
            Assert.Equal(status, (await _server.Send(HttpMethod.Get, path, key)).Status);
        }

        var past = await Read("events?page=99");
        Assert.Equal(0, past.GetProperty("data").GetArrayLength());
    }

    private async Task<string> Click(string campaign, string? offer, string agent = Market.Browser)
    {
        var answer = await _market.Click(campaign, offer: offer, agent: agent);
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json.GetProperty("event_id").GetString()!;
    }

    private Task<JsonElement> Read(string what) => _server.GetJson($"{_path}/{what}", _market.RetailerKey);
}

public sealed class SqliteShareEvents() : ShareEventsContract(Engine.Sqlite);

public sealed class PostgresShareEvents() : ShareEventsContract(Engine.Postgres);
