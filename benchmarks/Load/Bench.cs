using System.Globalization;

namespace Countinghouse.Load;

/// <summary>A whole run: each engine from an empty database to the last row.</summary>
internal sealed class Bench(BenchOptions options)
{
    private const string ReadyPath = "/health/ready";

    private readonly BenchFigures _figures = new()
    {
        At = TimeProvider.System.GetUtcNow(),
        SecondsPerRow = options.Seconds,
        ScaleMillions = options.Scale,
    };

    private ServerProcess? _plaintext;

    /// <summary>True when every row added up.</summary>
    public async Task<bool> Run()
    {
        Table.Title(
            $"{Environment.ProcessorCount} processors, {options.Seconds} s a row, {Table.MachineLoad()} before");
        try
        {
            await Ceiling();
            foreach (var engine in options.Engines)
            {
                await using var store = await OpenStore(engine);
                await Measure(store);
                _figures.Write(options.Json);
            }
        }
        finally
        {
            if (_plaintext is not null)
            {
                await _plaintext.DisposeAsync();
            }
        }

        Console.WriteLine($"\n{Table.MachineLoad()} after. Written to {options.Json}");
        return _figures.AddUp;
    }

    /// <summary>Kestrel alone, which no engine changes.</summary>
    private async Task Ceiling()
    {
        if (!options.Wants("raw") && !options.Wants("reports"))
        {
            return;
        }

        var port = ServerProcess.FreePort();
        _plaintext = await ServerProcess.Start(
            options.Plaintext, port, "/plaintext", own => ["--urls", $"http://127.0.0.1:{own}"]);
        Table.Title($"Kestrel alone, process {_plaintext.Id}");
        var plain = await new ReportBench(options).Measure("GET plaintext", port, "/plaintext", null);
        _figures.Plaintext = plain;
        Table.Report(plain);
        if (options.Wants("raw"))
        {
            await RawBench.Drop(port, options, _figures);
            _figures.GeneratorNanosPerEvent = RawBench.GeneratorNanosPerEvent(IdForm.Dated);
            _figures.GeneratorNanosPerShortuuidEvent = RawBench.GeneratorNanosPerEvent(IdForm.DatedShort);
            Table.Note(
                $"the load generator itself: {_figures.GeneratorNanosPerEvent:0} ns an event, "
                + $"{_figures.GeneratorNanosPerShortuuidEvent:0} with shortuuids");
        }
    }

    private async Task<Store> OpenStore(string engine) => engine switch
    {
        "sqlite" => SqliteStore.Create(Path.Combine(options.Folder, "sqlite")),
        "citus" => await Distributed(await PostgresStore.Create(
            options.Citus ?? throw new BenchException("There is no Citus to measure on: name one with --citus."),
            Path.Combine(options.Folder, "citus"),
            isCluster: true)),
        _ => await PostgresStore.Create(
            options.Postgres ?? throw new BenchException("There is no PostgreSQL to measure on."),
            Path.Combine(options.Folder, "data"),
            isCluster: false),
    };

    private async Task<Store> Distributed(PostgresStore store)
    {
        await new CommandLineTool(options.Server, store).Run("distribute");
        return store;
    }

    private async Task Measure(Store store)
    {
        var figures = new EngineFigures { Engine = store.Name, Version = store.Version };
        _figures.Engines.Add(figures);
        if (options.Wants("reports"))
        {
            // The demo has months behind it; the bench itself cannot make any.
            await using var demo = await ServerProcess.Start(
                options.Server, ServerProcess.FreePort(), ReadyPath, port => Serve(store, port));
        }

        if (options.Only.Contains("console"))
        {
            await using var demo = await ServerProcess.Start(
                options.Server,
                ServerProcess.FreePort(),
                ReadyPath,
                port => [.. Serve(store, port), "--demo-scale", $"{ConsoleBench.DemoScale}"]);
            figures.Console.AddRange(await new ConsoleBench(demo.Port, store.Folder, options).Measure());
            Table.Pages(figures.Console);
        }

        await using var servers = new Servers(port => ServerProcess.Start(
            options.Server, port, ReadyPath, own => [.. Serve(store, own), "--no-demo"]));
        await servers.Have(1);
        Table.Title($"{store.Name} {store.Version}, server process {servers.First.Id}");
        figures.StartMilliseconds = servers.First.ReadyAfter.TotalMilliseconds;
        var cast = DemoCast.Read(store.Folder);
        var tool = new CommandLineTool(options.Server, store);
        var stage = new Stage(tool, servers.First.Port);
        await stage.Build(cast?.Operator);
        figures.IdleMemory = servers.Memory();
        if (options.Wants("raw"))
        {
            await RawBench.Store(store, options, figures);
        }

        var ingest = new IngestBench(store, servers, stage, options);
        figures.SizesBefore = await store.Sizes();
        if (options.Scale > 0)
        {
            await Fill(store, servers, ingest, figures);
        }

        if (options.Wants("ingest"))
        {
            await Ingest(store, ingest, figures);
        }

        if (options.Only.Contains("close"))
        {
            figures.Close = await new CloseBench(store, servers, stage, tool, options).Measure();
            Table.Close(figures.Close);
        }

        await servers.Have(1);
        figures.MemoryAfterIngest = servers.Memory();
        figures.Sizes = await store.Sizes();
        if (options.Wants("reports"))
        {
            await Reports(servers.First.Port, stage, cast!, figures);
        }

        if (options.Wants("access"))
        {
            figures.Access.AddRange(await new AccessBench(servers.First.Port, stage, options).Measure());
            Table.Access(figures.Access);
        }

        await Verify(tool, figures);
        Table.Resources(figures);
    }

