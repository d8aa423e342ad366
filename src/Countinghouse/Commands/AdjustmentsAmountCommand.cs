using System.CommandLine;
using Countinghouse.Adjustments;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"adjustments amount": gives back an amount that somebody decided on, or takes it back.</summary>
internal static class AdjustmentsAmountCommand
{
    private static readonly Argument<CampaignId> Campaign = AdjustmentsCommand.CampaignArgument();

    private static readonly Option<Money> Amount = WireArguments.Option<Money>(
        "--amount", "USD", "-5.00 gives five dollars back, 5.00 takes as much of earlier credits back");

    private static readonly Option<UtcDay> Date = WireArguments.Option<UtcDay>(
        "--date", "DAY", "The UTC day whose charges it is about, for example 2026-08-15");

    private static readonly Option<LocationId?> Location = WireArguments.Optional<LocationId>(
        "--location", "ID", "The location at which they arose; without it, events without an offer");

    private static readonly Option<string> Reason = AdjustmentsCommand.ReasonOption();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "amount",
            "Give back an amount, or take it back: never more than was charged at the location in that month, and "
                + "never more taken back than was given.",
            """
            countinghouse adjustments amount 7GZVjkX3nrxNEJtXGKsnwt --amount -5.00 --date 2026-08-15 --reason "Goodwill"
            countinghouse adjustments amount 7GZVjkX3nrxNEJtXGKsnwt --amount 5.00 --date 2026-08-15 \
                --location 4Vz5c9pAbFvcTTdgSZzR4G --reason "Given by mistake"
            """)
        {
            Campaign, Amount, Date, Location, Reason,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var wanted = new AmountCorrection
        {
            Amount = line.GetRequiredValue(Amount),
            Date = line.GetRequiredValue(Date),
            LocationId = line.GetValue(Location),
            Reason = line.GetRequiredValue(Reason),
        };
        Refusals.Check(wanted, AdjustmentRefusals.Check);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var campaign = line.GetRequiredValue(Campaign);
        var owner = await AdjustmentsCommand.OwnerOf(workplace, campaign, cancellation);
        var done = await workplace.GetRequiredService<AdjustmentStore>().Correct(
            owner, campaign, wanted, AdjustmentsCommand.Actor, cancellation);
        return await AdjustmentsCommand.Show(done, AdjustmentKind.Amount);
    }
}
