using System.ComponentModel.DataAnnotations;
using Countinghouse.Primitives;

namespace Countinghouse.Campaigns;

/// <summary>A new campaign; it begins as a draft.</summary>
public sealed record NewCampaign
{
    /// <summary>Its name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public required string Name { get; init; }

    /// <summary>What is paid for: each click (cpc) or each thousand impressions (cpm).</summary>
    public required Pricing Pricing { get; init; }

    /// <summary>USD per click, or per thousand impressions (then a whole multiple of 0.001).</summary>
    public required Bid Bid { get; init; }

    /// <summary>Most it may ever spend, in USD.</summary>
    public required Money Budget { get; init; }

    /// <summary>Most it may spend on events received on one UTC day, in USD; null for no such limit.</summary>
    public Money? DailyBudget { get; init; }

    /// <summary>First UTC day on which it runs; today when left out.</summary>
    public UtcDay? StartDate { get; init; }

    /// <summary>Last UTC day on which it runs; null for no end.</summary>
    public UtcDay? EndDate { get; init; }

    /// <summary>The offers it promotes, of any retailer.</summary>
    [Length(0, OffersMax)]
    public IReadOnlyList<OfferId> Offers { get; init; } = [];

    /// <summary>Your own notes on it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Most offers one campaign may promote.</summary>
    public const int OffersMax = 10_000;
}

/// <summary>What may change of a campaign; what is left out stays. The budget grows by a top-up instead.</summary>
public sealed record CampaignPatch
{
    /// <summary>Its name, as people read it.</summary>
    [StringLength(200, MinimumLength = 1)]
    public string Name { get; init; } = "";

    /// <summary>The price of events from now on; the past keeps the price it had.</summary>
    public Bid Bid { get; init; }

    /// <summary>Most it may spend on events received on one UTC day, in USD; null for no such limit.</summary>
    public Money? DailyBudget { get; init; }

    /// <summary>First UTC day on which it runs.</summary>
    public UtcDay StartDate { get; init; }

    /// <summary>Last UTC day on which it runs; null for no end.</summary>
    public UtcDay? EndDate { get; init; }

    /// <summary>Merged into the stored notes; an empty value deletes its key, null or {} clears all.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}

/// <summary>The offers that a campaign is to promote from now on.</summary>
public sealed record CampaignOffers
{
    /// <summary>All of them; offers left out are no longer promoted.</summary>
    [Length(0, NewCampaign.OffersMax)]
    public required IReadOnlyList<OfferId> Offers { get; init; }
}

/// <summary>More budget for a campaign.</summary>
public sealed record TopUp
{
    /// <summary>USD to add to the budget.</summary>
    public required Money Amount { get; init; }
}