    private static IEnumerable<string> Serve(Store store, int port) =>
        ["serve", "--urls", $"http://127.0.0.1:{port}", .. store.Arguments];

    /// <summary>Through the product's own path, then a restart: what it reads again is part of the price.</summary>
    private async Task Fill(Store store, Servers servers, IngestBench ingest, EngineFigures figures)
    {
        Table.IngestHead();
        var row = new IngestRow(Spread.TwoThousandPairs, 1000) { EventsMax = options.Scale * 1_000_000L };
        await Add(store, ingest, row, figures);
        await servers.KillAndRestart();
        figures.RestartMilliseconds = servers.First.ReadyAfter.TotalMilliseconds;
        figures.FirstEventMilliseconds = await ingest.FirstAnswer(servers.First.Port);
        Table.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"restart: ready after {figures.RestartMilliseconds:0} ms, the first event took "
            + $"{figures.FirstEventMilliseconds:0} ms more"));
    }

    private async Task Ingest(Store store, IngestBench ingest, EngineFigures figures)
    {
        await ingest.WarmUp();
        if (options.Wants("raw"))
        {
            foreach (var batch in RawBench.Batches)
            {
                figures.RejectedByBatch[batch] = await ingest.RejectedPerSecond(batch);
                Table.Raw(
                    new RawFigures(
                        $"this server rejects, batch {batch}", figures.RejectedByBatch[batch], null, null),
                    "events/s");
            }
        }

        Table.IngestHead();
        foreach (var row in IngestRow.Chosen(store is PostgresStore, options))
        {
            await Add(store, ingest, row, figures);
        }
    }

    private async Task Add(Store store, IngestBench ingest, IngestRow row, EngineFigures figures)
    {
        var measured = await ingest.Measure(row);
        measured.DropEventsPerSecond =
            _figures.DropByBatch.TryGetValue(row.Batch, out var dropped) ? dropped : null;
        measured.RejectedEventsPerSecond =
            figures.RejectedByBatch.TryGetValue(row.Batch, out var rejected) ? rejected : null;
        if (options.Wants("raw") && !row.Kills && measured.EventsPerCommit is { } commit)
        {
            measured.RawRowsPerSecond = await store.RawRowsPerSecond(
                Math.Max(1, (int)Math.Round(commit)), row.Ids != IdForm.Random, options.RawMeasured);
        }

        figures.Ingest.Add(measured);
        Table.Ingest(measured);
    }

    private async Task Reports(int port, Stage stage, DemoCast cast, EngineFigures figures)
    {
        var reports = new ReportStage(stage, port);
        await reports.Build(
            options.IsQuick ? [10, 1_000]
            : options.Scale > 0 ? [10, 1_000, 10_000, 100_000]
            : [10, 1_000, 10_000],
            seed: 7);
        var bench = new ReportBench(options);
        Table.ReportHead();
        foreach (var (campaigns, owner) in reports.Owners)
        {
            await Add($"campaign list, {campaigns} campaigns", $"/reporting/organizations/{owner.Id}/campaigns", owner);
        }

        var (size, middle) = reports.Owners[1];
        await Add($"performance, {size} campaigns", $"/reporting/organizations/{middle.Id}/performance", middle);
        await Add(
            "performance, the loaded advertiser",
            $"/reporting/organizations/{stage.Advertiser.Id}/performance",
            stage.Advertiser);
        var (retailer, records) = await reports.DemoRetailer(cast);
        await Add($"share list, {records} records", $"/revenue-share/{retailer.Id}", retailer);

        async Task Add(string row, string path, Member member)
        {
            var measured = await bench.Measure(row, port, Api.BasePath + path, member.Key);
            measured.OfPlaintext = measured.RequestsPerSecond / _figures.Plaintext!.RequestsPerSecond;
            figures.Reports.Add(measured);
            Table.Report(measured);
        }
    }

    /// <summary>The product's own check of everything, if this build has it.</summary>
    private static async Task Verify(CommandLineTool tool, EngineFigures figures)
    {
        if (!await tool.Has("verify"))
        {
            return;
        }

        var (code, output, error) = await tool.Try("verify");
        figures.Verify = code == 0 ? "ok" : $"{output}\n{error}";
        Table.Note(code == 0 ? "countinghouse verify: all adds up" : $"COUNTINGHOUSE VERIFY: {figures.Verify}");
    }
}
