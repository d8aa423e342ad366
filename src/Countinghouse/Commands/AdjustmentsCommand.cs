using System.CommandLine;
using System.Globalization;
using Countinghouse.Access;
using Countinghouse.Adjustments;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"adjustments": corrections of what a campaign was charged, by the API's own rules and words.</summary>
internal static class AdjustmentsCommand
{
    /// <summary>How the rows name these commands.</summary>
    public const string Actor = "command:adjustments";

    public static Command Create() => new DocumentedCommand(
        "adjustments",
        "Correct what a campaign was charged, and list what was corrected. The advertiser's spend falls and its budget "
            + "has as much more; the retailer's share of the month falls by its part, or, once that month is closed, "
            + "the share of the next open one.",
        """
        countinghouse adjustments list 7GZVjkX3nrxNEJtXGKsnwt
        countinghouse adjustments event 7GZVjkX3nrxNEJtXGKsnwt 2Bs3kHqk8pJH4tFN9cFYA5 --reason "A test click"
        """)
    {
        AdjustmentsListCommand.Create(),
        AdjustmentsEventCommand.Create(),
        AdjustmentsDaysCommand.Create(),
        AdjustmentsAmountCommand.Create(),
    };

    /// <summary>Each command has arguments of its own, so that each help stands alone.</summary>
    public static Argument<CampaignId> CampaignArgument() =>
        WireArguments.Argument<CampaignId>("CAMPAIGN_ID", "The campaign whose charges to correct");

    public static Option<string> ReasonOption() => new("--reason")
    {
        Description = "Why; advertiser and retailer read it",
        HelpName = "TEXT",
        Required = true,
    };

    public static async Task<OrganizationId> OwnerOf(
        ServiceProvider workplace, CampaignId campaign, CancellationToken cancellation) =>
        await workplace.GetRequiredService<OwnerStore>().OfCampaign(campaign, cancellation)
        ?? throw new CommandException($"There is no campaign {campaign} in this database.");

    /// <summary>Says what was done, or why it was not.</summary>
    public static async Task<int> Show(Adjusted done, AdjustmentKind kind, bool dryRun = false)
    {
        if (AdjustmentRefusals.Of(done.Outcome, kind) is { } problem)
        {
            throw Refusals.Say(problem);
        }

        await Console.Error.WriteLineAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"{done.Count:N0} {(done.Count == 1 ? "adjustment" : "adjustments")} of {done.Amount} USD in all ")
            + (dryRun ? "would be made; nothing was written." : done.Count == 1 ? "is made." : "are made."));
        TextTable.Write(
            ["count", "amount", "amount_micros"],
            [[
                done.Count.ToString(CultureInfo.InvariantCulture),
                done.Amount.ToString(),
                done.Amount.Micros.ToString(CultureInfo.InvariantCulture),
            ]]);
        return 0;
    }
}
