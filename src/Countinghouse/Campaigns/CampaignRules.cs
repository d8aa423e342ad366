using Countinghouse.Http;
using Countinghouse.Primitives;

namespace Countinghouse.Campaigns;

/// <summary>What may be done to a campaign by hand.</summary>
public enum CampaignAction
{
    Activate = 1,
    Pause = 2,
    Complete = 3,
    Archive = 4,
}

public enum ActionOutcome
{
    Allowed = 1,
    WrongStatus = 2,
    EndDatePassed = 3,
    NoBudget = 4,
}

/// <summary>Pure decisions about campaigns: facts in, decision out.</summary>
public static class CampaignRules
{
    /// <summary>What one event of the kind that is paid for costs.</summary>
    public static Money EventPrice(Pricing pricing, Bid bid) => pricing switch
    {
        Pricing.Cpc => new Money(bid.Micros),
        Pricing.Cpm => new Money(bid.Micros / 1000),
    };

    /// <summary>A campaign is exhausted as soon as what remains is less than one price.</summary>
    public static bool IsExhausted(Money remaining, Money price) => remaining < price;

    /// <summary>An active campaign whose new terms leave less than one price is completed by them.</summary>
    public static Campaign CompleteIfExhausted(Campaign campaign, DateTimeOffset now) =>
        campaign.Status == CampaignStatusEnum.Active
        && IsExhausted(campaign.RemainingBudget, EventPrice(campaign.Pricing, campaign.Bid))
            ? campaign with
            {
                Status = CampaignStatusEnum.Completed,
                CompletedReason = CompletedReason.BudgetExhausted,
                CompletedAt = Instant.Of(now),
            }
            : campaign;

    public static ActionOutcome Decide(Campaign campaign, CampaignAction action, UtcDay today)
    {
        var wanted = AllowedFrom(action);
        if (!wanted.Contains(campaign.Status))
        {
            return ActionOutcome.WrongStatus;
        }

        if (action != CampaignAction.Activate)
        {
            return ActionOutcome.Allowed;
        }

        if (campaign.EndDate < today)
        {
            return ActionOutcome.EndDatePassed;
        }

        return IsExhausted(campaign.RemainingBudget, EventPrice(campaign.Pricing, campaign.Bid))
            ? ActionOutcome.NoBudget
            : ActionOutcome.Allowed;
    }

    /// <summary>The campaign after an action; null with the reason when it is not possible.</summary>
    public static (Campaign? Changed, ActionOutcome Outcome) Apply(
        Campaign campaign, CampaignAction action, DateTimeOffset now)
    {
        var outcome = Decide(campaign, action, UtcDay.Of(now));
        var completed = action == CampaignAction.Complete;
        var changed = campaign with
        {
            Status = After(action),
            CompletedReason = completed ? CompletedReason.Manual : null,
            CompletedAt = completed ? Instant.Of(now) : null,
        };
        return (outcome == ActionOutcome.Allowed ? changed : null, outcome);
    }

    /// <summary>The states an action is possible from.</summary>
    public static IReadOnlyList<CampaignStatusEnum> AllowedFrom(CampaignAction action) => action switch
    {
        CampaignAction.Activate =>
            [CampaignStatusEnum.Draft, CampaignStatusEnum.Paused, CampaignStatusEnum.Completed],
        CampaignAction.Pause => [CampaignStatusEnum.Active],
        CampaignAction.Complete => [CampaignStatusEnum.Active, CampaignStatusEnum.Paused],
        CampaignAction.Archive =>
            [CampaignStatusEnum.Draft, CampaignStatusEnum.Paused, CampaignStatusEnum.Completed],
    };

    public static CampaignStatusEnum After(CampaignAction action) => action switch
    {
        CampaignAction.Activate => CampaignStatusEnum.Active,
        CampaignAction.Pause => CampaignStatusEnum.Paused,
        CampaignAction.Complete => CampaignStatusEnum.Completed,
        CampaignAction.Archive => CampaignStatusEnum.Archived,
    };

    /// <summary>Everything wrong with terms as they would be after a write.</summary>
    public static IEnumerable<FieldError> Check(
        Pricing pricing, Bid bid, Money budget, Money? dailyBudget, UtcDay start, UtcDay? end)
    {
        if (bid.Micros <= 0)
        {
            yield return new FieldError("bid", "must be more than 0", "invalid");
        }
        else if (pricing == Pricing.Cpm && bid.Micros % 1000 != 0)
        {
            yield return new FieldError(
                "bid",
                "must be a whole multiple of 0.001 USD for cpm, so that one impression has an exact price",
                "invalid");
        }

        if (budget < Money.Zero)
        {
            yield return new FieldError("budget", "must not be negative", "invalid");
        }

        if (dailyBudget is { } daily && daily <= Money.Zero)
        {
            yield return new FieldError("daily_budget", "must be more than 0, or null for none", "invalid");
        }
        else if (dailyBudget is { } cap && bid.Micros > 0 && cap < EventPrice(pricing, bid))
        {
            yield return new FieldError("daily_budget", "must pay for at least one event", "invalid");
        }

        if (end < start)
        {
            yield return new FieldError("end_date", "must not be before start_date", "invalid");
        }
    }
}
