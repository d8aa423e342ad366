using System.CommandLine;
using Countinghouse.Adjustments;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"adjustments days": gives back a part of some days' charges, offer by offer.</summary>
internal static class AdjustmentsDaysCommand
{
    private static readonly Argument<CampaignId> Campaign = AdjustmentsCommand.CampaignArgument();

    private static readonly Option<UtcDay> Start = WireArguments.Option<UtcDay>(
        "--start-date", "DAY", "First UTC day, for example 2026-08-01");

    private static readonly Option<UtcDay> End = WireArguments.Option<UtcDay>(
        "--end-date", "DAY", $"Last UTC day; at most {AdjustmentRefusals.DaysMax} days in all");

    private static readonly Option<FeeRate> Fraction = WireArguments.Option<FeeRate>(
        "--fraction", "PART", "The part of what was charged and not given back yet, for example 0.25; 1 is all of it");

    private static readonly Option<string> Reason = AdjustmentsCommand.ReasonOption();

    private static readonly Option<bool> DryRun = new("--dry-run")
    {
        Description = "Work out what it comes to, and write nothing",
    };

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "days",
            "Give back a part of some days' charges: of each day and offer, a part of what was charged and not given "
                + "back yet.",
            """
            countinghouse adjustments days 7GZVjkX3nrxNEJtXGKsnwt --start-date 2026-08-01 --end-date 2026-08-03 \
                --fraction 0.25 --reason "Shops were closed" --dry-run
            """)
        {
            Campaign, Start, End, Fraction, Reason, DryRun,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var wanted = new DaysCredit
        {
            StartDate = line.GetRequiredValue(Start),
            EndDate = line.GetRequiredValue(End),
            Fraction = line.GetRequiredValue(Fraction),
            Reason = line.GetRequiredValue(Reason),
            DryRun = line.GetValue(DryRun),
        };
        Refusals.Check(wanted, AdjustmentRefusals.Check);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var campaign = line.GetRequiredValue(Campaign);
        var owner = await AdjustmentsCommand.OwnerOf(workplace, campaign, cancellation);
        var done = await workplace.GetRequiredService<AdjustmentStore>().CreditDays(
            owner, campaign, wanted, AdjustmentsCommand.Actor, cancellation);
        return await AdjustmentsCommand.Show(done, AdjustmentKind.Days, wanted.DryRun);
    }
}
