using System.Globalization;
using Countinghouse.Access;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>What a sender of events may rely on.</summary>
public abstract class RecordingContract(ServerFixture fixture)
{
    private readonly TestServer _server = fixture.Server;

    [Fact]
    public async Task A_click_is_charged_and_reported_at_once()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign(bid: "0.335", budget: "10.00");

        var answer = await market.Click(campaign, offer: market.Offers[0]);

        Assert.Equal(200, answer.Status);
        Assert.True(answer.Json.GetProperty("success").GetBoolean());
        var summary = await market.Summary(campaign);
        Assert.Equal(1, summary.GetProperty("clicks").GetInt64());
        Assert.Equal("0.34", summary.GetProperty("spend").GetString());
        Assert.Equal("9.67", summary.GetProperty("remaining_budget").GetString());
    }

    [Fact]
    public async Task The_same_event_is_counted_once_in_either_spelling_of_its_id()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var id = market.NewEventId();

        var first = await market.Click(campaign, id);
        var again = await market.Click(campaign, id.ToUpperInvariant());
        var printed = first.Json.GetProperty("event_id").GetString()!;
        var third = await market.Click(campaign, printed);

        Assert.Equal(first.Text, again.Text);
        Assert.Equal(first.Text, third.Text);
        Assert.Equal(1, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task The_answer_to_an_event_stays_when_its_offer_or_campaign_is_gone()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var id = market.NewEventId();
        var at = _server.Clock.Now.AddDays(-34).ToString("O", CultureInfo.InvariantCulture);
        var first = await market.Click(campaign, id, market.Offers[0], at);
        string[] none = [];
        var offers = await _server.Send(
            HttpMethod.Put, $"campaigns/{campaign}/offers", market.AdvertiserKey, new { offers = none });
        Assert.Equal(200, offers.Status);

        var dropped = await market.Click(campaign, id, market.Offers[0], at);
        await market.Post($"campaigns/{campaign}/complete", market.AdvertiserKey);
        await market.Post($"campaigns/{campaign}/archive", market.AdvertiserKey);
        var archived = await market.Click(campaign, id, market.Offers[0], at);

        Assert.Equal((200, first.Text), (dropped.Status, dropped.Text));
        Assert.Equal((200, first.Text), (archived.Status, archived.Text));
        Assert.NotEqual(200, (await market.Click(campaign, id, market.Offers[1], at)).Status);
        Assert.NotEqual(200, (await market.Click(campaign, id, market.Offers[0])).Status);
        Assert.NotEqual(200, (await market.Click(campaign, offer: market.Offers[0])).Status);
        Assert.Equal(1, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task The_same_id_for_another_event_is_a_conflict_and_changes_nothing()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var other = await market.NewCampaign();
        var id = market.NewEventId();
        await market.Click(campaign, id, market.Offers[0]);

        Assert.Equal(409, (await market.Click(other, id, market.Offers[0])).Status);
        Assert.Equal(409, (await market.Click(campaign, id, market.Offers[1])).Status);
        Assert.Equal(409, (await market.Click(campaign, id)).Status);
        Assert.Equal(409, (await market.Click(campaign, id, market.Offers[0], "2026-08-15T11:00:00Z")).Status);
        var shown = await market.Impressions(
            new { campaign_id = campaign, event_id = id, offer_id = market.Offers[0] });
        Assert.Equal("conflict", shown.GetProperty("rejected")[0].GetProperty("error_code").GetString());
        Assert.Equal(1, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
        Assert.Equal(0, (await market.Summary(other)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task Ids_are_an_advertisers_own()
    {
        var market = await Market.Open(_server);
        var stranger = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var foreign = await stranger.NewCampaign();
        var id = market.NewEventId();

        await market.Click(campaign, id);
        await stranger.Click(foreign, id);

        Assert.Equal(1, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
        Assert.Equal(1, (await stranger.Summary(foreign)).GetProperty("clicks").GetInt64());
    }

    [Fact]
    public async Task Drafts_archived_and_unknown_campaigns_look_the_same()
    {
        var market = await Market.Open(_server);
        var draft = await market.NewCampaign(activate: false);
        var archived = await market.NewCampaign(activate: false);
        await market.Post($"campaigns/{archived}/archive", market.AdvertiserKey);

        foreach (var campaign in new[] { draft, archived, "WmsG2qe2XXxacqiqo2MfnY" })
        {
            var answer = await market.Click(campaign);
            Assert.Equal(404, answer.Status);
            Assert.Equal("not_found", answer.Json.GetProperty("error_code").GetString());
        }
    }

    [Fact]
    public async Task An_offer_must_be_one_of_the_campaigns()
    {
        var market = await Market.Open(_server);
        var elsewhere = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        var answer = await market.Click(campaign, offer: elsewhere.Offers[0]);

        Assert.Equal(422, answer.Status);
        Assert.Equal("offer_id", answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Campaigns_that_do_not_run_record_valid_clicks_for_free()
    {
        var market = await Market.Open(_server);
        var paused = await market.NewCampaign();
        await market.Post($"campaigns/{paused}/pause", market.AdvertiserKey);
        var completed = await market.NewCampaign();
        await market.Post($"campaigns/{completed}/complete", market.AdvertiserKey);
        var early = await market.NewCampaign(start: "2026-09-01");

        foreach (var campaign in new[] { paused, completed, early })
        {
            Assert.Equal(200, (await market.Click(campaign)).Status);
            var summary = await market.Summary(campaign);
            Assert.Equal(1, summary.GetProperty("clicks").GetInt64());
            Assert.Equal(1, summary.GetProperty("unbilled_clicks").GetInt64());
            Assert.Equal("0.00", summary.GetProperty("spend").GetString());
        }
    }

    [Theory]
    [InlineData("Mozilla/5.0 (compatible; Googlebot/2.1)")]
    [InlineData("curl/8.5.0")]
    [InlineData("")]
    public async Task Bots_are_recorded_uncounted_and_not_told(string agent)
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        var answer = await market.Click(campaign, agent: agent);

        Assert.Equal(200, answer.Status);
        Assert.Equal(["success", "event_id"], answer.Json.EnumerateObject().Select(member => member.Name));
        var summary = await market.Summary(campaign);
        Assert.Equal(0, summary.GetProperty("clicks").GetInt64());
        Assert.Equal(1, summary.GetProperty("invalid_clicks").GetInt64());
        Assert.Equal("0.00", summary.GetProperty("spend").GetString());
    }

    [Fact]
    public async Task Only_the_parties_servers_speak_for_shoppers()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var outsider = await _server.NewKey(await _server.NewOrganization("Outsider"));
        var publishable = await _server.NewKey(market.Advertiser, KeyKind.Cpk, Role.Readonly);
        var body = new
        {
            campaign_id = campaign,
            offer_id = market.Offers[0],
            client = new { ip = "198.51.100.7", user_agent = Market.Browser },
            occurred_at = "2020-01-01T00:00:00Z",
        };

        // Nobody else is believed: their own agent (none) is judged, and the impossible time is ignored.
        foreach (var key in new[] { null, outsider, publishable })
        {
            Assert.Equal(200, (await _server.Send(HttpMethod.Post, "ads/click", key, body)).Status);
        }

        Assert.Equal(3, (await market.Summary(campaign)).GetProperty("invalid_clicks").GetInt64());
        foreach (var key in new[] { market.AdvertiserKey, market.RetailerKey })
        {
            var believed = body with { occurred_at = "2026-08-15T11:30:00Z" };
            Assert.Equal(200, (await _server.Send(HttpMethod.Post, "ads/click", key, believed)).Status);
            Assert.Equal(422, (await _server.Send(HttpMethod.Post, "ads/click", key, body)).Status);
        }

        Assert.Equal(2, (await market.Summary(campaign)).GetProperty("clicks").GetInt64());
    }

    [Theory]
    [InlineData("2026-07-11T11:59:59Z", 422)]
    [InlineData("2026-07-11T12:00:00Z", 200)]
    [InlineData("2026-08-15T12:05:00Z", 200)]
    [InlineData("2026-08-15T12:05:01Z", 422)]
    [InlineData("2026-08-15T14:00:00+02:00", 200)]
    [InlineData("2026-08-15T12:00:00", 422)]
    public async Task A_stated_time_may_be_35_days_back_and_5_minutes_ahead(string at, int status)
    {
        var market = await Market.Open(_server);
        _server.Clock.Now = new DateTimeOffset(2026, 8, 15, 12, 0, 0, TimeSpan.Zero);
        var campaign = await market.NewCampaign(start: "2026-07-01");

        Assert.Equal(status, (await market.Click(campaign, at: at)).Status);
    }

    [Fact]
    public async Task An_id_older_than_ids_are_remembered_is_refused_and_one_from_the_future_is_just_an_id()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        var old = await market.Click(campaign, Guid.CreateVersion7(_server.Clock.Now.AddDays(-36)).ToString());
        var future = await market.Click(campaign, Guid.CreateVersion7(_server.Clock.Now.AddYears(50)).ToString());

        Assert.Equal(422, old.Status);
        Assert.Equal("expired", old.Json.GetProperty("errors")[0].GetProperty("code").GetString());
        Assert.Equal(200, future.Status);
    }

    [Fact]
    public async Task A_bad_item_of_a_batch_spoils_only_itself()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign("cpm", "5.00");
        var id = market.NewEventId();

        var answer = await market.Impressions(
            new { campaign_id = campaign, event_id = id },
            new { campaign_id = "x" },
            new { campaign_id = campaign, event_id = id },
            "no object",
            new { campaign_id = "WmsG2qe2XXxacqiqo2MfnY" },
            new { campaign_id = campaign, more = "than we know" });

        Assert.False(answer.GetProperty("success").GetBoolean());
        Assert.Equal(2, answer.GetProperty("accepted").GetInt32());
        Assert.Equal(1, answer.GetProperty("duplicates").GetInt32());
        Assert.Equal(
            [(1, "validation_error"), (3, "validation_error"), (4, "not_found")],
            answer.GetProperty("rejected").EnumerateArray().Select(item =>
                (item.GetProperty("index").GetInt32(), item.GetProperty("error_code").GetString()!)));
        var summary = await market.Summary(campaign);
        Assert.Equal(2, summary.GetProperty("impressions").GetInt64());
        Assert.Equal("0.01", summary.GetProperty("spend").GetString());
    }

    [Fact]
    public async Task An_atomic_batch_is_stored_whole_or_not_at_all()
    {
        var market = await Market.Open(_server);
        var stranger = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var foreign = await stranger.NewCampaign();
        var draft = await stranger.NewCampaign(activate: false);

        var refused = await _server.Send(HttpMethod.Post, "ads/impressions", market.AdvertiserKey, new
        {
            impressions = new[] { campaign, foreign, draft }.Select(id => new { campaign_id = id }),
            atomic = true,
        });

        Assert.Equal(422, refused.Status);
        Assert.Equal(
            "impressions[2].campaign_id", refused.Json.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.Equal(0, await Recorded(market, campaign));
        Assert.Equal(0, await Recorded(stranger, foreign));

        var stored = await _server.Send(HttpMethod.Post, "ads/impressions", market.AdvertiserKey, new
        {
            impressions = new[] { new { campaign_id = campaign }, new { campaign_id = foreign } },
            atomic = true,
        });
        Assert.Equal(2, stored.Json.GetProperty("accepted").GetInt32());
        Assert.Equal(1, await Recorded(market, campaign));
        Assert.Equal(1, await Recorded(stranger, foreign));
    }

    [Theory]
    [InlineData("{\"campaign_id\":\"\\ud800\"}")]
    [InlineData("{\"campaign_id\":\"WmsG2qe2XXxacqiqo2MfnY\",\"occurred_at\":\"\\udfff\"}")]
    public async Task Text_that_is_not_Unicode_is_refused_in_words_for_people(string body)
    {
        var answer = await _server.Send(HttpMethod.Post, "ads/click", null, body);

        Assert.Equal(422, answer.Status);
        Assert.DoesNotContain("Primitives", answer.Text, StringComparison.Ordinal);
        Assert.Contains(" must be a", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task A_batch_has_1_to_1000_items(int count)
    {
        var items = string.Join(',', Enumerable.Repeat("{\"campaign_id\":\"WmsG2qe2XXxacqiqo2MfnY\"}", count));

        var answer = await _server.Send(HttpMethod.Post, "ads/impressions", null, $"{{\"impressions\":[{items}]}}");

        Assert.Equal(422, answer.Status);
        Assert.Equal("impressions", answer.Json.GetProperty("errors")[0].GetProperty("field").GetString());
    }

    [Fact]
    public async Task Any_page_may_record_events_without_credentials()
    {
        var request = new HttpRequestMessage(HttpMethod.Options, "ads/click");
        request.Headers.Add("Origin", "https://shop.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "content-type,x-api-key");

        var answer = await _server.Send(request);

        Assert.Equal("*", answer.Headers["Access-Control-Allow-Origin"]);
        Assert.DoesNotContain("Access-Control-Allow-Credentials", answer.Headers.Keys);
    }

    private static async Task<long> Recorded(Market market, string campaign)
    {
        var summary = await market.Summary(campaign);
        return summary.GetProperty("impressions").GetInt64() + summary.GetProperty("invalid_impressions").GetInt64();
    }
}

public sealed class SqliteRecording(SqliteServer server) : RecordingContract(server), IClassFixture<SqliteServer>;

public sealed class PostgresRecording(PostgresServer server) : RecordingContract(server), IClassFixture<PostgresServer>;
