using Countinghouse.Access;
using Countinghouse.Http;
using Countinghouse.Primitives;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;

namespace Countinghouse.Payouts;

/// <summary>Something that keeps a retailer from being paid.</summary>
public sealed record PayoutBlockOut
{
    /// <summary>What it is.</summary>
    public required PayoutBlock Code { get; init; }

    /// <summary>The same for people.</summary>
    public required string Detail { get; init; }
}

/// <summary>Where a retailer's money stands, in USD, and when more of it is to be paid.</summary>
public sealed record PayoutOutlookOut
{
    /// <summary>The retailer.</summary>
    public required OrganizationId OrganizationId { get; init; }

    /// <summary>The retailer's part of all closed months.</summary>
    public required Cents TotalEarned { get; init; }

    /// <summary>What has been paid out of it.</summary>
    public required Cents TotalPaid { get; init; }

    /// <summary>total_earned less total_paid.</summary>
    public required Cents PendingBalance { get; init; }

    /// <summary>Of records that wait for the operator's approval.</summary>
    public required Cents WaitingForApproval { get; init; }

    /// <summary>Of approved records that are in no payout yet.</summary>
    public required Cents Approved { get; init; }

    /// <summary>Of disputed records.</summary>
    public required Cents Disputed { get; init; }

    /// <summary>Of payouts that are made, but not certain yet to have arrived.</summary>
    public required Cents InTransfer { get; init; }

    /// <summary>Smallest sum worth a transfer; less stays, and is netted next time.</summary>
    public required Cents Minimum { get; init; }

    /// <summary>
    /// The day, UTC, on which the operator means to pay next_payout_amount; null while something blocks it.
    /// </summary>
    public UtcDay? NextPayoutOn { get; init; }

    /// <summary>What a payout would come to as things stand: approved, or zero while something blocks it.</summary>
    public required Cents NextPayoutAmount { get; init; }

    /// <summary>What keeps approved records from being paid; empty when nothing does.</summary>
    public required IReadOnlyList<PayoutBlockOut> Blocks { get; init; }

    public static PayoutOutlookOut From(PayoutOutlook outlook, PayoutOptions options, UtcDay today)
    {
        var blocks = PayoutRules.Blocks(outlook.Payable, options.Minimum, outlook.IsStopped);
        return new PayoutOutlookOut
        {
            OrganizationId = outlook.Summary.OrganizationId,
            TotalEarned = outlook.Summary.TotalEarned,
            TotalPaid = outlook.Summary.TotalPaid,
            PendingBalance = outlook.Summary.PendingBalance,
            WaitingForApproval = outlook.Waiting,
            Approved = outlook.Payable.Sum,
            Disputed = outlook.Disputed,
            InTransfer = outlook.InTransfer,
            Minimum = options.Minimum,
            NextPayoutOn = blocks.Count == 0 ? PayoutRules.NextPayDay(today, options.PayDay) : null,
            NextPayoutAmount = blocks.Count == 0 ? outlook.Payable.Sum : default,
            Blocks =
            [
                .. blocks.Select(block => new PayoutBlockOut { Code = block, Detail = Detail(block, options.Minimum) }),
            ],
        };
    }

    private static string Detail(PayoutBlock block, Cents minimum) => block switch
    {
        PayoutBlock.OnHold => "Payouts are on hold for this retailer until the operator releases them.",
        PayoutBlock.NothingApproved => "No record is approved and waits for a payout.",
        PayoutBlock.BelowMinimum =>
            $"What is approved is less than {minimum} USD; it stays, and is paid together with what follows.",
        PayoutBlock.NoPayoutAccount => "Nobody has said where the money goes; the operator sets the payout account.",
        PayoutBlock.PayoutsStopped => "All payouts are stopped until the operator lets them go on.",
    };
}

/// <summary>Where a retailer's money stands, over HTTP.</summary>
public static class PayoutOutlookEndpoints
{
    public static IEndpointRouteBuilder MapPayoutOutlook(this IEndpointRouteBuilder routes)
    {
        routes.MapRead("/organizations/{organization_id}/payout-outlook", Read)
            .RequirePermission(Permission.ReadRevenueShare)
            .WithTags("Payouts")
            .Strict()
            .WithName("apps_advertising_api_payouts_read_outlook")
            .WithSummary("Read where a retailer's money stands")
            .WithDescription(
                "What is earned, paid and on its way, what the next payout would come to and on which day it is meant, "
                + "and what keeps it. People start payouts, so the day is a statement of intent.");
        return routes;
    }

    private static async Task<Ok<PayoutOutlookOut>> Read(
        HttpContext context,
        PayoutOutlookStore store,
        IOptions<PayoutOptions> options,
        TimeProvider clock,
        CancellationToken cancellation) => TypedResults.Ok(PayoutOutlookOut.From(
        await store.Find(context.Id<OrganizationId>("organization_id"), cancellation),
        options.Value,
        UtcDay.Of(clock.GetUtcNow())));
}
