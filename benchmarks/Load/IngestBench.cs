using System.Diagnostics;
using System.Globalization;

namespace Countinghouse.Load;

/// <summary>The servers of one engine as they are now: a kill row replaces the first.</summary>
internal sealed class Servers(Func<int, Task<ServerProcess>> start) : IAsyncDisposable
{
    private readonly List<ServerProcess> _running = [];

    public ServerProcess First => _running[0];

    public ServerProcess Last => _running[^1];

    public IEnumerable<int> Ports => _running.Select(server => server.Port);

    public async Task Have(int count)
    {
        while (_running.Count < count)
        {
            _running.Add(await start(ServerProcess.FreePort()));
        }

        while (_running.Count > count)
        {
            await _running[^1].DisposeAsync();
            _running.RemoveAt(_running.Count - 1);
        }
    }

    /// <summary>Ends the first without a chance to finish, and starts another in its place.</summary>
    public async Task KillAndRestart()
    {
        var killed = _running[0];
        await killed.Kill();
        _running[0] = await start(killed.Port);
        await killed.DisposeAsync();
    }

    public long Memory() => _running.Sum(server => server.Memory());

    public TimeSpan ProcessorTime() =>
        _running.Aggregate(TimeSpan.Zero, (sum, server) => sum + server.ProcessorTime());

    /// <summary>What the servers have logged since this was last asked: at their level that is trouble.</summary>
    public IReadOnlyList<string> Complaints() => [.. _running.SelectMany(server => server.NewLines())];

    public async ValueTask DisposeAsync() => await Have(0);
}

/// <summary>Measures ingest rows on one engine, and holds each against the database.</summary>
internal sealed class IngestBench(Store store, Servers servers, Stage stage, BenchOptions options)
{
    private const int SentAgainMax = 50;

    private ulong _seed = (ulong)TimeProvider.System.GetUtcNow().Ticks;

    public async Task<IngestFigures> Measure(IngestRow row)
    {
        await servers.Have(row.Nodes);

        // A node that is new reads all ids since the last run before its first answer: told apart from the rate.
        var joining = row.Nodes > 1 ? await FirstAnswer(servers.Last.Port) : (double?)null;
        var plan = Plan(row);
        var before = await store.Totals();
        var memory = row.Kills ? null : new MemoryWatch(servers);
        var engineTime = await store.ProcessorSeconds();
        var (serverTime, ownTime) = (servers.ProcessorTime(), Own());
        var run = new LoadRun(plan);
        var running = run.Run();
        var restart = row.Kills ? await Kill(plan) : (TimeSpan?)null;
        var result = await running;
        (serverTime, ownTime) = (servers.ProcessorTime() - serverTime, Own() - ownTime);
        engineTime = await store.ProcessorSeconds() - engineTime;
        var resident = memory is null ? [] : await memory.Stop();
        var faults = new List<string>();
        var stored = await Check(row, run, result, before, faults);
        return Describe(row, plan, result, stored, faults) with
        {
            ServerMemory = resident,
            RestartMilliseconds = restart?.TotalMilliseconds,
            JoiningMilliseconds = joining,
            ServerProcessorMicrosPerEvent = row.Kills ? null : PerEvent(serverTime, result),
            EngineProcessorMicrosPerEvent = engineTime is { } engine
                ? PerEvent(TimeSpan.FromSeconds(engine), result)
                : null,
            LoadProcessorMicrosPerEvent = PerEvent(ownTime, result),
        };
    }

    /// <summary>
    /// Has the program compile itself for what follows: a server that has just started needs some ten seconds of load
    /// until its code is the optimized one, and the first rows would measure that.
    /// </summary>
    public async Task WarmUp()
    {
        foreach (var batch in new[] { 1, 100 })
        {
            var plan = Plan(new IngestRow(Spread.TwentyCampaigns, batch));
            await new LoadRun(plan with { WarmUp = TimeSpan.Zero, Measured = options.Settling }).Run();
        }
    }

    /// <summary>
    /// Events a second when their campaigns do not exist: the same server reads, checks and answers the same requests,
    /// and stores nothing.
    /// </summary>
    public async Task<double> RejectedPerSecond(int batch)
    {
        var plan = Plan(new IngestRow(Spread.TwentyCampaigns, batch));
        var result = await new LoadRun(plan with
        {
            Traffic = plan.Traffic with { Pairs = RawBench.Strangers },
            Measured = options.RawMeasured,
            IsRejected = true,
        }).Run();
        return result.EventsPerSecond;
    }

    /// <summary>How long a server that has just started takes for its first event.</summary>
    public async Task<double> FirstAnswer(int port)
    {
        var plan = Plan(new IngestRow(Spread.TwentyCampaigns, 1) { EventsMax = 1 });
        var begun = Stopwatch.GetTimestamp();
        await new LoadRun(plan with { Connections = 1, Ports = [port] }).Run();
        return Stopwatch.GetElapsedTime(begun).TotalMilliseconds;
    }

