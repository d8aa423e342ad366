namespace Countinghouse.Campaigns;

/// <summary>The words that columns hold for the enums. They reached disks: never change one.</summary>
public static class CampaignWords
{
    public static string Of(CampaignStatusEnum status) => status switch
    {
        CampaignStatusEnum.Draft => "draft",
        CampaignStatusEnum.Active => "active",
        CampaignStatusEnum.Paused => "paused",
        CampaignStatusEnum.Completed => "completed",
        CampaignStatusEnum.Archived => "archived",
    };

    public static string Of(CompletedReason reason) => reason switch
    {
        CompletedReason.BudgetExhausted => "budget_exhausted",
        CompletedReason.EndDate => "end_date",
        CompletedReason.Manual => "manual",
    };

    public static string Of(Pricing pricing) => pricing switch
    {
        Campaigns.Pricing.Cpc => "cpc",
        Campaigns.Pricing.Cpm => "cpm",
    };

    public static CampaignStatusEnum Status(string word) => word switch
    {
        "draft" => CampaignStatusEnum.Draft,
        "active" => CampaignStatusEnum.Active,
        "paused" => CampaignStatusEnum.Paused,
        "completed" => CampaignStatusEnum.Completed,
        "archived" => CampaignStatusEnum.Archived,
        _ => throw new InvalidDataException($"No campaign status: {word}"),
    };

    public static CompletedReason Reason(string word) => word switch
    {
        "budget_exhausted" => CompletedReason.BudgetExhausted,
        "end_date" => CompletedReason.EndDate,
        "manual" => CompletedReason.Manual,
        _ => throw new InvalidDataException($"No reason of completion: {word}"),
    };

    public static Pricing Pricing(string word) => word switch
    {
        "cpc" => Campaigns.Pricing.Cpc,
        "cpm" => Campaigns.Pricing.Cpm,
        _ => throw new InvalidDataException($"No pricing: {word}"),
    };
}
