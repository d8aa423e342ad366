namespace Countinghouse.Commands.Demonstration;

/// <summary>A clock that is set, so that months pass in seconds and the product sees nothing unusual.</summary>
internal sealed class DemoClock(DateTimeOffset start) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = start;

    public override DateTimeOffset GetUtcNow() => Now;
}
