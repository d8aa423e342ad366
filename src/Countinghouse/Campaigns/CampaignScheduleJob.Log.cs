namespace Countinghouse.Campaigns;

public sealed partial class CampaignScheduleJob
{
    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning, Message = "Ended campaigns wait a minute more: {Reason}")]
    private partial void LogPostponed(string reason);
}
