using Countinghouse.Primitives;

namespace Countinghouse.Payouts;

public sealed partial class PayoutWorker
{
    [LoggerMessage(
        EventId = 1701,
        Level = LogLevel.Critical,
        Message = "All payouts are stopped: {Reason}. Settle it with the provider, then let them go on.")]
    private partial void LogAlarm(string reason);

    [LoggerMessage(
        EventId = 1702,
        Level = LogLevel.Warning,
        Message = "The provider refused payout {Payout} for good ({Code}); its records wait for another run.")]
    private partial void LogFailed(PayoutId payout, string code);
}
