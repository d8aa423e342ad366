using System.Net.Http.Headers;
using System.Text;
using Countinghouse.Support;

namespace Countinghouse.Ingest;

/// <summary>Bodies of events as they come over the wire, whichever way of reading takes them.</summary>
public sealed class EventRequestsTests(SqliteServer fixture) : IClassFixture<SqliteServer>
{
    private readonly TestServer _server = fixture.Server;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task A_large_batch_is_read_whole_however_it_is_sent(bool chunked, bool isPlain)
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign("cpm", "5.00");
        var more = isPlain ? "" : ",\"more\":1";
        var items = string.Join(',', Enumerable.Range(0, EventWriter.EventsMax).Select(
            _ => $$"""{"campaign_id":"{{campaign}}","event_id":"{{market.NewEventId()}}"{{more}}}"""));

        var answer = await Send(Encoding.UTF8.GetBytes($$"""{"impressions":[{{items}}]}"""), chunked);

        Assert.Equal(200, answer.Status);
        Assert.Equal("""{"success":true,"accepted":1000,"duplicates":0,"rejected":[]}""", answer.Text);
    }

    [Fact]
    public async Task A_byte_order_mark_is_passed_over()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        var answer = await Send(
            [0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes($$"""{"impressions":[{"campaign_id":"{{campaign}}"}]}""")]);

        Assert.Equal(1, answer.Json.GetProperty("accepted").GetInt32());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_item_with_a_broken_name_spoils_only_itself(bool escaped)
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var before = $$"""{"impressions":[{"campaign_id":"{{campaign}}"},{"campaign_id":"{{campaign}}",""" + "\"";
        byte[] name = escaped ? [.. "\\ud800"u8] : [0xFF];

        var answer = await Send([.. Encoding.UTF8.GetBytes(before), .. name, .. "\":1}]}"u8]);

        Assert.Equal(1, answer.Json.GetProperty("accepted").GetInt32());
        var rejected = answer.Json.GetProperty("rejected")[0];
        Assert.Equal(1, rejected.GetProperty("index").GetInt32());
        Assert.Equal("The item has a text that is not valid Unicode", rejected.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task A_member_in_other_letter_case_is_one_that_nobody_knows()
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();

        var answer = await Send(Encoding.UTF8.GetBytes(
            $$"""{"impressions":[{"campaign_id":"{{campaign}}","Campaign_id":"unknown","Event_Id":5}]}"""));

        Assert.Equal(1, answer.Json.GetProperty("accepted").GetInt32());
    }

    [Theory]
    [InlineData("User-Agent", 16, 1)]
    [InlineData("User-Agent", 512, 1)]
    [InlineData("User-Agent", 513, 1)]
    [InlineData("User-Agent", 3000, 1)]
    [InlineData("User-Agent", 0, 0)]
    [InlineData("Sec-Purpose", 16, 0)]
    [InlineData("Purpose", 16, 0)]
    [InlineData("X-Moz", 16, 0)]
    public async Task Senders_without_a_key_are_judged_by_their_own_headers(string header, int agentChars, int counted)
    {
        var market = await Market.Open(_server);
        var campaign = await market.NewCampaign();
        var request = new HttpRequestMessage(HttpMethod.Post, "ads/click")
        {
            Content = new StringContent($$"""{"campaign_id":"{{campaign}}"}""", Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation(
            "User-Agent", "Mozilla/5.0 (X) ".PadRight(agentChars, 'x')[..agentChars]);
        if (header != "User-Agent")
        {
            request.Headers.Add(header, "Prefetch;prerender");
        }

        Assert.Equal(200, (await _server.Send(request)).Status);
        var summary = await market.Summary(campaign);
        Assert.Equal(counted, summary.GetProperty("clicks").GetInt32());
        Assert.Equal(1 - counted, summary.GetProperty("invalid_clicks").GetInt32());
    }

    private Task<Answer> Send(byte[] body, bool chunked = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "ads/impressions")
        {
            Content = new StreamContent(new MemoryStream(body), bufferSize: 1_000),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.TransferEncodingChunked = chunked;
        return _server.Send(request);
    }
}
