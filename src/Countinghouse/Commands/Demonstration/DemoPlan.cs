using Countinghouse.Campaigns;

namespace Countinghouse.Commands.Demonstration;

/// <summary>What a demo campaign is and what becomes of it.</summary>
internal sealed record PlannedCampaign(
    string Name,
    Pricing Pricing,
    string Bid,
    string Budget,
    int ImpressionsPerDay,
    double ClickRate,
    int FirstDay = 0,
    int? LastDay = null,
    string? DailyBudget = null,
    CampaignAction? Then = null,
    int ThenOnDay = 0,
    bool StaysDraft = false);

/// <summary>The cast of the demo. Days count from its first; it is about <see cref="Days"/> long.</summary>
internal static class DemoPlan
{
    public const int Days = 150;

    public const string OperatorName = "Countinghouse Operator";
    public const string AdvertiserName = "Morning Glory Coffee";
    public const string RetailerName = "Harbor Street Markets";
    public const string SecondRetailerName = "Pinewood Pantry";
    public const string OutsiderName = "Unrelated Trading";

    /// <summary>Shops of the main retailer: the last three are closed for now.</summary>
    public static readonly IReadOnlyList<string> Shops =
    [
        "Harbor Street", "Old Mill", "Station Square", "Riverside", "University Gate", "Market Hall", "Northfield",
        "Lakeview", "Castle Hill", "Garden Quarter", "Docklands", "Online shop", "Elm Avenue", "Summer pavilion",
        "Depot 7",
    ];

    public const int ActiveShops = 12;

    public static readonly IReadOnlyList<string> SecondShops = ["Pinewood Centre", "Pinewood Online"];

    public static readonly IReadOnlyList<string> Products =
        ["Morning Glory Espresso 1 kg", "Morning Glory Decaf 500 g", "Cold Brew 6-pack"];

    public static readonly IReadOnlyList<PlannedCampaign> Campaigns =
    [
        new("Espresso all year", Pricing.Cpc, "0.45", "9000.00", 245, 0.021),
        new("Decaf for the evening", Pricing.Cpc, "0.38", "6000.00", 180, 0.018, DailyBudget: "1.90"),
        new("Cold brew summer", Pricing.Cpm, "6.50", "4000.00", 225, 0.012, LastDay: 100),
        new("Neighborhood awareness", Pricing.Cpm, "4.275", "8000.00", 315, 0.009),
        new("Weekend pantry", Pricing.Cpc, "0.52", "5000.00", 135, 0.024, FirstDay: 20),
        new("Students back", Pricing.Cpc, "0.335", "150.00", 195, 0.030, FirstDay: 30),
        new("Harbor Street opening", Pricing.Cpm, "8.00", "95.00", 165, 0.014, FirstDay: 10),
        new("Gift boxes", Pricing.Cpc, "0.61", "3000.00", 120, 0.017, Then: CampaignAction.Pause, ThenOnDay: 128),
        new("Retargeting test", Pricing.Cpm, "3.10", "2500.00", 150, 0.008, Then: CampaignAction.Pause, ThenOnDay: 110),
        new("Barista class", Pricing.Cpc, "0.75", "2000.00", 105, 0.020, Then: CampaignAction.Complete, ThenOnDay: 95),
        new("Spring rest", Pricing.Cpc, "0.29", "1800.00", 140, 0.019, Then: CampaignAction.Archive, ThenOnDay: 60),
        new("Old banner", Pricing.Cpm, "2.50", "1500.00", 125, 0.006, Then: CampaignAction.Archive, ThenOnDay: 45),
        new("Single origin launch", Pricing.Cpc, "0.48", "4500.00", 155, 0.022, FirstDay: 70),
        new("Winter blend", Pricing.Cpc, "0.50", "7000.00", 0, 0, StaysDraft: true),
        new("Office machines", Pricing.Cpm, "9.00", "6000.00", 0, 0, StaysDraft: true),
    ];
}
