using System.Text;

namespace Countinghouse.Load;

/// <summary>
/// A whole request as bytes in which only campaign, offer, event id and address are written anew for each use. Items
/// that are left as they are become the duplicates of a run: the same event, sent again.
/// </summary>
internal sealed class RequestTemplate
{
    private const string Placeholder = "2222222222222222222222";
    private const string AnyAddress = "198.100.100.100";

    private readonly Item[] _items;

    /// <param name="traffic">What its events are about.</param>
    /// <param name="items">Events of the request.</param>
    /// <param name="first">Number of its first item among those of a worker; decides agents.</param>
    public RequestTemplate(Traffic traffic, int items, int first)
    {
        var body = new StringBuilder("{\"impressions\":[");
        _items = new Item[items];
        for (var index = 0; index < items; index++)
        {
            var number = first + index;
            var isBot = number % Traffic.BotEvery == 37;
            var agent = isBot
                ? Traffic.Bots[number / Traffic.BotEvery % Traffic.Bots.Count]
                : Traffic.Browsers[number % Traffic.Browsers.Count];
            body.Append(index > 0 ? "," : "").Append("{\"campaign_id\":\"");
            var campaign = body.Length;
            body.Append(Placeholder).Append("\",\"offer_id\":\"");
            var offer = body.Length;
            body.Append(Placeholder).Append("\",\"event_id\":\"");
            var id = body.Length;
            body.Append('0', traffic.IdBytes).Append("\",\"client\":{\"ip\":\"");
            var address = body.Length;
            body.Append(AnyAddress).Append("\",\"user_agent\":\"").Append(agent).Append("\"}}");
            _items[index] = new Item(campaign, offer, id, address, isBot);
        }

        body.Append("]}");
        var head = traffic.Head(body.Length);
        Bytes = [.. head, .. Encoding.ASCII.GetBytes(body.ToString())];
        for (var index = 0; index < items; index++)
        {
            _items[index] = _items[index].After(head.Length);
        }
    }

    public byte[] Bytes { get; }

    public ReadOnlySpan<Item> Items => _items;

    /// <summary>False until it was used once: an item can be repeated only after that.</summary>
    public bool IsFilled { get; set; }

    /// <summary>Where the parts of an item begin.</summary>
    internal readonly record struct Item(int Campaign, int Offer, int Id, int Address, bool IsBot)
    {
        public Item After(int bytes) => new(Campaign + bytes, Offer + bytes, Id + bytes, Address + bytes, IsBot);
    }
}
