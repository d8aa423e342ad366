using System.Globalization;
using System.Text.Json.Nodes;

namespace Countinghouse.Load;

/// <summary>Organizations with few and with many campaigns, all of which have had events, for the reports.</summary>
internal sealed class ReportStage(Stage stage, int port)
{
    private const int EventsPerCampaign = 3;

    private readonly List<(int Campaigns, Member Owner)> _owners = [];

    public IReadOnlyList<(int Campaigns, Member Owner)> Owners => _owners;

    public async Task Build(IReadOnlyList<int> sizes, ulong seed)
    {
        foreach (var size in sizes)
        {
            var owner = await stage.Add(string.Create(CultureInfo.InvariantCulture, $"Advertiser of {size}"));
            var campaigns = await stage.AddCampaigns(owner, size);
            await new LoadRun(new LoadPlan
            {
                Traffic = new Traffic(
                    [.. campaigns.Select(campaign => (campaign, stage.AnyOffer))],
                    IdForm.Dated,
                    owner.Key,
                    Traffic.ImpressionsPath),
                Ports = [port],
                Batch = 10,
                Connections = 1,
                WarmUp = TimeSpan.Zero,
                Measured = TimeSpan.FromMinutes(2),
                EventsMax = size * EventsPerCampaign,
                Seed = seed + (ulong)size,
            }).Run();
            _owners.Add((size, owner));
        }
    }

    /// <summary>
    /// The retailer of the demo: it has records of months that were closed, which nobody else can have on the day of
    /// its first event.
    /// </summary>
    public async Task<(Member Retailer, int Records)> DemoRetailer(DemoCast cast)
    {
        var retailer = await stage.KeyFor(cast.Retailer);
        using var api = new Api(port, retailer.Key);
        var shares = await api.Get($"/revenue-share/{retailer.Id}");
        return (retailer, (int)shares["pagination"]!["total_count"]!);
    }
}

/// <summary>Who is in the demo, from the file that the server writes.</summary>
internal sealed record DemoCast(string Operator, string Retailer)
{
    public static DemoCast? Read(string folder)
    {
        var file = Path.Combine(folder, "demo.json");
        if (!File.Exists(file))
        {
            return null;
        }

        var demo = JsonNode.Parse(File.ReadAllText(file))!;
        return new DemoCast(
            (string)demo["operator"]!["organization_id"]!, (string)demo["retailer"]!["organization_id"]!);
    }
}
