using System.CommandLine;
using System.Runtime.InteropServices;
using Countinghouse.Load;

Option<string> server = new("--server") { Required = true, Description = "The product's countinghouse.dll" };
Option<string> plaintext = new("--plaintext") { Required = true, Description = "plaintext.dll beside it" };
Option<string> folder = new("--folder") { Required = true, Description = "Where files may be made" };
Option<string> json = new("--json") { Required = true, Description = "The file of the figures" };
Option<string?> postgres = new("--postgres") { Description = "A PostgreSQL server to make a database on" };
Option<string?> citus = new("--citus") { Description = "The coordinator of a Citus cluster, another engine" };
Option<string[]> engine = new("--engine") { Description = "sqlite, postgres or citus; all there are without it" };
Option<string[]> only = new("--only") { Description = "Groups of rows: ingest, raw, reports, access, close, console" };
Option<string> rows = new("--rows") { Description = "Ingest rows with this in their name" };
Option<double?> seconds = new("--seconds") { Description = "How long each row is measured" };
Option<int> rate = new("--rate") { Description = "Most events a second of an ingest row; without it, as it goes" };
Option<int> scale = new("--scale") { Description = "Millions of events to fill each database with first" };
Option<bool> quick = new("--quick") { Description = "Fewer and shorter rows: about a minute" };
engine.AcceptOnlyFromAmong("sqlite", "postgres", "citus");
only.AcceptOnlyFromAmong("ingest", "raw", "reports", "access", "close", "console");
var command = new RootCommand("Measures Countinghouse; ./bench starts it.")
{
    server, plaintext, folder, json, postgres, citus, engine, only, rows, seconds, rate, scale, quick,
};
command.SetAction(async line =>
{
    var isQuick = line.GetValue(quick);
    var options = new BenchOptions
    {
        Server = line.GetRequiredValue(server),
        Plaintext = line.GetRequiredValue(plaintext),
        Folder = line.GetRequiredValue(folder),
        Postgres = line.GetValue(postgres),
        Citus = line.GetValue(citus),
        Engines = line.GetValue(engine) is { Length: > 0 } chosen ? chosen
            : line.GetValue(citus) is null ? ["postgres", "sqlite"]
            : ["postgres", "sqlite", "citus"],
        Only = line.GetValue(only) ?? [],
        Rows = line.GetValue(rows) ?? "",
        Seconds = line.GetValue(seconds) ?? (isQuick ? 1.5 : 4),
        WarmUpSeconds = isQuick ? 0.5 : 1,
        Rate = line.GetValue(rate),
        Scale = line.GetValue(scale),
        IsQuick = isQuick,
        Json = line.GetRequiredValue(json),
    };
    try
    {
        return await new Bench(options).Run() ? 0 : 1;
    }
    catch (BenchException error)
    {
        await Console.Error.WriteLineAsync($"bench: {error.Message}");
        return 1;
    }
});

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, End);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, End);
return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });

// Its servers would outlive it otherwise.
static void End(PosixSignalContext signal)
{
    ServerProcess.EndAll();
    Environment.Exit(130);
}
