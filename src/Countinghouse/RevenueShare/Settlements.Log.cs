using Countinghouse.Primitives;

namespace Countinghouse.RevenueShare;

public sealed partial class Settlements
{
    [LoggerMessage(
        EventId = 1501,
        Level = LogLevel.Error,
        Message = "{Period} was not closed: {Count} figures of {Advertiser} are not what its events come to; the "
            + "first: {Figure} of {Key} is {Stored}, expected {Expected}. \"countinghouse verify\" lists them.")]
    private partial void LogDoesNotAddUp(
        Period period,
        OrganizationId advertiser,
        int count,
        string key,
        string figure,
        string stored,
        string expected);

    [LoggerMessage(
        EventId = 1505,
        Level = LogLevel.Error,
        Message = "{Period} was not closed: the last verification found differences. Mend them, then verify again.")]
    private partial void LogNotClean(Period period);

    [LoggerMessage(
        EventId = 1502,
        Level = LogLevel.Information,
        Message = "{Period} is closed for {Organizations} organizations.")]
    private partial void LogClosed(Period period, int organizations);
}
