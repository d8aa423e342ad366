using System.CommandLine;
using Countinghouse.Adjustments;
using Countinghouse.Primitives;

namespace Countinghouse.Commands;

/// <summary>"adjustments event": gives back the whole charge of one event, once.</summary>
internal static class AdjustmentsEventCommand
{
    private static readonly Argument<CampaignId> Campaign = AdjustmentsCommand.CampaignArgument();

    private static readonly Argument<EventId> Event = WireArguments.Argument<EventId>(
        "EVENT_ID", "The event; one of the campaign's, and charged");

    private static readonly Option<string> Reason = AdjustmentsCommand.ReasonOption();

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "event",
            "Give back an event's charge: all of it, once.",
            """
            countinghouse adjustments event 7GZVjkX3nrxNEJtXGKsnwt 2Bs3kHqk8pJH4tFN9cFYA5 --reason "A test click"
            """)
        {
            Campaign, Event, Reason,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var wanted = new EventCredit
        {
            EventId = line.GetRequiredValue(Event),
            Reason = line.GetRequiredValue(Reason),
        };
        Refusals.Check(wanted, _ => null);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var campaign = line.GetRequiredValue(Campaign);
        var owner = await AdjustmentsCommand.OwnerOf(workplace, campaign, cancellation);
        var done = await workplace.GetRequiredService<AdjustmentStore>().CreditEvent(
            owner, campaign, wanted, AdjustmentsCommand.Actor, cancellation);
        return await AdjustmentsCommand.Show(done, AdjustmentKind.Event);
    }
}
