using System.Text;
using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

/// <summary>The fast reader of events agrees with the slow one wherever it does not decline.</summary>
public sealed class EventParserTests
{
    /// <summary>
    /// Bytes that an item with a client may cost: none, once its agent is known.
    /// </summary>
    private const int BytesOfClient = 0;

    /// <summary>A request's own objects, which do not grow with its events.</summary>
    private const int BytesOfRequest = 256;

    private static readonly ClientReader Clients = ParserComparison.NewClients();

    [Theory]
    [InlineData("{'campaign_id':'<s>'}")]
    [InlineData("{'campaign_id':'<d>'}")]
    [InlineData("{'campaign_id':'C3D4E5F6-7890-1234-abcd-ef3456789012'}")]
    [InlineData("{'campaign_id':'<s>','offer_id':'<o>','event_id':'<d>'}")]
    [InlineData("{'campaign_id':'<s>','offer_id':'<s>','event_id':'<s>'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15T11:30:00Z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15t11:30:00.123456789012-23:59'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'0001-01-01 00:00:00.000001z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'9999-12-31T23:59:59.9999999Z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'1969-12-31T23:59:59.9999999Z'}")]
    [InlineData("{'event_id':null,'client':null,'offer_id':null,'occurred_at':null,'campaign_id':'<s>'}")]
    [InlineData("{'client':{'ip':'198.51.100.7','user_agent':'Mozilla/5.0'},'campaign_id':'<s>'}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':null,'user_agent':null}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'curl/8'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'2001:db8::1'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'::ffff:198.51.100.7','user_agent':''}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'','user_agent':'{[]},:\u007f'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'nowhere','user_agent':'Mozilla/5.0 (日本) é 🛒'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'01.2.3','user_agent':'Mozilla/5.0 Googlebot'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'fe80::1%3','user_agent':'Opera/9'}}")]
    [InlineData("\r\n\t { 'campaign_id' \n:\t'<s>' , 'offer_id'\r: null } \n")]
    public void A_plain_event_is_read_fast_and_as_the_slow_way_reads_it(string item)
    {
        Assert.Equal(Verdict.Same, Click(item));
        Assert.Equal(Verdict.Same, Impressions(BatchOf(item)));
        Assert.Equal(Verdict.Same, Impressions(BatchOf($"{item},{item}")));
    }

