using System.Text.Json;
using Countinghouse.Primitives;

namespace Countinghouse.Support;

/// <summary>An advertiser and a retailer with offers, made over HTTP as their owners would make them.</summary>
public sealed class Market
{
    public const string Browser = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";

    private static int _shoppers;

    private Market(TestServer server) => Server = server;

    public TestServer Server { get; }

    public OrganizationId Advertiser { get; private set; }

    public string AdvertiserKey { get; private set; } = "";

    public OrganizationId Retailer { get; private set; }

    public string RetailerKey { get; private set; } = "";

    public IReadOnlyList<string> Offers { get; private set; } = [];

    public static async Task<Market> Open(TestServer server, int offers = 2)
    {
        var market = new Market(server)
        {
            Advertiser = await server.NewOrganization("Advertiser"),
            Retailer = await server.NewOrganization("Retailer"),
        };
        market.AdvertiserKey = await server.NewKey(market.Advertiser);
        market.RetailerKey = await server.NewKey(market.Retailer);
        var shop = await market.Post(
            $"organizations/{market.Retailer}/locations", market.RetailerKey, new { name = "Shop" });
        var added = await market.Post(
            $"organizations/{market.Retailer}/offers/bulk",
            market.RetailerKey,
            new
            {
                offers = Enumerable.Range(1, offers).Select(number => new
                {
                    location_id = shop.GetProperty("location_id").GetString(),
                    name = $"Offer {number}",
                }),
            });
        market.Offers =
        [
            .. added.GetProperty("offers").EnumerateArray().Select(offer => offer.GetProperty("offer_id").GetString()!),
        ];
        return market;
    }

    /// <summary>A campaign with all offers, running unless asked otherwise.</summary>
    public async Task<string> NewCampaign(
        string pricing = "cpc",
        string bid = "0.50",
        string budget = "100.00",
        string? daily = null,
        string? start = null,
        string? end = null,
        string name = "Campaign",
        bool activate = true)
    {
        var campaign = await Post(
            $"organizations/{Advertiser}/campaigns",
            AdvertiserKey,
            new
            {
                name,
                pricing,
                bid,
                budget,
                daily_budget = daily,
                start_date = start,
                end_date = end,
                offers = Offers,
            });
        var id = campaign.GetProperty("campaign_id").GetString()!;
        if (activate)
        {
            await Post($"campaigns/{id}/activate", AdvertiserKey);
        }

        return id;
    }

    /// <summary>
    /// A click passed on by the advertiser's server, from a browser unless said otherwise, each by another shopper.
    /// </summary>
    public Task<Answer> Click(
        string campaign, string? eventId = null, string? offer = null, string? at = null, string agent = Browser) =>
        Server.Send(
            HttpMethod.Post,
            "ads/click",
            AdvertiserKey,
            new
            {
                campaign_id = campaign,
                event_id = eventId,
                offer_id = offer,
                occurred_at = at,
                client = new { ip = NewShopper(), user_agent = agent },
            });

    /// <summary>The address of somebody not seen before: of a network of their own.</summary>
    public static string NewShopper()
    {
        var number = Interlocked.Increment(ref _shoppers);
        return $"10.{number / 256 % 256}.{number % 256}.7";
    }

    public async Task<JsonElement> Impressions(params object[] items)
    {
        var answer = await Server.Send(HttpMethod.Post, "ads/impressions", AdvertiserKey, new { impressions = items });
        Assert.True(answer.Status == 200, answer.Text);
        return answer.Json;
    }

    public Task<JsonElement> Summary(string campaign) =>
        Server.GetJson($"reporting/campaigns/{campaign}/summary", AdvertiserKey);

    public Task<JsonElement> Campaign(string campaign) => Server.GetJson($"campaigns/{campaign}", AdvertiserKey);

    /// <summary>A new event id of the server's present, as clients make them.</summary>
    public string NewEventId() => Guid.CreateVersion7(Server.Clock.Now).ToString();

    public async Task<JsonElement> Post(string path, string key, object? body = null)
    {
        var answer = await Server.Send(HttpMethod.Post, path, key, body);
        Assert.True(answer.Status is 200 or 201, $"POST {path}: {answer.Status} {answer.Text}\n{Server.Log}");
        return answer.Json;
    }
}
