using Countinghouse.Primitives;

namespace Countinghouse.Ingest;

public sealed partial class Verifications
{
    [LoggerMessage(
        EventId = 1604,
        Level = LogLevel.Critical,
        Message = "{Count} figures are not what the events come to; no month is closed until that is mended. "
            + "The first: in {Table}, {Key} of {Organization}, {Figure} is {Stored}, expected {Expected}.")]
    private partial void LogDifferent(
        long count,
        string table,
        string key,
        OrganizationId organization,
        string figure,
        string stored,
        string expected);

    [LoggerMessage(EventId = 1605, Level = LogLevel.Error, Message = "A verification could not be finished: {Reason}")]
    private partial void LogFailed(string reason);
}