    [Theory]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':false}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':true}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':null}")]
    [InlineData("{'atomic' : null, 'impressions' : [ {'campaign_id':'<s>'} , {'campaign_id':'<o>'}]} ")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'},{'campaign_id':'<o>','offer_id':'<o>'},"
        + "{'campaign_id':'<s>','offer_id':null},{'campaign_id':'<d>','offer_id':'<o>'},"
        + "{'campaign_id':'<d>','offer_id':'<s>'},{'campaign_id':'<s>'}]}")]
    public void A_plain_batch_is_read_fast_and_as_the_slow_way_reads_it(string body) =>
        Assert.Equal(Verdict.Same, Impressions(body));

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("'x'")]
    [InlineData("{'campaign_id'")]
    [InlineData("{'campaign_id':")]
    [InlineData("{'campaign_id':'")]
    [InlineData("{'campaign_id':'<s>")]
    [InlineData("{'campaign_id':'<s>'")]
    [InlineData("{'campaign_id':'<s>',")]
    [InlineData("{'campaign_id':'<s>',}")]
    [InlineData("{'campaign_id':'<s>'}}")]
    [InlineData("{'campaign_id':'<s>'}x")]
    [InlineData("{'campaign_id':'<s>'} {}")]
    [InlineData("{'campaign_id':'<s>'}\0")]
    [InlineData("{'campaign_id':'<s>'}\f")]
    [InlineData("{'campaign_id':'<s>'}\u00a0")]
    [InlineData("{'campaign_id':'<s>'}// end")]
    [InlineData("{,'campaign_id':'<s>'}")]
    [InlineData("{'campaign_id' '<s>'}")]
    [InlineData("{'campaign_id'::'<s>'}")]
    [InlineData("{'campaign_id':'<s>' 'offer_id':null}")]
    [InlineData("{'campaign_id':'<s>';'offer_id':null}")]
    [InlineData("{`campaign_id`:`<s>`}")]
    [InlineData("{campaign_id:'<s>'}")]
    [InlineData("{'Campaign_id':'<s>'}")]
    [InlineData("{'campaign_id ':'<s>'}")]
    [InlineData("{'campaign_id':null}")]
    [InlineData("{'campaign_id':5}")]
    [InlineData("{'campaign_id':'x'}")]
    [InlineData("{'campaign_id':'WmsG2qe2XXxacqiqo2Mfn0'}")]
    [InlineData("{'campaign_id':'zzzzzzzzzzzzzzzzzzzzzz'}")]
    [InlineData("{'campaign_id':'c3d4e5f6-7890-1234-abcd-ef345678901g'}")]
    [InlineData("{'campaign_id':'c3d4e5f6-7890-1234-abcd+ef3456789012'}")]
    [InlineData("{'campaign_id':'c3d4e5f67890-1234-abcd-ef3456789012-'}")]
    [InlineData("{'campaign_id':'<s>','campaign_id':'<s>'}")]
    [InlineData("{'campaign_id':'<s>','offer_id':null,'offer_id':null}")]
    [InlineData("{'campaign_id':'<s>','offer_id':nul}")]
    [InlineData("{'campaign_id':'<s>','offer_id':nulll}")]
    [InlineData("{'campaign_id':'<s>','offer_id':NULL}")]
    [InlineData("{'campaign_id':'<s>','event_id':''}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':''}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':1755257400}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15T11:30:00'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-02-29T11:30:00Z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'0000-01-01T00:00:00Z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'0001-01-01T00:00:00+01:00'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15T11:30:60Z'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15T11:30:00.1234567890123Z'}")]
    [InlineData("{'campaign_id':'<s>','client':'x'}")]
    [InlineData("{'campaign_id':'<s>','client':[]}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':5}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':'a\nb'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'\u0000'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'\\u0000'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'\\ud800'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'\\q'}}")]
    [InlineData("{'campaign_id':'<s>','\\ud800':1}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':null,'ip':null}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':null,}}")]
    [InlineData("{'campaign_id':'<s>','client':{'ip':null}")]
    public void What_is_wrong_with_an_event_is_left_to_the_slow_way_to_say(string item)
    {
        Assert.Equal(Verdict.Refused, Click(item));
        Assert.Equal(Verdict.Refused, Impressions(BatchOf(item)));
        Assert.Equal(Verdict.Refused, Impressions(BatchOf($"{{'campaign_id':'<s>'}},{item},{{'campaign_id':'<s>'}}")));
    }

    [Theory]
    [InlineData("{'impressions':[]}")]
    [InlineData("{'impressions':null}")]
    [InlineData("{'impressions':{'campaign_id':'<s>'}}")]
    [InlineData("{'atomic':true}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':1}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':'true'}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':truely}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'atomic':true,'atomic':true}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}],'impressions':[{'campaign_id':'<s>'}]}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'},]}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}{'campaign_id':'<s>'}]}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'},null]}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'},[]]}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}}")]
    [InlineData("{'impressions':[{'campaign_id':'<s>'}]")]
    public void What_is_wrong_with_a_batch_is_left_to_the_slow_way_to_say(string body) =>
        Assert.Equal(Verdict.Refused, Impressions(body));

    [Theory]
    [InlineData("{'campaign_id':'<s>','more':'than we know'}")]
    [InlineData("{'campaign_id':'<s>','Campaign_id':'x','EVENT_ID':'<o>','Client':5}")]
    [InlineData("{'campaign_id':'<s>','client':{}}")]
    [InlineData("{'campaign_id':'<s>','client':{'referrer':'x'}}")]
    [InlineData("{'campaign_id':'<s>','client':{'user_agent':'Mozilla\\/5.0'}}")]
    [InlineData("{'campaign_id':'\\u0057msG2qe2XXxacqiqo2MfnY'}")]
    [InlineData("{'campaign\\u005fid':'<s>'}")]
    [InlineData("{'campaign_id':'<s>','occurred_at':'2026-08-15\\u005411:30:00Z'}")]
    public void What_is_valid_and_rare_is_left_to_the_slow_way(string item)
    {
        Assert.Equal(Verdict.OnlySlow, Click(item));
        Assert.Equal(Verdict.OnlySlow, Impressions(BatchOf(item)));
        Assert.Equal(Verdict.OnlySlow, Click("\uFEFF" + item));
    }

    [Theory]
    [InlineData(1, 1, Verdict.Same)]
    [InlineData(45, 1024, Verdict.Same)]
    [InlineData(46, 1024, Verdict.Refused)]
    [InlineData(45, 1025, Verdict.Refused)]
    public void Texts_have_their_limits(int address, int agent, object verdict)
    {
        var (ip, name) = (new string('1', address), new string('a', agent));

        Assert.Equal(
            (Verdict)verdict, Click($"{{'campaign_id':'<s>','client':{{'ip':'{ip}','user_agent':'{name}'}}}}"));
    }

    [Fact]
    public void Characters_that_take_many_bytes_are_counted_the_slow_way()
    {
        static string Item(int characters)
        {
            var agent = string.Concat(Enumerable.Repeat("🛒", characters));
            return $"{{'campaign_id':'<s>','client':{{'user_agent':'{agent}'}}}}";
        }

        Assert.Equal(Verdict.Same, Click(Item(256)));
        Assert.Equal(Verdict.OnlySlow, Click(Item(257)));
        Assert.Equal(Verdict.OnlySlow, Click(Item(1024)));
        Assert.Equal(Verdict.Refused, Click(Item(1025)));
    }

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    [InlineData(new byte[] { 0xE2, 0x82 })]
    public void Bytes_that_are_no_Unicode_are_left_to_the_slow_way_to_refuse(byte[] broken)
    {
        (string, string)[] places =
        [
            ("{'campaign_id':'<s>','client':{'ip':'1", "'}}"),
            ("{'campaign_id':'<s>','client':{'user_agent':'Mozilla/5.0 ", " x'}}"),
            ("{'campaign_id':'WmsG2qe2XXxacqiqo2Mfn", "'}"),
            ("{'campaign_id':'<s>','", "':1}"),
        ];
        foreach (var (before, after) in places)
        {
            byte[] body = [.. Utf8(before), .. broken, .. Utf8(after)];
            byte[] batch = [.. Utf8("{'impressions':["), .. body, .. Utf8("]}")];
            Assert.Equal(Verdict.Refused, ParserComparison.OfClick(body, Clients));
            Assert.Equal(Verdict.Refused, ParserComparison.OfImpressions(batch, Clients));
        }
    }

    [Theory]
    [InlineData(999, Verdict.Same)]
    [InlineData(1000, Verdict.Same)]
    [InlineData(1001, Verdict.Refused)]
    public void A_batch_has_at_most_1000_items(int count, object verdict)
    {
        var items = string.Join(',', Enumerable.Repeat("{'campaign_id':'<s>'}", count));

        Assert.Equal((Verdict)verdict, Impressions(BatchOf(items)));
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, BytesOfClient)]
    public void Reading_costs_no_garbage_for_an_event(bool withClient, int bytesPerEvent)
    {
        const int Requests = 1_000;
        const int Items = 1_000;
        var utf8 = Utf8(Batch(Items, withClient));
        for (var round = 0; round < 3; round++)
        {
            Parse(utf8, Items);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var request = 0; request < Requests; request++)
        {
            Parse(utf8, Items);
        }

        var perRequest = (GC.GetAllocatedBytesForCurrentThread() - before) / Requests;
        Assert.InRange(perRequest, 0, BytesOfRequest + (bytesPerEvent * Items));
    }

    private static void Parse(byte[] utf8, int items)
    {
        Assert.True(EventParser.TryParseImpressions(utf8, Clients, out var batch));
        Assert.True(batch.ItemCount == items); // Assert.Equal would make garbage of its own.
        batch.Return();
    }

    private static string BatchOf(string items) => $"{{'atomic':true,'impressions':[{items}]}}";

    private static string Batch(int items, bool withClient)
    {
        var client = withClient ? ",'client':{'ip':'198.51.100.7','user_agent':'Mozilla/5.0 (X11)'}" : "";
        return BatchOf(string.Join(',', Enumerable.Range(0, items).Select(index =>
        {
            var offer = new OfferId(new Guid(index % 7, 0, 0, new byte[8]));
            var id = new EventId(new Guid(index, 1, 2, new byte[8]));
            var time = $"2026-08-15T11:30:{index % 60:00}.{index:000}Z";
            return $"{{'campaign_id':'<s>','offer_id':'{offer}','event_id':'{id}','occurred_at':'{time}'{client}}}";
        })));
    }

    private static Verdict Click(string body) => ParserComparison.OfClick(Utf8(body), Clients);

    private static Verdict Impressions(string body) => ParserComparison.OfImpressions(Utf8(body), Clients);

    /// <summary>Bodies are written with apostrophes for quotation marks and short names for ids.</summary>
    private static byte[] Utf8(string body) => Encoding.UTF8.GetBytes(body
        .Replace('\'', '"')
        .Replace("<s>", "WmsG2qe2XXxacqiqo2MfnY", StringComparison.Ordinal)
        .Replace("<o>", "ZowuNEgiULixDa5444gHVT", StringComparison.Ordinal)
        .Replace("<d>", "c3d4e5f6-7890-1234-abcd-ef3456789012", StringComparison.Ordinal));
}
