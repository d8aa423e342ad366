using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts list": every payout, the latest first.</summary>
internal static class ListCommand
{
    private static readonly Option<OrganizationId?> Organization = WireArguments.Optional<OrganizationId>(
        "--organization", "ID", "Only this retailer's");

    private static readonly Option<PayoutState> State = WireArguments.OptionalChoice(
        "--state",
        "Only payouts in this state",
        [.. Enum.GetValues<PayoutState>().Select(state => (PayoutWords.Of(state), state))]);

    public static Command Create()
    {
        var command = new DocumentedCommand(
            "list",
            "List payouts, the latest first. Piped, the table is tab-separated text.",
            """
            countinghouse payouts list
            countinghouse payouts list --organization CXvDk7dyZhWZ7U5u4E3S9F --state SUCCEEDED
            countinghouse payouts list --state UNKNOWN | cut -f 1
            """)
        {
            Organization, State,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction(Run);
        return command;
    }

    private static async Task<int> Run(ParseResult line, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        var only = line.GetValue(Organization);
        if (only is { } retailer)
        {
            await Workplace.RequireOrganization(workplace, retailer, cancellation);
        }

        var state = line.GetValue(State);
        var reader = workplace.GetRequiredService<PayoutReader>();
        var payouts = await PayoutsLine.All(
            page => reader.List(new PayoutFilter(only, state == default ? null : state), page, cancellation));
        TextTable.Write(PayoutsLine.Columns, payouts.Select(PayoutsLine.Row));
        return 0;
    }
}
