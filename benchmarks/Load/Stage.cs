using System.Globalization;

namespace Countinghouse.Load;

/// <summary>An organization with a key whose limits the bench will not meet.</summary>
internal sealed record Member(string Id, string Key);

/// <summary>
/// The organizations, offers, campaigns and keys that rows need, made through the product's command line and API.
/// Budgets and daily budgets are set and large, so that every impression is charged.
/// </summary>
internal sealed class Stage(CommandLineTool tool, int port)
{
    private const string Budget = "1000000000.00";
    private const string DailyBudget = "900000000.00";
    private const string LimitMax = "1000000000";
    private const int CallsAtOnce = 24;

    private Member? _operator;
    private List<string> _offers = [];

    public Member Operator => _operator ?? throw new InvalidOperationException("The stage is not built yet.");

    public Member Advertiser { get; private set; } = new("", "");

    public Member Retailer { get; private set; } = new("", "");

    /// <summary>Twenty campaigns with an offer each.</summary>
    public IReadOnlyList<(string Campaign, string Offer)> Twenty { get; private set; } = [];

    /// <summary>A hundred campaigns with twenty offers each.</summary>
    public IReadOnlyList<(string Campaign, string Offer)> Many { get; private set; } = [];

    public IReadOnlyList<(string Campaign, string Offer)> One => [Twenty[0]];

    /// <param name="platform">The operator, if there is one already.</param>
    public async Task Build(string? platform)
    {
        _operator = await KeyFor(
            platform ?? await tool.Run("organizations", "create", "--name", "Platform", "--operator"));
        Retailer = await Add("Retailer");
        Advertiser = await Add("Advertiser");
        using var shop = new Api(port, Retailer.Key);
        var location = await shop.Post($"/organizations/{Retailer.Id}/locations", new { name = "Shop" });
        var added = await shop.Post(
            $"/organizations/{Retailer.Id}/offers/bulk",
            new
            {
                offers = Enumerable.Range(1, 20).Select(number => new
                {
                    location_id = (string)location["location_id"]!,
                    name = string.Create(CultureInfo.InvariantCulture, $"Product {number}"),
                }),
            });
        _offers = [.. added["offers"]!.AsArray().Select(offer => (string)offer!["offer_id"]!)];
        var twenty = await AddCampaigns(Advertiser, 20, [_offers[0]]);
        Twenty = [.. twenty.Select(campaign => (campaign, _offers[0]))];
        var many = await AddCampaigns(Advertiser, 100, _offers);
        Many = [.. many.SelectMany(campaign => _offers.Select(offer => (campaign, offer)))];
    }

    /// <summary>An organization more, and a key for it.</summary>
    public async Task<Member> Add(string name)
    {
        using var platform = new Api(port, _operator!.Key);
        var id = (string)(await platform.Post("/organizations", new { name }))["organization_id"]!;
        return await KeyFor(id);
    }

    /// <summary>A key with limits that the bench will not meet; they are set, so the limiter counts.</summary>
    public async Task<Member> KeyFor(string organization) => new(organization, await tool.Run(
        "keys", "create", "--organization", organization, "--kind", "csb", "--role", "manager",
        "--per-minute", LimitMax, "--per-day", LimitMax));

    /// <summary>Running campaigns, each with the offers.</summary>
    public async Task<IReadOnlyList<string>> AddCampaigns(Member owner, int count, IReadOnlyList<string> offers)
    {
        using var api = new Api(port, owner.Key);
        var campaigns = new string[count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce },
            async (index, _) => campaigns[index] = await AddCampaign(api, owner, index, offers));
        return campaigns;
    }

    /// <summary>A running campaign.</summary>
    public static async Task<string> AddCampaign(Api api, Member owner, int index, IReadOnlyList<string> offers)
    {
        var made = await api.Post(
            $"/organizations/{owner.Id}/campaigns",
            new
            {
                name = string.Create(CultureInfo.InvariantCulture, $"Campaign {index + 1}"),
                pricing = "cpm",
                bid = "2.50",
                budget = Budget,
                daily_budget = DailyBudget,
                offers,
            });
        var campaign = (string)made["campaign_id"]!;
        await api.Post($"/campaigns/{campaign}/activate", new { });
        return campaign;
    }

    /// <summary>The same with no more than one offer, for organizations with many campaigns.</summary>
    public Task<IReadOnlyList<string>> AddCampaigns(Member owner, int count) =>
        AddCampaigns(owner, count, [_offers[0]]);

    public string AnyOffer => _offers[0];
}
