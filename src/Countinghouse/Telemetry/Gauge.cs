using System.Data.Common;

namespace Countinghouse.Telemetry;

/// <summary>A figure of the whole system as it is now. Its tag is one of a few words, never an id.</summary>
/// <param name="Name">By OpenTelemetry's conventions: countinghouse.thing.</param>
/// <param name="Unit">As those have it: s, {event}.</param>
/// <param name="Description">What it says.</param>
/// <param name="Value">The figure.</param>
/// <param name="Tag">Name of its tag; empty: it has none.</param>
/// <param name="TagValue">Value of the tag.</param>
public readonly record struct Gauge(
    string Name, string Unit, string Description, long Value, string Tag = "", string TagValue = "");

/// <summary>
/// Reads figures that are in the database, by cheap queries; of slices that have some. Asked every few seconds, and
/// only while somebody collects.
/// </summary>
public delegate Task<IReadOnlyList<Gauge>> GaugeSource(DbConnection connection, CancellationToken cancellation);
