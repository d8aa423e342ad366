using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts account": where a retailer's money goes.</summary>
internal static class AccountCommand
{
    private static readonly Argument<OrganizationId> Retailer = PayoutsLine.RetailerArgument();

    private static readonly Option<PayoutProviderEnum> Provider = WireArguments.Choice(
        "--provider",
        "Who moves the money",
        ("stripe", PayoutProviderEnum.Stripe),
        ("manual", PayoutProviderEnum.Manual));

    private static readonly Option<string> Destination = PayoutsLine.Text(
        "--destination", "D", "stripe: the connected account, acct_...; manual: what your bank has to know");

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "account",
            "Say where a retailer's money goes from now on. The provider is asked whether it can receive money. A "
                + "payout that was made before goes where it was to go.",
            """
            countinghouse payouts account CXvDk7dyZhWZ7U5u4E3S9F --provider stripe --destination acct_1P5xK2A
            countinghouse payouts account CXvDk7dyZhWZ7U5u4E3S9F --provider manual --destination "DE89 3704 0044"
            """)
        {
            Retailer, Provider, Destination,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        var wanted = new NewPayoutAccount
        {
            Provider = line.GetRequiredValue(Provider),
            Destination = line.GetRequiredValue(Destination),
        };
        Refusals.Check(wanted);
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var retailer = line.GetRequiredValue(Retailer);
        await Workplace.RequireOrganization(workplace, retailer, cancellation);
        var check = await workplace.GetRequiredService<PayoutDestinations>().Set(
            retailer, wanted, PayoutsLine.Actor, cancellation);
        if (PayoutRefusals.Of(check) is { } problem)
        {
            throw Refusals.Say(problem);
        }

        await HoldCommands.Show(workplace, retailer, cancellation);
        return 0;
    }
}
