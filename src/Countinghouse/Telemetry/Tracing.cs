using System.Diagnostics;

namespace Countinghouse.Telemetry;

/// <summary>Where the program's own spans come from. Without a collector none is made.</summary>
public static class Tracing
{
    public const string SourceName = "Countinghouse";

    public static ActivitySource Source { get; } = new(SourceName);
}
