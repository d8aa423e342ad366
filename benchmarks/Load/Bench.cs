namespace Countinghouse.Load;

/// <summary>A whole run: each engine from an empty database to the last row.</summary>
internal sealed class Bench(BenchOptions options)
{
    private readonly BenchFigures _figures = new()
    {
        At = TimeProvider.System.GetUtcNow(),
        SecondsPerRow = options.Seconds,
    };

    /// <summary>True when every row added up.</summary>
    public async Task<bool> Run()
    {
        foreach (var engine in options.Engines)
        {
            await using var store = await OpenStore(engine);
            await Measure(store);
            _figures.Write(options.Json);
        }

        Console.WriteLine($"\nWritten to {options.Json}");
        return _figures.AddUp;
    }

    private async Task<Store> OpenStore(string engine) => engine == "sqlite"
        ? await SqliteStore.Create(Path.Combine(options.Folder, "sqlite"))
        : await PostgresStore.Create(
            options.Postgres ?? throw new BenchException("There is no PostgreSQL to measure on."));

    private async Task Measure(Store store)
    {
        var figures = new EngineFigures { Engine = store.Name, Version = store.Version };
        _figures.Engines.Add(figures);
        await using var servers = new Servers(port => ServerProcess.Start(
            options.Server,
            port,
            "/health/ready",
            ["serve", "--no-demo", "--urls", $"http://127.0.0.1:{port}", .. store.Arguments]));
        await servers.Have(1);
        figures.StartMilliseconds = servers.First.ReadyAfter.TotalMilliseconds;
        Table.Title($"{store.Name} {store.Version}, server process {servers.First.Id}");
        var tool = new CommandLineTool(options.Server, store);
        var stage = new Stage(tool, servers.First.Port);
        await stage.Build();
        figures.IdleMemory = servers.Memory();
        if (options.Wants("ingest"))
        {
            await Ingest(store, servers, stage, figures);
        }
    }

    private async Task Ingest(Store store, Servers servers, Stage stage, EngineFigures figures)
    {
        var bench = new IngestBench(store, servers, stage, options);
        figures.SizesBefore = await store.Sizes();
        Table.IngestHead();
        foreach (var row in IngestRow.Chosen(store is PostgresStore, options))
        {
            var measured = await bench.Measure(row);
            figures.Ingest.Add(measured);
            Table.Ingest(measured);
        }

        figures.MemoryAfterIngest = servers.Memory();
        figures.Sizes = await store.Sizes();
    }
}
