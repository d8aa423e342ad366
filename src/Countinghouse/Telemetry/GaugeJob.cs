using System.Collections.Concurrent;
using System.Data.Common;
using System.Diagnostics.Metrics;
using Countinghouse.Storage;

namespace Countinghouse.Telemetry;

/// <summary>
/// Keeps the figures of the database ready for whoever collects: read every few seconds, not for each scrape. Only
/// runs when telemetry is configured.
/// </summary>
public sealed partial class GaugeJob(
    Database database, IEnumerable<GaugeSource> sources, TimeProvider clock, ILogger<GaugeJob> log)
    : BackgroundService
{
    public const string MeterName = "Countinghouse.Figures";

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<string, IReadOnlyList<Measurement<long>>> _figures = new();

    /// <summary>Reads all figures now.</summary>
    public async Task Read(CancellationToken cancellation)
    {
        var gauges = new List<Gauge>();
        foreach (var source in sources)
        {
            gauges.AddRange(await database.Read(connection => source(connection, cancellation), cancellation));
        }

        foreach (var name in gauges.GroupBy(gauge => gauge.Name))
        {
            IReadOnlyList<Measurement<long>> measured =
            [
                .. name.Select(gauge => gauge.Tag.Length == 0
                    ? new Measurement<long>(gauge.Value)
                    : new Measurement<long>(
                        gauge.Value, new KeyValuePair<string, object?>(gauge.Tag, gauge.TagValue))),
            ];
            if (!_figures.ContainsKey(name.Key))
            {
                var (unit, description) = (name.First().Unit, name.First().Description);
                _figures[name.Key] = measured;
                _meter.CreateObservableGauge(name.Key, () => _figures[name.Key], unit, description);
            }

            _figures[name.Key] = measured;
        }
    }

    public override void Dispose()
    {
        _meter.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await Read(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (DbException error)
            {
                // Old figures would say that all is well.
                foreach (var name in _figures.Keys)
                {
                    _figures[name] = [];
                }

                LogNotRead(error.Message);
            }

            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