    /// <summary>A node that has just joined reads the last minute's events before its first flush.</summary>
    private static readonly TimeSpan SecondNodeWarmUp = TimeSpan.FromSeconds(15);

    private LoadPlan Plan(IngestRow row) => new()
    {
        Traffic = new Traffic(
            row.Spread switch
            {
                Spread.TwentyCampaigns => stage.Twenty,
                Spread.TwoThousandPairs => stage.Many,
                Spread.OneCampaign => stage.One,
            },
            row.Ids,
            stage.Advertiser.Key,
            Traffic.ImpressionsPath),
        Ports = [.. servers.Ports],
        Batch = row.Batch,
        Connections = row.Connections,
        WarmUp = servers.Ports.Count() > 1 ? SecondNodeWarmUp : options.WarmUp,
        Measured = row.EventsMax is null ? options.Measured : TimeSpan.FromHours(10),
        EventsMax = row.EventsMax ?? long.MaxValue,
        Seed = ++_seed,
        Rate = options.Rate,
    };

    private async Task<TimeSpan> Kill(LoadPlan plan)
    {
        await Task.Delay(plan.WarmUp + (plan.Measured / 2));
        await servers.KillAndRestart();
        return servers.First.ReadyAfter;
    }

    /// <summary>
    /// Every acknowledged event is stored once, is in the reports, and what it cost is what budgets have lost.
    /// </summary>
    private async Task<Totals> Check(
        IngestRow row, LoadRun run, LoadResult result, Totals before, List<string> faults)
    {
        var stored = await store.Totals() - before;
        Same("fresh events acknowledged", result.Fresh, "stored", stored.Events);
        if (!row.Kills)
        {
            Same("accepted in answers", result.Accepted, "stored", stored.Events);
            Same("events sent twice", result.Resent, "duplicates in answers", result.Duplicates);
        }

        Same("charged in batches", stored.ChargeMicros, "spent in budgets", stored.SpentMicros);
        if (stored.Valid > result.Fresh - result.FreshBots)
        {
            faults.Add($"{stored.Valid} valid events, though {result.FreshBots} of {result.Fresh} were bots'");
        }

        var (hourly, totals) = await store.Reported();
        Same("stored in all", before.Events + stored.Events, "in hourly rollups", hourly);
        Same("stored in all", before.Events + stored.Events, "in campaign totals", totals);
        var again = await run.SendAgain(SentAgainMax);
        Same("sent again afterwards", again.Sent, "duplicates in answers", again.Duplicates);
        faults.AddRange(servers.Complaints().Take(3).Select(line => "the server says: " + line));
        return stored;

        void Same(string what, long one, string other, long another)
        {
            if (one != another)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{what} {one}, {other} {another}"));
            }
        }
    }

    private static IngestFigures Describe(
        IngestRow row, LoadPlan plan, LoadResult result, Totals stored, List<string> faults) => new()
        {
            Row = row.Name,
            Batch = row.Batch,
            Connections = plan.Connections,
            EventsPerSecond = faults.Count > 0 ? null : result.EventsPerSecond,
            RequestsPerSecond = faults.Count > 0 ? null : result.RequestsPerSecond,
            P50Milliseconds = faults.Count > 0 ? null : result.Latency.Milliseconds(500),
            P99Milliseconds = faults.Count > 0 ? null : result.Latency.Milliseconds(990),
            EventsPerCommit = stored.Batches > 0 ? (double)stored.Events / stored.Batches : null,
            Accepted = result.Accepted,
            Duplicates = result.Duplicates,
            Stored = stored.Events,
            Charged = stored.ChargeMicros / RawRows.PriceMicros,
            Busy = result.Busy,
            LostConnections = result.Lost,
            Faults = faults,
        };

    private static double? PerEvent(TimeSpan time, LoadResult result) =>
        result.Fresh > 0 ? time.TotalMicroseconds / result.Fresh : null;

    private static TimeSpan Own()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }
}

/// <summary>Notes the most memory that the servers had at a time.</summary>
internal sealed class MemoryWatch
{
    private const int Parts = 10;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly Servers _servers;
    private readonly Task<List<long>> _watching;
    private volatile bool _isOver;

    public MemoryWatch(Servers servers)
    {
        _servers = servers;
        _watching = Watch();
    }

    /// <summary>The most in each tenth of the time, in bytes.</summary>
    public async Task<IReadOnlyList<long>> Stop()
    {
        _isOver = true;
        var samples = await _watching;
        return [.. samples.Chunk(Math.Max(1, (samples.Count + Parts - 1) / Parts)).Select(part => part.Max())];
    }

    private async Task<List<long>> Watch()
    {
        List<long> samples = [_servers.Memory()];
        while (!_isOver)
        {
            await Task.Delay(Pause);
            samples.Add(_servers.Memory());
        }

        return samples;
    }
}
