namespace Countinghouse.Telemetry;

public sealed partial class GaugeJob
{
    [LoggerMessage(
        EventId = 2201,
        Level = LogLevel.Warning,
        Message = "Figures for telemetry could not be read; they are left out until they can: {Reason}")]
    private partial void LogNotRead(string reason);
}
