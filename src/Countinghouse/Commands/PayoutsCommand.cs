using System.CommandLine;
using Countinghouse.Commands.Paying;

namespace Countinghouse.Commands;

/// <summary>"payouts": what the operator does about payouts, by the API's own rules and words.</summary>
internal static class PayoutsCommand
{
    public static Command Create() => new DocumentedCommand(
        "payouts",
        "Pay retailers what was approved, and see what became of it. A preview says who would be paid; a second "
            + "person confirms it; a serving node sends it. What is done here is noted as done by the operating "
            + "system's user.",
        """
        countinghouse payouts preview
        countinghouse payouts confirm 3gNc2sFgK7e4kTJw9XqHbY --fingerprint 5f70bf18a08660b6...
        countinghouse payouts list --state UNKNOWN
        countinghouse payouts show 6mVw1cKQ8ZsHfD2pTn4rXe
        """)
    {
        PreviewCommand.Create(),
        PlanCommand.Create(),
        ConfirmCommand.Create(),
        CancelCommand.Create(),
        ListCommand.Create(),
        ShowCommand.Create(),
        BankFileCommand.Create(),
        DecisionCommands.CreatePaid(),
        DecisionCommands.CreateFailed(),
        DecisionCommands.CreateRetry(),
        AccountCommand.Create(),
        HoldCommands.CreateHold(),
        HoldCommands.CreateRelease(),
        StopCommands.CreateStop(),
        StopCommands.CreateResume(),
        ReconcileCommand.Create(),
        DifferencesCommand.Create(),
    };
}
