using System.CommandLine;
using Countinghouse.Payouts;
using Countinghouse.Primitives;

namespace Countinghouse.Commands.Paying;

/// <summary>"payouts hold" and "release": whether a retailer's payouts go on.</summary>
internal static class HoldCommands
{
    public static Command CreateHold()
    {
        var retailer = PayoutsLine.RetailerArgument();
        var reason = PayoutsLine.Text("--reason", "R", "Why, for whoever reads it later; the retailer reads it too");
        var command = new DocumentedCommand(
            "hold",
            "Put a retailer's payouts on hold: nothing more is sent; what was sent is still looked up.",
            """
            countinghouse payouts hold CXvDk7dyZhWZ7U5u4E3S9F --reason "The address is being looked into"
            """)
        {
            retailer, reason,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction((line, cancellation) =>
        {
            var text = line.GetRequiredValue(reason);
            Refusals.Check(new StatedReason { Reason = text });
            return Set(line, line.GetRequiredValue(retailer), text, cancellation);
        });
        return command;
    }

    public static Command CreateRelease()
    {
        var retailer = PayoutsLine.RetailerArgument();
        var command = new DocumentedCommand(
            "release",
            "Lift the hold on a retailer's payouts.",
            """
            countinghouse payouts release CXvDk7dyZhWZ7U5u4E3S9F
            """)
        {
            retailer,
        };
        DatabaseOptions.AddTo(command);
        command.SetAction((line, cancellation) => Set(line, line.GetRequiredValue(retailer), null, cancellation));
        return command;
    }

    /// <summary>A retailer's account as it is now.</summary>
    public static async Task Show(
        ServiceProvider workplace, OrganizationId retailer, CancellationToken cancellation)
    {
        var account = await workplace.GetRequiredService<PayoutAccountStore>().Find(retailer, cancellation);
        TextTable.Write(
            ["organization_id", "provider", "destination", "hold_reason"],
            [[retailer.ToString(), account.Provider ?? "", account.Destination, account.HoldReason ?? ""]]);
    }

    private static async Task<int> Set(
        ParseResult line, OrganizationId retailer, string? reason, CancellationToken cancellation)
    {
        await using var workplace = await Workplace.Open(DatabaseOptions.Read(line), cancellation);
        await Workplace.RequireOrganization(workplace, retailer, cancellation);
        await workplace.GetRequiredService<PayoutAccountStore>().SetHold(
            retailer, reason, PayoutsLine.Actor, PayoutsLine.Now(workplace), cancellation);
        await Show(workplace, retailer, cancellation);
        return 0;
    }
}
