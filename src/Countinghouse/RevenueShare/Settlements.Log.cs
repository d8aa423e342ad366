using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

public sealed partial class Settlements
{
    [LoggerMessage(
        EventId = 1501,
        Level = LogLevel.Error,
        Message = "{Period} was not closed: the reports of {Advertiser} do not equal its events. "
            + "Events {Counted}, in reports {Reported}; charged {ChargedMicros} micros, in reports {ReportedMicros}.")]
    private partial void LogDoesNotAddUp(
        Period period, OrganizationId advertiser, long counted, long reported, long chargedMicros, long reportedMicros);

    [LoggerMessage(
        EventId = 1502,
        Level = LogLevel.Information,
        Message = "{Period} is closed for {Organizations} organizations.")]
    private partial void LogClosed(Period period, int organizations);
}
